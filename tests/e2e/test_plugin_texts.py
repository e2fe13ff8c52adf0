"""What plugins and conftests say of a session, and their own words for outcomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]

FILES = {
    "tests/test_a.py": "def test_a(): pass\n",
    "tests/test_b.py": """
        import pytest
        def test_b(): assert 0
        @pytest.mark.skip
        def test_s(): pass
        """,
}
SAME = """
    def pytest_report_header(config):
        return ["seed: 42", "[red]not markup[/red]"]
    def pytest_terminal_summary(terminalreporter, exitstatus, config):
        terminalreporter.section("licences")
        terminalreporter.write_line("all \\x1b[2Jfree", green=True)
    """


def test_a_summary_that_every_worker_writes_is_shown_once(project: Make):
    result = project({**FILES, "conftest.py": SAME}).run("-n", "2")
    assert result.stdout.count("= licences =") == 1
    assert result.stdout.count("all \\x1b[2Jfree") == 1
    assert result.stdout.count("--- from plugins ---") == 1
    assert "seed: 42" not in result.stdout
    assert len(result.of_kind("plugins_told")) >= 2


def test_a_header_is_shown_once_where_details_are_asked_for(project: Make):
    result = project({**FILES, "conftest.py": SAME}).run("-n", "2", "-v")
    assert result.stdout.count("\nseed: 42\n[red]not markup[/red]\n") == 1


def test_pytests_own_sections_are_not_shown_twice(project: Make):
    result = project({**FILES, "conftest.py": SAME}).run("-n", "1", "--", "--durations=5", "-ra")
    for own in ("short test summary info", "slowest 5 durations", "warnings summary"):
        assert own not in result.stdout
    assert result.stdout.count("FAILED tests/test_b.py::test_b - ") == 1


def test_a_summary_reads_the_reports_of_its_worker(project: Make):
    made = project(
        {
            **FILES,
            "conftest.py": """
                def pytest_terminal_summary(terminalreporter, exitstatus, config):
                    counts = {k: len(v) for k, v in sorted(terminalreporter.stats.items())}
                    terminalreporter.write_line(f"counts {counts} exit {int(exitstatus)}")
                    for report in terminalreporter.getreports("failed"):
                        terminalreporter.write_line(f"bad: {report.nodeid} {report.when}")
                """,
        }
    )
    result = made.run("-n", "1")
    assert "counts {'failed': 1, 'passed': 1, 'skipped': 1} exit 1" in result.stdout, result
    assert "bad: tests/test_b.py::test_b call" in result.stdout


def test_a_plugin_that_looks_at_the_end_of_the_session_sees_them_too(project: Make):
    made = project(
        {
            **FILES,
            "conftest.py": """
                import pathlib
                def pytest_sessionfinish(session):
                    reporter = session.config.pluginmanager.getplugin("terminalreporter")
                    pathlib.Path("seen").write_text(str(len(reporter.stats["passed"])))
                """,
        }
    )
    made.run("-n", "1")
    assert (made.root / "seen").read_text() == "1"


def test_a_summary_that_fails_is_an_error_as_under_plain_pytest(project: Make):
    conftest = "def pytest_terminal_summary(): raise LookupError('no summary')\n"
    made = project({"test_a.py": "def test_a(): pass\n", "conftest.py": conftest})
    result = made.run()
    assert result.exit_code == 1
    assert made.pytest().returncode == 1
    assert "no summary" in result.stdout
    assert result.outcomes["test_a.py::test_a"] == "passed"


def test_words_of_plugins_are_shown_and_change_no_outcome(project: Make):
    made = project(
        {
            "test_a.py": """
                def test_known(): assert 0
                def test_quarantined(): assert 0
                def test_hidden(): assert 0
                def test_fine(): pass
                def test_plain(): pass
                """,
            "conftest.py": """
                def pytest_report_teststatus(report, config):
                    if report.when != "call":
                        return None
                    name = report.nodeid.rpartition("_")[2]
                    return {
                        "known": ("passed", "k", ("KNOWN BUG", {"yellow": True})),
                        "quarantined": ("quarantined", "q", "QUARANTINED"),
                        "hidden": ("", "", ""),
                        "fine": ("passed", "f", "FINE"),
                    }.get(name)
                """,
        }
    )
    result = made.run("-v")
    assert made.pytest().returncode == 1
    assert result.exit_code == 1
    assert result.counts == {"failed": 3, "passed": 2}
    assert "FAILED test_a.py::test_known (known bug) - assert 0" in result.stdout
    assert "FAILED test_a.py::test_quarantined (quarantined) - assert 0" in result.stdout
    assert "2 passed, 3 failed (of these 1 known bug, 1 quarantined)" in result.stdout
    labels = {test["nodeid"]: test.get("label") for test in result.json["tests"]}
    assert labels["test_a.py::test_known"] == "known bug"
    assert labels["test_a.py::test_fine"] is None
