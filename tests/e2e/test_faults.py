"""Whatever a test does, it ends in one outcome, and no other test is harmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
GOOD = "def test_before(): pass\n{bad}\ndef test_after(): pass\n"


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize(
    ("bad", "outcome", "says"),
    [
        ("def test_bad():\n import os, signal\n os.kill(os.getpid(), signal.SIGSEGV)",
         "crashed", "SIGSEGV"),
        ("def test_bad():\n import os, signal\n os.kill(os.getpid(), signal.SIGKILL)",
         "crashed", "SIGKILL"),
        ("def test_bad():\n import os\n os._exit(0)", "crashed", "status 0"),
        ("def test_bad():\n import os\n os._exit(3)", "crashed", "status 3"),
        ("def test_bad():\n import sys\n sys.exit(0)", "failed", "SystemExit"),
        ("def test_bad():\n raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("def test_bad():\n import pytest\n pytest.exit('bye')", "error", "Exit"),
        ("def test_bad():\n import os\n os.closerange(0, 3)\n assert 0", "failed", "assert"),
        ("def test_bad():\n raise BaseException('odd')", "failed", "odd"),
        ("def test_bad():\n assert '\\udc80' == 'x'", "failed", "assert"),
        ("class X:\n def __repr__(self): raise ValueError\ndef test_bad(): assert X() == 1",
         "failed", "assert"),
        ("def test_bad():\n import os\n os.chdir('/')\n assert 0", "failed", "assert"),
        ("def test_bad():\n def f(): f()\n f()", "failed", "Recursion"),
        ("def test_bad():\n import os, sys\n os.environ.clear()\n sys.path.clear()\n assert 0",
         "failed", "assert"),
    ],
)  # fmt: skip
def test_r21_the_culprit_is_named_and_the_rest_runs(
    project: Make, bad: str, outcome: str, says: str, start: str
) -> None:
    made = project(
        {"tests/test_a.py": GOOD.format(bad=bad), "tests/test_b.py": "def test_other(): pass\n"}
    )
    result = made.run("-n", "1", "--start", start)
    assert result.outcomes == {
        "tests/test_a.py::test_before": "passed",
        "tests/test_a.py::test_bad": outcome,
        "tests/test_a.py::test_after": "passed",
        "tests/test_b.py::test_other": "passed",
    }, result
    assert says in result.stdout
    assert result.exit_code == 1


def test_r12_a_file_that_does_not_import_is_one_failed_file(project: Make) -> None:
    made = project(
        {
            "tests/test_broken.py": "import nothing_of_this_name\n",
            "tests/test_syntax.py": "def test_a(:\n",
            "tests/test_good.py": "def test_good(): pass\n",
        }
    )
    result = made.run("-n", "2")
    assert result.outcomes == {
        "tests/test_broken.py": "error",
        "tests/test_syntax.py": "error",
        "tests/test_good.py::test_good": "passed",
    }, result
    assert result.exit_code == 1


def test_a_file_that_dies_at_import_is_one_crashed_file(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": "import os\nos._exit(7)\n",
            "tests/test_b.py": "def test_good(): pass\n",
        }
    )
    result = made.run("-n", "1")
    assert result.outcomes == {
        "tests/test_a.py": "crashed",
        "tests/test_b.py::test_good": "passed",
    }, result
    assert "status 7" in result.stdout


def test_a_broken_conftest_is_an_error_of_its_files(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": "import nothing_of_this_name\n",
            "tests/test_a.py": "def test_a(): pass\n",
        }
    )
    result = made.run()
    assert result.exit_code == 1, result
    assert result.outcomes["tests/test_a.py"] == "error"
    assert "nothing_of_this_name" in result.stdout


def test_a_broken_conftest_in_a_folder_harms_only_that_folder(project: Make) -> None:
    made = project(
        {
            "tests/bad/conftest.py": "import nothing_of_this_name\n",
            "tests/bad/test_a.py": "def test_a(): pass\n",
            "tests/good/test_b.py": "def test_b(): pass\n",
        }
    )
    result = made.run("-n", "1")
    assert result.exit_code == 1, result
    assert result.outcomes["tests/good/test_b.py::test_b"] == "passed"
    assert "nothing_of_this_name" in result.stdout


def test_a_plugin_that_fails_is_an_error_of_the_running_test(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": """
                def pytest_runtest_logfinish(nodeid):
                    if nodeid.endswith("test_bad"):
                        raise RuntimeError("a plugin's own fault")
                """,
            "tests/test_a.py": GOOD.format(bad="def test_bad(): pass"),
        }
    )
    result = made.run("-n", "1")
    assert result.counts == {"passed": 2, "error": 1}, result
    assert "a plugin's own fault" in result.stdout


def test_a_fork_that_goes_on_running_tests_is_dropped_and_named(project: Make) -> None:
    bad = "def test_bad():\n import os\n os.fork()"
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.counts == {"passed": 3}, result
    assert "forked by a test" in result.stdout


def test_children_of_a_test_do_not_outlive_the_run(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import pathlib, subprocess
                def test_child():
                    child = subprocess.Popen(["sleep", "600"])
                    alone = subprocess.Popen(["sleep", "600"], start_new_session=True)
                    pathlib.Path("pids").write_text(f"{child.pid} {alone.pid}")
                """
        }
    )
    made.run("-n", "1")
    import psutil

    for pid in (made.root / "pids").read_text().split():
        assert not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_r20_odd_names_never_crash_the_output(project: Make, encoding: str) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import pytest
                @pytest.mark.parametrize("x", ["🚀", "\\x1b[31mred", "[bold]", "a\\nb"])
                def test_odd(x):
                    print("🚀 \\x1b[31m \\udc80".encode("utf-8", "surrogateescape"))
                    assert 0, x
                """
        }
    )
    result = made.run("-n", "1", PYTHONIOENCODING=encoding, PYTHONUTF8="0", LC_ALL="C")
    assert result.counts == {"failed": 4}, result
    assert "\x1b" not in result.stdout


def test_a_large_output_does_not_stop_the_run(project: Make) -> None:
    bad = "def test_bad():\n print('x' * 30_000_000)\n assert 0"
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.counts == {"passed": 2, "failed": 1}, result.exit_code
    assert len(result.stdout) < 300_000


def test_ten_thousand_parameters(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import pytest
                @pytest.mark.parametrize("n", range(10_000))
                def test_n(n): pass
                """
        }
    )
    result = made.run("-n", "2")
    assert result.counts == {"passed": 10_000}


def test_deselecting_and_reordering_hooks_are_honoured(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": """
                def pytest_collection_modifyitems(config, items):
                    gone = [i for i in items if "drop" in i.name]
                    config.hook.pytest_deselected(items=gone)
                    items[:] = [i for i in reversed(items) if i not in gone]
                """,
            "tests/test_a.py": "def test_1(): pass\ndef test_drop(): pass\ndef test_2(): pass\n",
        }
    )
    result = made.run("-n", "1")
    assert result.counts == {"passed": 2}
    assert result.json["deselected"] == 1
    order = [event["nodeid"] for event in result.of_kind("test_finished")]
    assert order == ["tests/test_a.py::test_2", "tests/test_a.py::test_1"]


@pytest.mark.parametrize(
    "damage",
    [
        "import sys; sys.setrecursionlimit(60)",
        "import builtins; builtins.len = None",
        "import logging; logging.getLogger = None",
        "import sys; del sys.modules['pytest'], sys.modules['_pytest.outcomes']",
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (10, r.getrlimit(7)[1]))",
        "import sys; sys.stdout.close()",
        "import os; os.closerange(3, 1025)",
        "import json, os, time; json.dumps = os.write = os.getpid = time.perf_counter = None",
    ],
)
def test_a_process_that_a_test_has_damaged_harms_no_other_test(project: Make, damage: str) -> None:
    files = {f"tests/test_{n}.py": "import pytest\ndef test_good(): pass\n" for n in range(3)}
    files["tests/test_0.py"] += f"def test_bad():\n {damage}\ndef test_after(): pass\n"
    result = project(files).run("-n", "1")
    outcomes = result.outcomes
    outcomes.pop("tests/test_0.py::test_bad")
    assert outcomes == {
        "tests/test_0.py::test_good": "passed",
        "tests/test_0.py::test_after": "passed",
        "tests/test_1.py::test_good": "passed",
        "tests/test_2.py::test_good": "passed",
    }, result


def test_a_damaged_process_is_named_with_its_test(project: Make) -> None:
    bad = "def test_bad():\n import sys\n sys.setrecursionlimit(60)"
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.counts == {"passed": 3}, result
    (warning,) = result.of_kind("warning_recorded")
    assert warning["nodeid"] == "tests/test_a.py::test_bad"
    assert "recursion limit at 60" in warning["message"]


def test_a_test_that_closes_every_descriptor_is_named(project: Make) -> None:
    bad = "def test_bad():\n import os\n os.closerange(3, 1 << 20)"
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.outcomes["tests/test_a.py::test_bad"] == "crashed", result
    assert result.counts == {"passed": 2, "crashed": 1}
    assert "lost the descriptor on which it reports" in result.stdout


def test_a_crash_of_the_last_test_leaves_no_file_unfinished(project: Make) -> None:
    result = project({"tests/test_a.py": "def test_bad():\n import os\n os._exit(3)\n"}).run()
    assert result.counts == {"crashed": 1}
    assert "never finished" not in result.stdout


def test_an_import_that_wants_to_end_the_session_is_one_entry(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": "raise KeyboardInterrupt\n",
            "tests/test_b.py": "def test_good(): pass\n",
        }
    )
    result = made.run("-n", "1")
    assert [(t["nodeid"], t["outcome"]) for t in result.json["tests"]] == [
        ("tests/test_a.py", "error"),
        ("tests/test_b.py::test_good", "passed"),
    ], result


def test_a_late_fault_belongs_to_the_test_for_which_the_fixture_was_made(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import pytest
                @pytest.fixture(scope="session")
                def fails():
                    yield
                    raise ValueError("late")
                def test_bad(fails): pass
                def test_after(): pass
                """,
            "tests/test_b.py": "def test_good(): pass\n",
        }
    )
    result = made.run("-n", "1")
    assert result.outcomes == {
        "tests/test_a.py::test_bad": "error",
        "tests/test_a.py::test_after": "passed",
        "tests/test_b.py::test_good": "passed",
    }, result


def test_an_error_at_the_end_of_a_session_stops_no_other_worker(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": """
                def pytest_sessionfinish(session):
                    raise RuntimeError("at the end")
                """,
            **{f"tests/test_{n}.py": "def test_good(): pass\n" for n in range(20)},
            "tests/test_0.py": "def test_bad():\n raise KeyboardInterrupt\n",
        }
    )
    result = made.run("-n", "1")
    assert result.counts["passed"] == 19, result
    assert "at the end" in result.stdout
    assert result.exit_code == 1


def test_an_error_that_pytest_cannot_show_is_an_error_all_the_same(project: Make) -> None:
    bad = """
def test_bad():
    import os, pytest
    def broken(*given, **named):
        raise RuntimeError("broken on purpose")
    os.getcwd = pytest.TestReport.from_item_and_call = broken
"""
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.counts == {"passed": 2, "error": 1}, result
    assert "broken on purpose" in result.stdout


def test_an_exception_that_nothing_can_be_asked_of_is_an_error(project: Make) -> None:
    bad = """
class Odd(Exception):
    def __getattribute__(self, name):
        raise ValueError("no attribute")
def test_bad():
    import os
    os.getcwd = None
    raise Odd
"""
    result = project({"tests/test_a.py": GOOD.format(bad=bad)}).run("-n", "1")
    assert result.counts == {"passed": 2, "error": 1}, result
