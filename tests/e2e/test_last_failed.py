"""`--lf`, `--ff` and `--sw`, by the runner's own record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

PROJECT = {
    "tests/test_a.py": "def test_a1(): pass\ndef test_a2(): pass\n",
    "tests/test_b.py": """
        import pathlib, pytest
        def test_b1(): pass
        @pytest.mark.parametrize("name", ["x", "y"])
        def test_b2(name): assert name == "x" or pathlib.Path("mended").exists()
        def test_b3(): pass
        """,
    "tests/test_c.py": """
        import pathlib
        pathlib.Path("imported_c").touch()
        def test_c1(): pass
        """,
    "tests/test_d.py": """
        import pathlib
        assert pathlib.Path("mended").exists()
        def test_d1(): pass
        """,
}
B2Y = "tests/test_b.py::test_b2[y]"


def order(result: Any) -> list[str]:
    ended = [e for e in result.of_kind("test_finished") if e["outcome"] not in {"not_run", "error"}]
    return [event["nodeid"].partition("::")[2] for event in ended]


@pytest.mark.parametrize(
    ("argv", "env", "ini"),
    [
        (["--lf"], {}, ""),
        (["--failed"], {}, ""),
        (["--", "--last-failed"], {}, ""),
        ([], {"PYTEST_ADDOPTS": "--lf"}, ""),
        ([], {}, "[tool.pytest.ini_options]\naddopts = '--lf'\n"),
    ],
)
def test_only_what_failed_runs_and_other_files_are_not_even_imported(
    project: Make, argv: list[str], env: dict[str, str], ini: str
):
    made = project(PROJECT)
    assert made.run().exit_code == 1
    (made.root / "imported_c").unlink()
    made.write({"pyproject.toml": ini})
    again = made.run(*argv, **env)
    assert again.outcomes == {B2Y: "failed", "tests/test_d.py": "error"}
    assert again.exit_code == 1
    (made.root / "mended").touch()
    mended = made.run(*argv, **env)
    assert mended.outcomes == {B2Y: "passed", "tests/test_d.py::test_d1": "passed"}
    assert mended.exit_code == 0
    assert not (made.root / "imported_c").exists()
    everything = made.run(*argv, **env)
    assert "no failure is recorded: everything selected runs" in everything.stdout
    assert everything.counts == {"passed": 8}


def test_what_did_not_run_is_not_forgotten(project: Make):
    made = project(PROJECT)
    made.run()
    assert made.run("tests/test_a.py").exit_code == 0
    assert made.run("tests/test_b.py", "-k", "b1").exit_code == 0
    assert set(made.run("--lf").outcomes) == {B2Y, "tests/test_d.py"}


def test_selectors_narrow_further(project: Make):
    made = project(PROJECT)
    made.run()
    only = made.run("--lf", "tests/test_a.py", "tests/test_b.py")
    assert set(only.outcomes) == {B2Y}
    assert only.exit_code == 1
    named = made.run("--lf", "tests/test_b.py::test_b1", "tests/test_d.py")
    assert set(named.outcomes) == {"tests/test_d.py"}
    elsewhere = made.run("--lf", "tests/test_a.py")
    assert "none of the 2 recorded failures is among what is selected" in elsewhere.stdout
    assert elsewhere.counts == {"passed": 2}


def test_nothing_runs_without_a_failure_where_that_is_asked_for(project: Make):
    result = project({"test_a.py": "def test_a(): pass\n"}).run("--lf", "--lfnf", "none")
    assert result.outcomes == {}
    assert result.exit_code == 5
    assert "nothing runs" in result.stdout


def test_a_renamed_test_is_found_by_running_its_file(project: Make):
    made = project({"test_a.py": "def test_old(): assert 0\ndef test_b(): pass\n"})
    made.run()
    made.write({"test_a.py": "def test_new(): assert 0\ndef test_b(): pass\n"})
    assert set(made.run("--lf").outcomes) == {"test_a.py::test_new", "test_a.py::test_b"}
    assert set(made.run("--lf").outcomes) == {"test_a.py::test_new"}


def test_a_crash_is_remembered_and_an_inherited_test_too(project: Make):
    made = project(
        {
            "base.py": "class Base:\n    def test_inherited(self): assert 0\n",
            "test_a.py": "import os\ndef test_dies(): os.abort()\ndef test_b(): pass\n",
            "test_b.py": "from base import Base\nclass TestB(Base): pass\n",
        }
    )
    made.run()
    again = made.run("--lf")
    assert again.outcomes == {
        "test_a.py::test_dies": "crashed",
        "test_b.py::TestB::test_inherited": "failed",
    }
    (failed,) = [t for t in again.json["tests"] if t["outcome"] == "failed"]
    assert failed["reproduce"] == "unified-test-runner test_b.py::TestB::test_inherited"


@pytest.mark.parametrize("argv", [["--ff"], ["--failed-first"], ["--", "--ff"]])
def test_failed_files_and_tests_come_first(project: Make, argv: list[str]):
    made = project(PROJECT)
    first = made.run("-n", "1")
    assert order(first)[:2] == ["test_a1", "test_a2"]
    again = made.run("-n", "1", *argv)
    assert order(again) == [
        "test_b2[y]", "test_b1", "test_b2[x]", "test_b3", "test_a1", "test_a2", "test_c1",
    ]  # fmt: skip
    assert again.counts == first.counts


@pytest.mark.parametrize("argv", [["--sw"], ["--", "--stepwise"]])
def test_step_by_step(project: Make, argv: list[str]):
    made = project(PROJECT)
    first = made.run("-n", "2", *argv)
    assert "1 worker instead of 2: --sw goes step by step" in first.stdout
    assert order(first) == ["test_a1", "test_a2", "test_b1", "test_b2[x]", "test_b2[y]"]
    assert first.exit_code == 1
    again = made.run(*argv)
    assert order(again) == ["test_b2[y]"]
    assert "goes on from tests/test_b.py::test_b2[y]" in again.stdout
    (made.root / "mended").touch()
    assert order(made.run(*argv)) == ["test_b2[y]", "test_b3", "test_c1", "test_d1"]
    assert len(order(made.run(*argv))) == 8


def test_failures_can_be_forgotten(project: Make):
    made = project(PROJECT)
    made.run()
    result = made.run("--lf", "--", "--cache-clear")
    assert "no failure is recorded" in result.stdout
    assert result.counts["passed"] == 6


@pytest.mark.parametrize("argv", [["--nf"], ["--", "--nf"], ["--", "--sw-skip"]])
def test_what_is_not_there_is_answered(project: Make, argv: list[str]):
    result = project({"test_a.py": "def test_a(): pass\n"}).call(*argv)
    assert result.exit_code == 4
    assert "use --ff" in result.stderr or "--deselect" in result.stderr


def test_the_plan_tells_what_would_run(project: Make):
    made = project(PROJECT)
    made.run()
    shown = made.call("plan", "--json", "--", "--lf")
    groups = json.loads(shown.stdout)["groups"]
    text = json.dumps(groups)
    assert "tests/test_b.py" in text
    assert "tests/test_a.py" not in text


@pytest.mark.parametrize(
    ("option", "ran"),
    [("--lf", ["test_b2[y]"]), ("--sw", ["test_b2[y]"]), ("--ff", ["test_b2[y]", "test_b1"])],
)
def test_it_holds_where_all_is_collected_at_once(project: Make, option: str, ran: list[str]):
    made = project({name: text for name, text in PROJECT.items() if "_d" not in name})
    made.run("-n", "1", "--collect", "whole", "--sw")
    again = made.run("-n", "1", "--collect", "whole", option)
    assert order(again)[: len(ran)] == ran
    assert len(order(again)) == (7 if option == "--ff" else 1), again
