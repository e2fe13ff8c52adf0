"""The error boundary: every command line ends in a documented code, every fault in one line."""

from __future__ import annotations

import errno
import io
import sys
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner import __version__, cli, preparation
from unified_test_runner.cli import COMMANDS, main, split_at_dashes
from unified_test_runner.errors import CatalogueError, RunDirectoryError, ServiceError, UtrError
from unified_test_runner.exitcodes import ExitCode

SYNONYMS = {
    "--list-tests": "unified-test-runner list",
    "--dry-run": "unified-test-runner plan",
    "--test-file": "give the path as an argument",
    "--filter": "use --test-pattern or -k",
    "--level": "use --category",
    "--reruns": "use --retries",
    "--count": "use --repeat",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("VIRTUAL_ENV", "UTR_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_a(): pass\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def raises(monkeypatch):
    """Makes `list` fail with an error while it prepares its plan."""

    def fail_with(error: BaseException) -> None:
        def fail(*_) -> None:
            raise error

        monkeypatch.setattr(preparation, "find_root", fail)

    return fail_with


@given(st.lists(st.sampled_from(["--", "-x", "a", ""]), max_size=6))
def test_what_follows_the_first_dashes_is_pytests(argv):
    ours, pytests = split_at_dashes(argv)
    assert "--" not in ours
    assert [*ours, *(["--"] if "--" in argv else []), *pytests] == argv


@pytest.mark.parametrize("argv", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_is_no_error(argv, capsys):
    assert main(argv) is ExitCode.OK
    out, err = capsys.readouterr()
    assert out.startswith("Usage: unified-test-runner")
    assert err == ""


@pytest.mark.parametrize("synonym", SYNONYMS)
def test_help_does_not_list_what_is_only_answered(synonym, capsys):
    main(["--help"])
    assert synonym not in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert main(["--version"]) is ExitCode.OK
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["run"], ["list"], ["plan"]], ids=str)
@pytest.mark.parametrize("value", [[], ["x"], ["--real-services"], ["--", "-q"]], ids=str)
@pytest.mark.parametrize("synonym", SYNONYMS)
def test_r37_what_people_reach_for_is_answered_with_the_right_name(
    synonym, command, value, project, capsys
):
    assert main([*command, synonym, *value]) is ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: there is no {synonym}; ")
    assert SYNONYMS[synonym] in err
    assert err.count("\n") == 1


def test_r37_a_synonym_with_its_value_attached_is_answered_too(project, capsys):
    assert main(["--filter=user"]) is ExitCode.USAGE
    assert "use --test-pattern or -k" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--workrs", "2"], 4, "--workrs"),
        (["-n", "0"], 4, "neither 'auto' nor a number"),
        (["-n", "many"], 4, "neither 'auto' nor a number"),
        (["--maxfail", "0"], 4, "0"),
        (["--services", "magic"], 4, "magic"),
        (["--format"], 4, "--format"),
        (["list", "--suite", "absent"], 4, "absent"),
        (["list", "--test-pattern", "zzz*"], 5, "zzz*"),
        (["list", "--catalogue", "absent.yaml"], 4, "absent.yaml"),
        (["list", "absent/test_b.py"], 4, "absent/test_b.py"),
        (["replay", "absent"], 4, "absent"),
        (["replay", "tests", "--", "-q"], 4, "nothing can follow --"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_fault_is_one_line_with_its_code(argv, code, words, project, capsys):
    assert main(argv) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert words in err
    assert err.count("\n") == 1


def test_r26_outside_of_a_project_the_hint_says_what_one_is(project, capsys, monkeypatch):
    (project / "pyproject.toml").unlink()
    assert main(["list"]) is ExitCode.USAGE
    assert "pyproject.toml" in capsys.readouterr().err


def test_r27_all_faults_of_a_catalogue_are_told_a_line_each(project, capsys):
    text = "version: 1\nsuites:\n  a: {pths: [tests]}\n  b: {paths: [gone]}\n"
    (project / "catalogue.yaml").write_text(text)
    assert main(["list", "--catalogue", "catalogue.yaml"]) is ExitCode.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("error: catalogue.yaml:") for line in lines)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CatalogueError(["a.yaml:1:1: one", "a.yaml:2:1: two"]), 4),
        (ServiceError("db", "is gone", hint="start it"), 10),
        (RunDirectoryError("no room"), 3),
        (UtrError("unclear"), 3),
    ],
)
def test_errors_raised_on_purpose_show_a_line_a_fault_and_no_traceback(error, code, raises, capsys):
    raises(error)
    assert main(["list"]) == code
    err = capsys.readouterr().err.splitlines()
    assert err == [f"error: {line}" for line in str(error).split("\n")]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), OSError(errno.ENOSPC, "full")])
def test_a_fault_of_the_runner_itself_never_passes_for_a_failed_test(
    error, raises, capsys, monkeypatch, tmp_path
):
    raises(error)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["list"]) is ExitCode.INTERNAL
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: internal error: {type(error).__name__}: ")
    (log,) = tmp_path.glob("unified-test-runner-*.log")
    assert "Traceback" in log.read_text()
    assert str(log) in line


def test_a_fault_is_told_even_where_its_traceback_cannot_be_kept(
    project, raises, capsys, monkeypatch, tmp_path
):
    raises(ZeroDivisionError("oh"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    assert main(["list"]) is ExitCode.INTERNAL
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "error: internal error: ZeroDivisionError: oh"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), BrokenPipeError(errno.EPIPE, "gone"), EOFError()]
)
def test_an_interruption_is_told_by_its_code(error, project, raises, monkeypatch):
    # click replaces the standard streams after a broken pipe.
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    raises(error)
    assert main(["list"]) is ExitCode.INTERRUPTED
    assert "Traceback" not in str(getattr(sys.stderr, "getvalue", str)())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
@pytest.mark.parametrize("name", ["prüfung", "✓", "\udc80", "\x1b[31mred", "a\rb", "\u202egnp"])
def test_r20_faults_are_told_in_any_encoding_without_control_characters(
    encoding, name, project, monkeypatch
):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding, errors="strict"))
    assert main(["list", "--suite", name]) is ExitCode.USAGE
    sys.stderr.flush()
    text = raw.getvalue().decode(encoding)
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    assert {char for char in text if ord(char) < 32} == {"\n"}
    assert "\u202e" not in text


@pytest.mark.parametrize("command", ["list", "plan"])
def test_r20_names_of_files_cannot_move_the_cursor(command, project, capsys):
    (project / "tests" / "test_\x1b[31m_\r.py").write_text("def test_b(): pass\n")
    assert main([command]) is ExitCode.OK
    out = capsys.readouterr().out
    assert "test_\\x1b[31m_\\r.py" in out
    assert {char for char in out if ord(char) < 32} == {"\n"}


def test_windows_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(cli.sys, "platform", "win32")
    assert main(["list"]) is ExitCode.USAGE
    assert "Windows is not supported" in capsys.readouterr().err


def test_list_tells_files_by_suite_and_counts_them(project, capsys):
    assert main(["list"]) is ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 files in 1 suites"
    assert any("tests/test_a.py" in line for line in lines)
