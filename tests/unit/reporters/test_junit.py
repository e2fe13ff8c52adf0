from __future__ import annotations

import pytest
from lxml import etree

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.events import RunStarted, Stamped, TestFinished
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, Section, When
from unified_test_runner.report import RunReport
from unified_test_runner.reporters.junit import JUnitReport, junit_document


def case(*events: TestFinished) -> etree._Element:
    report = RunReport()
    for seq, event in enumerate(events, start=1):
        report.apply(Stamped(seq=seq, t_mono=seq, event=event))
    report.end()
    (found,) = etree.fromstring(junit_document(report)).findall("testsuite/testcase")
    return found


def ended(outcome: Outcome, **fields) -> TestFinished:
    fields = {"nodeid": "a/b.py::C::test_d[x::y]", **fields}
    return TestFinished(worker=1, suite="s", outcome=outcome, duration_s=0.25, **fields)


@pytest.mark.parametrize(
    ("outcome", "tag", "kind"),
    [
        (Outcome.FAILED, "failure", "failed"),
        (Outcome.ERROR, "error", "error"),
        (Outcome.CRASHED, "error", "crashed"),
        (Outcome.TIMED_OUT, "error", "timed_out"),
        (Outcome.NOT_RUN, "error", "not_run"),
        (Outcome.SKIPPED, "skipped", "pytest.skip"),
        (Outcome.XFAILED, "skipped", "pytest.xfail"),
    ],
)
@pytest.mark.parametrize("reason", ["", "because", "\x00", "\ud800", "]]>", "\n"])
def test_every_outcome_has_its_element_and_a_message(outcome, tag, kind, reason):
    (element,) = case(ended(outcome, reason=reason)).findall(tag)
    assert element.get("type") == kind
    assert element.get("message")


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.XPASSED])
def test_what_passed_has_no_element(outcome):
    assert [child.tag for child in case(ended(outcome))] == ["properties"]


def test_names_come_from_the_node_id_where_the_event_has_none():
    found = case(ended(Outcome.PASSED, line=3, path="a/b.py"))
    assert (found.get("classname"), found.get("name")) == ("a/b.py::C", "test_d[x::y]")
    assert (found.get("file"), found.get("line"), found.get("time")) == ("a/b.py", "3", "0.250000")


def test_a_file_is_a_case_of_its_path():
    found = case(ended(Outcome.ERROR, nodeid="a/b.py", path="a/b.py", entry=EntryKind.FILE))
    assert (found.get("classname"), found.get("name")) == ("a/b.py", "a/b.py")


def failing(message: str) -> tuple[PhaseResult, ...]:
    section = Section(title="Captured stderr call", text="\x1b[31mcareful\x1b[0m")
    return (
        PhaseResult(
            when=When.CALL,
            outcome="failed",
            duration_s=0,
            message=message,
            longrepr=f"E {message}",
            sections=(section,),
        ),
    )


def test_a_flaky_test_passes_and_shows_its_failure():
    found = case(ended(Outcome.FAILED, phases=failing("first")), ended(Outcome.PASSED, attempt=2))
    (flaky,) = found.findall("flakyFailure")
    assert (flaky.get("message"), flaky.text) == ("first", "E first")
    assert found.find("failure") is None


def test_a_retried_failure_shows_every_attempt():
    found = case(
        ended(Outcome.FAILED, phases=failing("first")),
        ended(Outcome.FAILED, phases=failing("second"), attempt=2),
    )
    assert found.find("failure").get("message") == "second"
    assert [again.get("message") for again in found.findall("rerunFailure")] == ["first"]


def test_output_goes_where_it_came_from_without_colours():
    found = case(ended(Outcome.FAILED, phases=failing("x")))
    assert found.find("system-out") is None
    assert found.find("system-err").text == "--- Captured stderr call ---\ncareful"


def test_user_properties_are_kept():
    found = case(ended(Outcome.PASSED, properties=(("rows", "7"),)))
    values = {item.get("name"): item.get("value") for item in found.findall("properties/property")}
    assert values == {
        "nodeid": "a/b.py::C::test_d[x::y]", "outcome": "passed", "worker": "1", "rows": "7",
    }  # fmt: skip


def test_the_timestamp_is_the_anchor_of_the_run():
    report = RunReport()
    start = RunStarted(
        run_id="r", started_at="2026-03-01T10:15:00+00:00", root="/", run_dir="/", argv=(),
        version="0", python="3", platform="linux", workers=1,
    )  # fmt: skip
    for event in (start, ended(Outcome.PASSED)):
        report.apply(Stamped(seq=1, t_mono=0, event=event))
    suite = etree.fromstring(junit_document(report)).find("testsuite")
    assert suite.get("timestamp") == "2026-03-01T10:15:00"


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    report = RunReport()
    report.end()
    with pytest.raises(RunDirectoryError, match="the report cannot be written"):
        JUnitReport(tmp_path / "file" / "junit.xml").close(report)


def test_an_old_report_stays_whole_until_the_new_one_is(tmp_path, monkeypatch):
    path = tmp_path / "junit.xml"
    path.write_text("old")
    monkeypatch.setattr("pathlib.Path.replace", _full)
    report = RunReport()
    report.end()
    with pytest.raises(RunDirectoryError, match="full"):
        JUnitReport(path).close(report)
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("junit.xml", "old")]


def _full(_source, _target) -> None:
    raise OSError("full")
