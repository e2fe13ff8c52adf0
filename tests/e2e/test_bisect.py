"""`bisect`: state that one test leaves makes another one fail; the command it gives shows it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

BYSTANDERS = {
    f"test_{name}.py": "def test_1(): pass\ndef test_2(): pass\n" for name in ("a", "m", "q")
}


def answer(result: Any) -> tuple[list[str], list[str]]:
    """The set that was found, and the words of the command after the program."""
    lines = result.stdout.splitlines()
    steps = [line.strip() for line in lines if line.startswith("  ")]
    (command,) = [line for line in lines if line.startswith("reproduce with: ")]
    _, *words = shlex.split(command.removeprefix("reproduce with: "))
    return steps, words


def trials(result: Any) -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith("trial ")]


#: Name → files, the test that fails, what has to run before it.
LEAKS: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "a module's global": (
        {
            "store.py": "ITEMS = []\n",
            "conftest.py": "",
            "test_b.py": """
                import store
                def test_1(): pass
                def test_leaks(): store.ITEMS.append(1)
                """,
            "test_z.py": "import store\ndef test_z(): assert not store.ITEMS\n",
        },
        "test_z.py::test_z",
        ["test_b.py::test_leaks"],
    ),
    "the environment, at import": (
        {
            "test_b.py": """
                import os
                os.environ["LEAKED"] = "1"
                def test_1(): pass
                """,
            "test_z.py": "import os\ndef test_z(): assert 'LEAKED' not in os.environ\n",
        },
        "test_z.py::test_z",
        ["test_b.py::test_1"],
    ),
    "a class of another file, and odd ids": (
        {
            "conftest.py": "",
            "shop.py": "class Shop:\n    open = True\n",
            "test_b.py": """
                import pytest, shop

                @pytest.mark.parametrize("x", ["fine", "a b[c]'d\\" $x", "ü\\n"])
                def test_it(x):
                    if x.startswith("a"): shop.Shop.open = False
                """,
            "zoo dir/test_z.py": """
                import pytest, shop

                class TestShop:
                    @pytest.mark.parametrize("x", ["1 2", "[]::"])
                    def test_z(self, x): assert shop.Shop.open or x == "1 2"
                """,
        },
        "zoo dir/test_z.py::TestShop::test_z[[]::]",
        ["test_b.py::test_it[a b[c]'d\" $x]"],
    ),
    "two tests together": (
        {
            "store.py": "ITEMS = set()\n",
            "conftest.py": "",
            "test_b.py": "import store\ndef test_b(): store.ITEMS.add(1)\n",
            "test_p.py": "import store\ndef test_1(): pass\ndef test_p(): store.ITEMS.add(2)\n",
            "test_z.py": "import store\ndef test_z(): assert len(store.ITEMS) < 2\n",
        },
        "test_z.py::test_z",
        ["test_b.py::test_b", "test_p.py::test_p"],
    ),
    "a test of the same file": (
        {
            "test_z.py": """
                ITEMS = []
                def test_1(): pass
                def test_leaks(): ITEMS.append(1)
                def test_2(): pass
                def test_z(): assert not ITEMS
                def test_3(): pass
                """
        },
        "test_z.py::test_z",
        ["test_z.py::test_leaks"],
    ),
    "a crash": (
        {
            "test_b.py": "import sys\ndef test_b(): sys.leaked = True\n",
            "test_z.py": """
                import os, sys
                def test_z():
                    if hasattr(sys, "leaked"): os.kill(os.getpid(), 11)
                """,
        },
        "test_z.py::test_z",
        ["test_b.py::test_b"],
    ),
    "a hang": (
        {
            "test_b.py": "import sys\ndef test_b(): sys.leaked = True\n",
            "test_z.py": """
                import pytest, sys, threading

                @pytest.mark.timeout(1)
                def test_z():
                    if hasattr(sys, "leaked"): threading.Event().wait()
                """,
            "pyproject.toml": """
                [tool.pytest.ini_options]
                markers = ["timeout: a time limit"]
                """,
        },
        "test_z.py::test_z",
        ["test_b.py::test_b"],
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_the_leak_is_found_and_the_command_shows_it(project: Make, name: str) -> None:
    files, nodeid, wanted = LEAKS[name]
    made = project({**BYSTANDERS, **files})
    alone = made.run(nodeid, "-n", "1")
    assert alone.exit_code == 0, alone
    first = made.run("-n", "1")
    assert first.exit_code == 1, first
    kept = sorted(folder.name for folder in (made.root / ".unified-test-runner/runs").iterdir())
    found = made.call("bisect", nodeid)
    assert found.exit_code == 0, found
    steps, words = answer(found)
    assert steps == wanted
    assert words == [*wanted, nodeid, "--workers", "1"]
    again = made.run(*words)
    assert again.exit_code == 1, again
    bad = [n for n, outcome in again.outcomes.items() if outcome != "passed"]
    assert bad == [nodeid]
    runs = sorted(folder.name for folder in (made.root / ".unified-test-runner/runs").iterdir())
    assert runs[:2] == kept
    assert len(runs) == 3
    (series,) = (made.root / ".unified-test-runner/bisect").iterdir()
    assert len(list(series.iterdir())) == len(trials(found))


GLOBAL, TARGET, LEAK = LEAKS["a module's global"]


def test_without_a_recorded_failure_the_selected_files_are_tried(project: Make) -> None:
    made = project({**BYSTANDERS, **GLOBAL})
    found = made.call("bisect", TARGET)
    assert found.exit_code == 0, found
    assert "no kept run tells of its failure" in found.stdout
    assert answer(found)[0] == LEAK


def test_the_selection_bounds_where_it_looks(project: Make) -> None:
    made = project({**BYSTANDERS, **GLOBAL})
    assert made.run("-n", "1").exit_code == 1
    found = made.call("bisect", TARGET, "test_a.py", "test_m.py")
    assert found.exit_code == 1, found
    assert "of these are selected now, for its worker: 4 tests of 2 files" in found.stdout
    assert "nothing that was tried changes that" in found.stdout


def test_from_takes_the_order_of_that_run_and_the_worker_the_test_was_in(project: Make) -> None:
    made = project({**BYSTANDERS, **GLOBAL})
    failed = made.run("test_q.py", "test_b.py", TARGET, "-n", "1")
    assert failed.exit_code == 1, failed
    assert made.run("test_a.py", TARGET, "-n", "1").exit_code == 0
    found = made.call("bisect", TARGET, "--from", str(failed.log))
    assert found.exit_code == 0, found
    assert "before it: 4 tests of 2 files, in its worker in run" in found.stdout
    assert answer(found)[0] == LEAK


def test_below_the_root_the_command_fits_the_folder_it_was_asked_in(project: Make) -> None:
    files = {"store.py": "ITEMS = []\n", "conftest.py": ""}
    leak = "import store\ndef test_leaks(): store.ITEMS.append(1)\n"
    check = "import store\ndef test_z(): assert not store.ITEMS\n"
    made = project({**files, "x/test_b.py": leak, "y/test_z.py": check})
    assert made.run("-n", "1").exit_code == 1
    found = made.call("bisect", "test_z.py::test_z", cwd="y")
    assert found.exit_code == 0, found
    _, words = answer(found)
    assert words[:2] == ["../x/test_b.py::test_leaks", "test_z.py::test_z"]
    assert made.run(*words, cwd="y").exit_code == 1


def test_where_all_is_collected_at_once_the_leak_is_found_too(project: Make) -> None:
    made = project({**BYSTANDERS, **GLOBAL})
    found = made.call("bisect", TARGET, "--collect", "whole")
    assert found.exit_code == 0, found
    steps, words = answer(found)
    assert steps == LEAK
    assert words[-2:] == ["--collect", "whole"]
    assert made.run(*words).exit_code == 1


def test_suites_that_share_a_worker_leak_into_one_another_against_their_order(
    project: Make,
) -> None:
    """The command names files of two suites, the later one first."""
    files = {
        "store.py": "ITEMS = []\n",
        "conftest.py": "",
        "late/test_b.py": "import store\ndef test_leaks(): store.ITEMS.append(1)\n",
        "early/test_z.py": "import store\ndef test_z(): assert not store.ITEMS\n",
        "config/catalogue.yaml": """
            version: 1
            suites:
              early: {paths: [early], args: ["--strict-markers"]}
              late: {paths: [late], args: ["--strict-markers"]}
            """,
    }
    made = project(files)
    assert made.run("-n", "1").exit_code == 0
    failed = made.run("late/test_b.py", "early/test_z.py", "-n", "1")
    assert failed.exit_code == 1, failed
    found = made.call("bisect", "early/test_z.py::test_z")
    assert found.exit_code == 0, found
    steps, words = answer(found)
    assert steps == ["late/test_b.py::test_leaks"]
    assert made.run(*words).exit_code == 1


def test_options_are_part_of_the_command(project: Make) -> None:
    files = {**GLOBAL, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-m \"not slow\"'\n"}
    files["conftest.py"] = """
        def pytest_configure(config): config.addinivalue_line("markers", "slow: slow")
        def pytest_addoption(parser): parser.addoption("--leak", action="store_true")
        """
    files["test_b.py"] = """
        import pytest, store

        @pytest.mark.slow
        def test_leaks(request):
            if request.config.getoption("leak"): store.ITEMS.append(1)
        """
    made = project(files)
    options = ["-m", "slow or not slow", "--timeout", "50s"]
    found = made.call("bisect", TARGET, *options, "--", "--leak")
    assert found.exit_code == 0, found
    _, words = answer(found)
    assert words == [*LEAK, TARGET, "--workers", "1", *options, "--", "--leak"]
    assert made.run(*words).exit_code == 1


def test_one_that_fails_alone_is_no_matter_of_order(project: Make) -> None:
    made = project({**BYSTANDERS, "test_z.py": "def test_z(): assert not 'this'\n"})
    assert made.run("-n", "1").exit_code == 1
    found = made.call("bisect", "test_z.py::test_z")
    assert found.exit_code == 1, found
    assert len(trials(found)) == 1
    assert "test_z.py::test_z failed alone: AssertionError: assert not 'this'" in found.stdout
    assert "does not depend on the tests before it" in found.stdout


def test_one_that_passes_after_others_only_is_told_what_it_needs(project: Make) -> None:
    files = {**BYSTANDERS, **GLOBAL}
    files["test_z.py"] = "import store\ndef test_z(): assert store.ITEMS\n"
    made = project(files)
    assert made.run("-n", "1").exit_code == 0
    found = made.call("bisect", TARGET)
    assert found.exit_code == 0, found
    assert f"{TARGET} failed alone and passed after these:" in found.stdout
    steps, words = answer(found)
    assert steps == LEAK
    assert made.run(*words).exit_code == 0


def test_one_that_failed_by_chance_cannot_be_reproduced(project: Make) -> None:
    check = "import os\ndef test_z(): assert 'CHANCE' not in os.environ\n"
    made = project({**BYSTANDERS, "test_z.py": check})
    assert made.run("-n", "1", CHANCE="1").exit_code == 1
    found = made.call("bisect", "test_z.py::test_z")
    assert found.exit_code == 1, found
    assert [line.split(": ")[1] for line in trials(found)] == ["alone", "after 6 tests of 3 files"]
    assert "--order-from RUN" in found.stdout


def test_the_bound_on_trials_gives_the_smallest_set_so_far(project: Make) -> None:
    made = project({**BYSTANDERS, **GLOBAL})
    assert made.run("-n", "1").exit_code == 1
    found = made.call("bisect", TARGET, "--max-trials", "3")
    assert found.exit_code == 12, found
    assert len(trials(found)) == 3
    assert "see --max-trials" in found.stdout
    steps, words = answer(found)
    assert set(LEAK) <= set(steps)
    assert made.run(*words).exit_code == 1


def test_a_file_that_does_not_import_after_others_counts_as_its_test(project: Make) -> None:
    files = {
        **BYSTANDERS,
        "test_b.py": "import sys\ndef test_b(): sys.modules['helper'] = None\n",
        "helper.py": "",
        "conftest.py": "",
        "test_z.py": "import helper\ndef test_z(): pass\n",
    }
    made = project(files)
    found = made.call("bisect", "test_z.py::test_z", "test_a.py", "test_b.py")
    assert found.exit_code == 0, found
    assert answer(found)[0] == ["test_b.py::test_b"]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["test_a.py"], 4, "'test_a.py' is no test (hint: write file.py::test_name)"),
        (["absent.py::test_1"], 4, "there is no 'absent.py'"),
        (["test_a.py::test_absent"], 5, "'test_a.py::test_absent' did not run"),
        (["test_p.py::test_p"], 4, "is more than one test (hint: one of test_p.py::test_p[1]"),
        (["test_a.py::test_1", "--from", "gone"], 4, "there is no recorded run 'gone'"),
        (["test_a.py::test_1", "--from", "{log}"], 4, "did not run in"),
        (["test_a.py::test_1", "--max-trials", "1"], 4, "--max-trials"),
        (["test_a.py::test_1", "-k", "nothing_like_it"], 5, "it does not exist, is deselected"),
        (["test_a.py::test_1", "--suite", "absent"], 4, "absent"),
        (["test_a.py::test_1", "-n", "2"], 4, "-n"),
        ([], 4, "NODEID"),
        (["services/test_s.py::test_1"], 5, "(hint: add --real-services)"),
        (["test_a.py::test_1", "--", "--not-an-option"], 4, "--not-an-option"),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(project: Make, argv: list[str], code: int, words: str) -> None:
    made = project({
        **BYSTANDERS,
        "test_p.py": "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_p(n): pass\n",
        "services/test_s.py": "def test_1(): pass\n",
        "config/catalogue.yaml": """
            version: 1
            services: {redis: {embedded: redis}}
            suites: {s: {paths: [services], services: [redis]}}
            """,
    })  # fmt: skip
    log = made.run("test_q.py").log if "{log}" in argv else ""
    result = made.call("bisect", *(each.format(log=log) for each in argv))
    assert result.exit_code == code, result
    assert words in result.stderr + result.stdout
    assert "Traceback" not in result.stderr + result.stdout


@pytest.mark.usefixtures("signals_as_by_default")
def test_an_interruption_leaves_the_smallest_set_so_far(project: Make) -> None:
    files = {
        **BYSTANDERS,
        "test_b.py": "import sys\ndef test_b(): sys.leaked = True\n",
        "test_z.py": """
            import os, sys

            def test_z():
                if not hasattr(sys, "leaked"): return
                with open("number", "a+") as numbers:
                    numbers.write("x")
                    numbers.seek(0)
                    if len(numbers.read()) < 3: raise AssertionError("leaked")
                with open("running", "w") as running: running.write("x")
                open("go").close()
            """,
    }
    made = project(files)
    assert made.run("-n", "1").exit_code == 1
    os.mkfifo(made.root / "running")
    os.mkfifo(made.root / "go")
    with subprocess.Popen(
        [sys.executable, "-m", "unified_test_runner", "bisect", "test_z.py::test_z"],
        cwd=made.root, env=made.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert (made.root / "running").read_text() == "x"
        process.send_signal(signal.SIGINT)
        (made.root / "go").write_text("")
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 2, out
    assert "stopped: interrupted by SIGINT\nthe smallest set so far:\n  test_" in out
    assert "  test_b.py::test_b\n" in out
