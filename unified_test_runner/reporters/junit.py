"""JUnit XML, as CI servers read it.

The elements come from the junit-xml library; what it does not know (flaky tests, types of
skips, properties of a case) is added to its element tree. A message is always given: the
library writes a failure that has none as a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from unified_test_runner.model import EntryKind, Outcome
from unified_test_runner.reporters.destination import replace_file
from unified_test_runner.reporters.text import uncoloured, xml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from junit_xml import TestCase, TestSuite

    from unified_test_runner.entries import Attempt, Entry
    from unified_test_runner.events import Stamped
    from unified_test_runner.report import RunReport

#: Suites of entries that no suite claims.
_NO_SUITE = "(no suite)"
#: Outcomes that become <error>, with the type each is given; failed becomes <failure>.
_ERROR_TYPES: Mapping[Outcome, str] = {
    Outcome.ERROR: "error",
    Outcome.CRASHED: "crashed",
    Outcome.TIMED_OUT: "timed_out",
    Outcome.NOT_RUN: "not_run",
}
_SKIP_TYPES: Mapping[Outcome, str] = {
    Outcome.SKIPPED: "pytest.skip",
    Outcome.XFAILED: "pytest.xfail",
}


class JUnitReport:
    """Writes the whole file at the end, in one move."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def handle(self, stamped: Stamped, report: RunReport) -> None:
        """Nothing: the file is made from the finished report."""

    def close(self, report: RunReport) -> None:
        """Write the file.

        Raises:
            RunDirectoryError: it cannot be written.
        """
        replace_file(self._path, [junit_document(report)])


def junit_document(report: RunReport) -> bytes:
    """Return the document."""
    by_suite: dict[str, list[Entry]] = {}
    for entry in report.entries.values():
        by_suite.setdefault(entry.suite or _NO_SUITE, []).append(entry)
    root = ET.Element("testsuites", {"name": "unified-test-runner"})
    timestamp = report.run.started_at[:19] if report.run else ""
    for name, entries in by_suite.items():
        root.append(_suite(name, entries, timestamp))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{report.duration_s:.6f}")
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(name: str, entries: list[Entry], timestamp: str) -> ET.Element:
    from junit_xml import TestSuite

    suite: TestSuite = TestSuite(
        xml(name), [_case(entry) for entry in entries], timestamp=timestamp or None
    )
    element: ET.Element = suite.build_xml_doc()
    # Always 0 with us, and unknown to the schema most readers follow.
    element.attrib.pop("disabled", None)
    element.set("time", f"{sum(entry.duration_s for entry in entries):.6f}")
    for entry, case in zip(entries, element.iterfind("testcase"), strict=True):
        _extend(case, entry)
    return element


def _case(entry: Entry) -> TestCase:
    from junit_xml import TestCase

    classname, name = _names(entry)
    case = TestCase(
        xml(name),
        classname=xml(classname),
        elapsed_sec=entry.duration_s,
        file=xml(entry.path) or None,
        line=entry.line or None,
        stdout=_sections(entry, is_error=False),
        stderr=_sections(entry, is_error=True),
    )
    message = xml(entry.message) or entry.outcome.value
    if entry.outcome is Outcome.FAILED:
        case.add_failure_info(message, _details(entry.telling), "failed")
    elif entry.outcome in _ERROR_TYPES:
        case.add_error_info(message, _details(entry.telling), _ERROR_TYPES[entry.outcome])
    elif entry.outcome in _SKIP_TYPES:
        case.add_skipped_info(message)
    return case


def _extend(case: ET.Element, entry: Entry) -> None:
    """Add what the library has no words for."""
    case.set("time", f"{entry.duration_s:.6f}")
    if entry.outcome in _SKIP_TYPES:
        for skipped in case.iterfind("skipped"):
            skipped.set("type", _SKIP_TYPES[entry.outcome])
    properties = ET.Element("properties")
    for name, value in _properties(entry):
        ET.SubElement(properties, "property", {"name": xml(name), "value": xml(value)})
    case.insert(0, properties)
    is_good = entry.outcome is Outcome.FLAKY or entry.is_order_dependent
    tag = "flakyFailure" if is_good else "rerunFailure"
    for attempt in entry.attempts:
        is_told = attempt is entry.telling and entry.outcome is not Outcome.FLAKY
        if attempt.outcome.is_bad and not is_told:
            again = ET.SubElement(
                case,
                tag,
                {
                    "message": xml(attempt.message) or attempt.outcome.value,
                    "type": attempt.outcome.value,
                },
            )
            again.text = _details(attempt)


def _properties(entry: Entry) -> Iterable[tuple[str, str]]:
    yield "nodeid", entry.nodeid
    yield "outcome", entry.outcome.value
    if entry.kind is EntryKind.FILE:
        yield "kind", entry.kind.value
    if entry.occurrence:
        yield "occurrence", str(entry.occurrence)
    if entry.category:
        yield "category", entry.category
    if entry.repetitions > 1:
        yield "repetitions", str(entry.repetitions)
        yield "bad_repetitions", str(entry.bad_repetitions)
    elif len(entry.attempts) > 1:
        yield "attempts", str(len(entry.attempts))
    if entry.is_order_dependent:
        yield "order_dependent", "true"
    yield "worker", str(entry.last.worker)
    if entry.telling.reproduce:
        yield "reproduce", entry.telling.reproduce
    yield from entry.properties


def _names(entry: Entry) -> tuple[str, str]:
    """Class name and name, from the event or else from the node id."""
    if entry.kind is EntryKind.FILE:
        return entry.path, entry.name or entry.nodeid
    if entry.name:
        return entry.classname or entry.path, entry.name
    file, _, inside = entry.nodeid.partition("::")
    # A parameter may hold `::` too: only what stands before it names the class.
    plain, bracket, parameters = inside.partition("[")
    classes, _, name = plain.rpartition("::")
    return (f"{file}::{classes}" if classes else file), f"{name}{bracket}{parameters}"


def _details(attempt: Attempt) -> str:
    parts = [phase.longrepr or phase.message for phase in attempt.bad_phases]
    parts += [attempt.reason] if attempt.reason else []
    return xml(uncoloured("\n".join(part for part in parts if part))) or xml(attempt.message)


def _sections(entry: Entry, *, is_error: bool) -> str | None:
    texts = [
        f"--- {section.title} ---\n{section.text}"
        for attempt in entry.attempts
        for phase in attempt.phases
        for section in phase.sections
        if ("stderr" in section.title) is is_error
    ]
    return xml(uncoloured("\n".join(texts))) or None
