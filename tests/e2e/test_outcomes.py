"""The same verdicts as plain pytest, node id by node id."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

EVERY_OUTCOME = {
    "tests/conftest.py": """
        import pytest

        @pytest.fixture(scope="session")
        def broken_late():
            yield
            raise RuntimeError("session teardown")

        @pytest.fixture
        def broken_setup():
            raise RuntimeError("set-up")

        @pytest.fixture
        def broken_teardown():
            yield
            raise RuntimeError("teardown")
        """,
    "tests/test_outcomes.py": """
        import pytest

        def test_passes(): pass
        def test_fails(): assert [1, 2] == [1, 3]
        def test_setup_error(broken_setup): pass
        def test_teardown_error(broken_teardown): pass
        @pytest.mark.skip(reason="because")
        def test_skipped(): pass
        def test_skips_itself(): pytest.skip("inside")
        @pytest.mark.xfail(reason="known")
        def test_xfails(): assert 0
        @pytest.mark.xfail
        def test_xpasses(): pass
        @pytest.mark.xfail(strict=True)
        def test_strict_xpass(): pass
        @pytest.mark.parametrize("value", ["a::b", "[x]", "é", "new\\nline", ""])
        def test_odd_ids(value): assert value != "é"

        class TestClass:
            @pytest.fixture(scope="class")
            def counted(self): return []
            def test_one(self, counted): counted.append(1)
            def test_two(self, counted): assert counted == [1]
        """,
    "tests/test_unittest.py": """
        import unittest

        class Case(unittest.TestCase):
            @classmethod
            def setUpClass(cls): cls.ready = True
            def test_ready(self): self.assertTrue(self.ready)
            def test_fails(self): self.fail("on purpose")
            @unittest.expectedFailure
            def test_expected(self): self.fail("expected")
            @unittest.skip("not now")
            def test_skipped(self): pass
        """,
    "tests/test_module_skip.py": """
        import pytest
        pytest.skip("whole module", allow_module_level=True)
        """,
    "tests/package/__init__.py": "",
    "tests/package/test_inner.py": "def test_inner(): pass\n",
}

_LINE = re.compile(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (.+?)(?: - .*)?$")
_WORDS = {"PASSED": "passed", "FAILED": "failed", "XFAIL": "xfailed", "XPASS": "xpassed"}


def by_plain_pytest(project: Any) -> dict[str, str]:
    """Outcomes by node id, with pytest's several lines for one test folded as ours are."""
    code = """
        import json, pytest, sys
        outcomes = {}
        class Plugin:
            def pytest_runtest_logreport(self, report):
                outcomes.setdefault(report.nodeid, []).append(
                    [report.when, report.outcome, hasattr(report, "wasxfail")])
        pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[2:]], plugins=[Plugin()])
        json.dump(outcomes, open(sys.argv[1], "w"))
        """
    project.write({"plain.py": code})
    import json
    import subprocess
    import sys

    out = project.root / "plain.json"
    subprocess.run(
        [sys.executable, "plain.py", str(out), "tests"],
        cwd=project.root,
        env=project.environ,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return {nodeid: folded(phases) for nodeid, phases in json.loads(out.read_text()).items()}


def folded(phases: list[tuple[str, str, bool]]) -> str:
    for when, outcome, _ in phases:
        if outcome == "failed":
            return "failed" if when == "call" else "error"
    if any(outcome == "skipped" for _, outcome, _ in phases):
        return "xfailed" if any(x for _, _, x in phases) else "skipped"
    return "xpassed" if any(when == "call" and x for when, _, x in phases) else "passed"


@pytest.mark.parametrize("workers", ["1", "2", "8"])
def test_every_outcome_is_plain_pytests(project: Make, workers: str) -> None:
    made = project(EVERY_OUTCOME)
    result = made.run("-n", workers)
    tests = {t["nodeid"]: t["outcome"] for t in result.json["tests"] if t["kind"] == "test"}
    assert tests == by_plain_pytest(made), result
    assert result.exit_code == 1


def test_r5_the_sums_add_up(project: Make) -> None:
    result = project(EVERY_OUTCOME).run("-n", "2")
    report = result.json
    counted = [test for test in report["tests"] if test["kind"] == "test"]
    assert sum(report["totals"].values()) == len(counted)
    started = {(e["nodeid"], e.get("occurrence", 0)) for e in result.of_kind("test_started")}
    ended = [
        (e["nodeid"], e.get("occurrence", 0))
        for e in result.of_kind("test_finished")
        if e.get("entry", "test") == "test"
    ]
    assert len(ended) == len(set(ended)) == len(counted)
    assert started <= set(ended)


def test_a_module_level_skip_is_an_entry_of_its_file(project: Make) -> None:
    result = project(EVERY_OUTCOME).run("tests/test_module_skip.py")
    (entry,) = result.json["tests"]
    assert (entry["kind"], entry["outcome"]) == ("file", "skipped")
    assert result.exit_code == 5, "nothing was executed"


def test_a_session_fixture_that_fails_late_amends_its_test(project: Make) -> None:
    made = project({**EVERY_OUTCOME, "tests/test_late.py": "def test_late(broken_late): pass\n"})
    result = made.run("tests/test_late.py")
    assert result.outcomes == {"tests/test_late.py::test_late": "error"}
    assert result.exit_code == 1


def test_r25_a_failure_is_shown_with_its_traceback_and_a_command_that_reproduces_it(
    project: Make,
) -> None:
    made = project({"tests/test_a.py": "def test_bad():\n    print('said')\n    assert 1 == 2\n"})
    result = made.run()
    assert "assert 1 == 2" in result.stdout
    assert "said" in result.stdout
    (line,) = [ln for ln in result.stdout.splitlines() if "reproduce:" in ln]
    command = line.partition("reproduce: unified-test-runner ")[2].split()
    again = made.run(*command)
    assert again.outcomes == {"tests/test_a.py::test_bad": "failed"}


def test_arguments_after_dashes_go_to_pytest(project: Make) -> None:
    made = project({"tests/test_a.py": "def test_a(request): assert request.config.option.verbose"})
    assert made.run("--", "-vv").exit_code == 0
    assert made.run().exit_code == 1


def test_keyword_and_marker_expressions(project: Make) -> None:
    made = project(
        {
            "pytest.ini": "[pytest]\nmarkers = slow: takes its time\n",
            "tests/test_a.py": """
                import pytest
                def test_one(): pass
                @pytest.mark.slow
                def test_two(): pass
                """,
        }
    )
    assert list(made.run("-k", "one").outcomes) == ["tests/test_a.py::test_one"]
    result = made.run("-m", "slow")
    assert list(result.outcomes) == ["tests/test_a.py::test_two"]
    assert result.json["deselected"] == 1
    assert made.run("-k", "nothing_like_it").exit_code == 5
    bad = made.run("-k", "one and (")
    assert bad.exit_code == 4, bad
    assert "Traceback" not in bad.stdout + bad.stderr


def test_fail_fast_stops_and_names_what_did_not_run(project: Make) -> None:
    made = project(
        {"tests/test_a.py": "def test_1(): assert 0\n" + "def test_2(): pass\ndef test_3(): pass\n"}
    )
    result = made.run("-x", "-n", "1")
    assert result.counts == {"failed": 1, "not_run": 2}
    assert result.exit_code == 1


def test_each_worker_has_its_variables_before_conftest_is_imported(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": "import os\nSLOT = os.environ['UTR_SLOT']\n",
            "tests/test_a.py": """
                import os, sys
                def test_a(request):
                    import conftest
                    assert conftest.SLOT == os.environ["UTR_SLOT"]
                    assert os.environ["UTR_RUN_ID"]
                    assert os.environ["UTR_WORKER"] == "0"
                """,
        }
    )
    assert made.run().exit_code == 0


def test_a_python_outside_of_ours_runs_the_tests(project: Make) -> None:
    """The child side needs nothing but pytest in the project's interpreter."""
    import sys

    made = project({"tests/test_a.py": "def test_a(): pass\n"})
    assert made.run("--python", sys.executable).exit_code == 0
    missing = made.run("--python", "/nowhere/python")
    assert missing.exit_code == 4, missing
    assert "Traceback" not in missing.stdout + missing.stderr


def test_children_leave_no_trace_of_ours_on_the_path(project: Make) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import sys
                def test_path():
                    assert not [p for p in sys.path if "unified_test_runner" in p]
                    assert "unified_test_runner" not in sys.modules
                """
        }
    )
    assert made.run("-n", "1").exit_code == 0
