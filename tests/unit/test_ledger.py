from __future__ import annotations

import shlex
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner import steps
from unified_test_runner.bookings import Where
from unified_test_runner.errors import ProtocolError
from unified_test_runner.events import (
    LateErrorRecorded,
    LeakFound,
    TestFinished,
    TestStarted,
    UnitFinished,
    WarningRecorded,
)
from unified_test_runner.ledger import NO_WORKER, Ledger
from unified_test_runner.masking import Mask
from unified_test_runner.model import EntryKind, Outcome, PhaseResult, Section, UnitKey, When
from unified_test_runner.worker import protocol

SECRET = "s3cr3t-word"


class Book:
    """A ledger with all that it emitted."""

    def __init__(self, *options: str) -> None:
        self.events: list = []
        mask = Mask()
        mask.learn({"PGPASSWORD": SECRET})
        self.ledger = Ledger(
            emit=self.events.append, mask=mask, categories={"shop": "unit"}, options=options,
            leaks=(leaks := {}),
        )  # fmt: skip
        self.leaks = leaks

    @property
    def last(self):
        return self.events[-1]

    def start(self, nodeid: str = "a.py::test_a", worker: int = 1, now: float = 0.0) -> None:
        path = nodeid.partition("::")[0]
        self.ledger.start(worker, unit(path), begun(nodeid, path), now)
        self.ledger.announce(worker)

    def end(self, *phases: PhaseResult, worker: int = 1, **fields) -> Outcome:
        usage = dict.fromkeys(("rss_before_bytes", "rss_after_bytes", "peak_rss_bytes"), 5)
        about = {"duration_s": 1.5, "cpu_s": 0.5, "properties": (), **usage, **fields}
        return self.ledger.end(worker, protocol.TestEnded(phases=phases, **about))


def phase(outcome: str = "passed", when: When = When.CALL, **fields) -> PhaseResult:
    return PhaseResult(when=when, outcome=outcome, duration_s=0.1, **fields)


def begun(nodeid: str, path: str, index: int = 0) -> protocol.TestStarted:
    name = nodeid.rpartition("::")[2]
    return protocol.TestStarted(
        index=index, nodeid=nodeid, path=path, line=3, classname="", name=name
    )


def unit(path: str = "a.py") -> steps.UnitPlan:
    return steps.UnitPlan(key=UnitKey(path=path), suite="shop")


@pytest.fixture
def book() -> Book:
    return Book()


def test_r5_a_test_has_one_start_and_one_end(book):
    book.start()
    assert book.end(phase()) is Outcome.PASSED
    started, finished = book.events
    assert started == TestStarted(worker=1, nodeid="a.py::test_a", suite="shop")
    assert finished == TestFinished(
        worker=1, nodeid="a.py::test_a", suite="shop", outcome=Outcome.PASSED, duration_s=1.5,
        phases=(phase(),), category="unit", path="a.py", line=3, name="test_a", cpu_s=0.5,
        rss_before_bytes=5, rss_after_bytes=5, peak_rss_bytes=5,
    )  # fmt: skip


WAYS = st.sampled_from(["passed", "failed", "skipped", "error", "lost"])


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab"), WAYS), max_size=20))
def test_r5_every_start_gets_exactly_one_end(tests):
    book = Book()
    for worker, name, way in tests:
        book.start(f"{name}.py::test", worker)
        if way == "lost":
            lost = steps.LoseTest(
                worker=worker, unit=unit(), index=0, outcome=Outcome.CRASHED, reason="killed"
            )
            book.ledger.lose_test(lost, 1.0)
        else:
            book.end(phase(way), worker=worker)
    starts = Counter((e.nodeid, e.occurrence) for e in book.events if isinstance(e, TestStarted))
    ends = Counter((e.nodeid, e.occurrence) for e in book.events if isinstance(e, TestFinished))
    assert starts == ends
    assert set(starts.values()) <= {1}
    assert starts.total() == len(tests)


def test_a_start_is_announced_once_and_only_while_the_test_runs(book):
    book.ledger.announce(1)
    assert not book.events
    book.start()
    book.ledger.announce(1)
    assert [type(event) for event in book.events] == [TestStarted]
    book.end(phase())
    book.ledger.announce(1)
    assert [type(event) for event in book.events] == [TestStarted, TestFinished]


def test_an_id_that_comes_twice_is_counted(book):
    for worker in (1, 2):
        book.start(worker=worker)
        book.end(phase(), worker=worker)
    book.start("a.py::other")
    assert [event.occurrence for event in book.events] == [0, 0, 1, 1, 0]


def test_tests_of_several_workers_are_kept_apart(book):
    book.start("a.py::test_a", worker=1)
    book.start("b.py::test_b", worker=2)
    book.end(phase("failed"), worker=1)
    assert (book.last.nodeid, book.last.outcome) == ("a.py::test_a", Outcome.FAILED)
    book.end(phase(), worker=2)
    assert (book.last.nodeid, book.last.outcome) == ("b.py::test_b", Outcome.PASSED)


@pytest.mark.parametrize(
    ("phases", "reason"),
    [
        ([phase()], ""),
        ([phase("failed", message="assert 1 == 2")], "assert 1 == 2"),
        ([phase("skipped", When.SETUP, message="no network"), phase(when=When.TEARDOWN)],
         "no network"),
        ([phase("skipped", message="Failed: boom", expected="known bug")], "known bug"),
        ([phase("failed", message="first"), phase("failed", When.TEARDOWN, message="second")],
         "first"),
    ],
)  # fmt: skip
def test_the_reason_is_that_of_the_first_phase_that_has_one(book, phases, reason):
    book.start()
    book.end(*phases)
    assert book.last.reason == reason


def test_a_test_lost_with_its_worker_lasted_until_then(book):
    book.start(now=2.0)
    lost = steps.LoseTest(
        worker=1, unit=unit(), index=0, outcome=Outcome.CRASHED, reason=f"killed {SECRET}"
    )
    book.ledger.lose_test(lost, 5.0)
    assert (book.last.outcome, book.last.duration_s) == (Outcome.CRASHED, 3.0)
    assert book.last.reason == "killed ****"
    assert book.last.reproduce == "unified-test-runner a.py::test_a"


def lose_unit(book: Book, ids, outcome: Outcome):
    book.ledger.lose_unit(
        steps.LoseUnit(unit=unit(), ids=ids, outcome=outcome, reason=f"gone: {SECRET}")
    )


def test_a_file_that_was_never_collected_is_one_entry(book):
    lose_unit(book, None, Outcome.ERROR)
    entry, finished = book.events
    assert (entry.entry, entry.nodeid, entry.worker) == (EntryKind.FILE, "a.py", NO_WORKER)
    assert (entry.outcome, entry.reason, entry.category) == (Outcome.ERROR, "gone: ****", "unit")
    assert finished == UnitFinished(worker=NO_WORKER, path="a.py")


def test_what_is_left_of_a_file_gets_an_outcome_each(book):
    lose_unit(book, ("a.py::test_a", "a.py::test_b"), Outcome.NOT_RUN)
    assert [(e.nodeid, e.outcome, e.entry, e.reproduce) for e in book.events] == [
        ("a.py::test_a", Outcome.NOT_RUN, EntryKind.TEST, ""),
        ("a.py::test_b", Outcome.NOT_RUN, EntryKind.TEST, ""),
    ]


@pytest.mark.parametrize(
    ("word", "outcome"), [("failed", Outcome.ERROR), ("skipped", Outcome.SKIPPED)]
)
def test_r12_a_collector_that_fails_or_is_skipped_is_one_entry(book, word, outcome):
    found = phase(word, When.COLLECT, message=f"no {SECRET}", longrepr=SECRET)
    entry = protocol.EntryReported(nodeid="a.py", phase=found)
    assert book.ledger.enter(1, Where(suite="shop", path="a.py"), entry) is outcome
    assert (book.last.entry, book.last.outcome) == (EntryKind.FILE, outcome)
    assert book.last.reason == "no ****"
    assert book.last.phases[0].longrepr == "****"
    assert bool(book.last.reproduce) is (outcome is Outcome.ERROR)


def test_a_late_error_amends_the_latest_test_of_its_id(book):
    late = protocol.LateError(
        nodeid="a.py::test_a", phase=phase("failed", When.TEARDOWN, longrepr=SECRET)
    )
    for _ in range(2):
        book.start()
        book.end(phase())
    book.ledger.amend(1, late)
    masked = phase("failed", When.TEARDOWN, longrepr="****")
    assert book.last == LateErrorRecorded(
        worker=1, nodeid="a.py::test_a", phase=masked, occurrence=1,
        reproduce="unified-test-runner a.py::test_a",
    )  # fmt: skip


def test_a_late_error_of_an_unknown_test_is_still_told(book):
    late = protocol.LateError(nodeid="b.py::t", phase=phase("failed", When.TEARDOWN))
    book.ledger.amend(1, late)
    assert (book.last.nodeid, book.last.occurrence) == ("b.py::t", 0)


def test_secrets_are_masked_wherever_a_test_can_say_them(book):
    book.start()
    text = f"see {SECRET}!"
    said = phase("failed", message=text, longrepr=text, sections=(Section(title="out", text=text),))
    book.end(said, properties=(("url", text),))
    assert SECRET not in repr(book.events)
    assert book.last.properties == (("url", "see ****!"),)
    assert book.last.reason == "see ****!"


def test_secrets_are_masked_in_warnings(book):
    sent = protocol.WarningSent(
        message=f"old url {SECRET}", category="UserWarning", nodeid="a.py::t", location="a.py:3"
    )
    book.ledger.warn(1, sent)
    assert book.last == WarningRecorded(
        worker=1, message="old url ****", category="UserWarning", nodeid="a.py::t",
        location="a.py:3",
    )  # fmt: skip


def leak(**fields) -> protocol.LeakSent:
    about = {"resource": "descriptor", "what": f"socket UNIX /{SECRET}", "count": 2, **fields}
    return protocol.LeakSent(nodeid="a.py::test_a", **about)


def test_a_leak_belongs_to_the_last_test_of_its_name_and_bears_no_secret(book):
    for _ in range(2):
        book.start()
        book.end(phase())
    book.ledger.leak(1, leak())
    assert book.last == LeakFound(
        worker=1, nodeid="a.py::test_a", resource="descriptor", what="socket UNIX /****", count=2,
        occurrence=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "resource", "is_failing"),
    [
        ("report", "process", False),
        ("fail", "process", True),
        ("fail", "temporary file", True),
        ("fail", "native thread", False),
    ],
)
def test_what_a_leak_comes_to_is_its_suites_business(book, wanted, resource, is_failing):
    book.leaks["shop"] = wanted
    book.start()
    book.end(phase())
    book.ledger.leak(1, leak(resource=resource))
    assert book.last.is_failing is is_failing


def test_a_suite_may_leave_what_it_likes(book):
    book.leaks["shop"] = "off"
    book.start()
    book.end(phase())
    book.ledger.leak(1, leak())
    assert not isinstance(book.last, LeakFound)


ODD_IDS = [
    "a.py::test_a",
    "a.py::TestX::test_a",
    "a.py::test_a[x y]",
    'a.py::test_a[it\'s "odd"]',
    "a.py::test_a[$HOME`id`]",
    "a.py::test_a[a::b]",
    "a.py::test_a[\\n*?]",
    "my tests/a.py::test_a",
]


@pytest.mark.parametrize("nodeid", ODD_IDS)
def test_r25_a_bad_outcome_carries_the_command_that_repeats_it(nodeid):
    book = Book("--real-services", "--catalogue", "my catalogue.yaml")
    book.start(nodeid)
    book.end(phase("failed"))
    assert shlex.split(book.last.reproduce) == [
        "unified-test-runner", nodeid, "--real-services", "--catalogue", "my catalogue.yaml",
    ]  # fmt: skip


def test_r25_the_command_speaks_of_paths_from_the_project_root(book):
    """Node ids count from pytest's rootdir, which may lie deeper."""
    message = begun("test_a.py::test", "sub/test_a.py", 0)
    book.ledger.start(1, unit(), message, 0.0)
    book.end(phase("failed"))
    assert book.last.reproduce == "unified-test-runner sub/test_a.py::test"


def test_a_good_outcome_needs_no_command(book):
    book.start()
    book.end(phase())
    assert book.last.reproduce == ""


def test_the_command_of_a_late_error_names_the_path_from_the_root(book):
    message = begun("a.py::t", "below/a.py", 0)
    book.ledger.start(1, unit("below/a.py"), message, 0.0)
    late = protocol.LateError(nodeid="b.py::t", phase=phase("failed", When.TEARDOWN))
    book.ledger.amend(1, late)
    assert book.last.reproduce == "unified-test-runner below/b.py::t"


def test_a_retry_is_booked_as_an_attempt_at_the_same_test(book):
    for _ in range(2):
        book.start()
        book.end(phase("failed"))
    again = steps.Again(nodeid="a.py::test_a", nth=0, occurrence=0, attempt=2)
    plan = steps.UnitPlan(key=UnitKey(path="a.py"), suite="shop", again=again)
    message = begun("a.py::test_a", "a.py", 0)
    book.ledger.start(7, plan, message, 0.0)
    book.end(phase(), worker=7)
    assert (book.last.occurrence, book.last.attempt) == (0, 2)
    late = protocol.LateError(nodeid="a.py::test_a", phase=phase("failed", When.TEARDOWN))
    book.ledger.amend(7, late)
    assert (book.last.occurrence, book.last.attempt) == (0, 2)
    book.ledger.amend(1, late)
    assert (book.last.occurrence, book.last.attempt) == (1, 1)


@pytest.mark.parametrize(
    ("ids", "outcome", "count"),
    [
        (None, Outcome.CRASHED, 1),
        (("a.py::test_a",), Outcome.ERROR, 1),
        ((), Outcome.CRASHED, 0),
        (None, Outcome.NOT_RUN, 0),
    ],
)
def test_a_lost_retry_is_an_attempt_unless_it_was_only_left_out(book, ids, outcome, count):
    again = steps.Again(nodeid="a.py::test_a", nth=0, occurrence=3, attempt=2)
    plan = steps.UnitPlan(key=UnitKey(path="a.py"), suite="shop", again=again)
    book.ledger.lose_unit(steps.LoseUnit(unit=plan, ids=ids, outcome=outcome, reason="r"))
    ended = [event for event in book.events if isinstance(event, TestFinished)]
    assert [(e.nodeid, e.occurrence, e.attempt, e.entry) for e in ended] == [
        ("a.py::test_a", 3, 2, EntryKind.TEST)
    ] * count


def test_occurrences_are_counted_in_each_repetition(book):
    message = begun("a.py::t", "a.py", 0)
    found = []
    for repetition in (1, 1, 2, 1, 2, 600, 600):
        plan = steps.UnitPlan(key=UnitKey(path="a.py"), suite="shop", repetition=repetition)
        found.append((repetition, book.ledger.start(1, plan, message, 0.0)))
        book.end(phase())
        assert book.last.repetition == repetition
    assert found == [(1, 0), (1, 1), (2, 0), (1, 2), (2, 1), (600, 0), (600, 1)]


def test_a_second_run_in_order_counts_for_the_tests_it_was_made_for_only():
    book = Book()
    for counted in (None, frozenset({1})):
        for index, name in enumerate("ab"):
            message = begun(f"x.py::{name}", "x.py", index)
            book.ledger.start(1, unit("x.py"), message, 0.0, counted)
            book.ledger.announce(1)
            book.end(phase())
    ends = [event for event in book.events if isinstance(event, TestFinished)]
    told = [(event.nodeid, event.attempt, event.is_in_order, event.is_context) for event in ends]
    assert told == [
        ("x.py::a", 1, False, False),
        ("x.py::b", 1, False, False),
        ("x.py::a", 2, False, True),
        ("x.py::b", 2, True, False),
    ]
    assert {event.occurrence for event in book.events} == {0}
    starts = [event for event in book.events if isinstance(event, TestStarted)]
    assert [event.is_context for event in starts] == [False, False, True, False]
    late = phase("failed", When.TEARDOWN)
    before = len(book.events)
    book.ledger.amend(1, protocol.LateError(nodeid="x.py::a", phase=late))
    assert len(book.events) == before, "a context counts for nothing"
    book.ledger.amend(1, protocol.LateError(nodeid="x.py::b", phase=late))
    assert book.last.attempt == 2


COST = (0.5, 0.1, 10, 20, 30, 0.1, 0.2, 0.2)


def collected(*names: str, path: str = "a.py") -> protocol.UnitCollected:
    return protocol.UnitCollected(
        ids=tuple(f"{path}::{name}" for name in names), deselected=0, duration_s=0.0, path=path,
        lines=(3,) * len(names), classnames=("",) * len(names), names=names,
    )  # fmt: skip


def pass_all(book: Book, found: protocol.UnitCollected, first: int = 0) -> bool:
    message = protocol.TestsPassed(first=first, measured=(COST,) * (len(found.ids) - first))
    return book.ledger.pass_all(1, unit(found.path), found, message)


def test_tests_that_pass_in_a_row_are_booked_together(book):
    found = collected("test_a", "test_b", "test_c")
    book.ledger.start(1, unit(), found.started(1), 0.0)
    assert pass_all(book, found, first=1)
    (event,) = book.events
    assert [each.nodeid for each in event.each()] == ["a.py::test_b", "a.py::test_c"]
    assert {(e.suite, e.category, e.path, e.line) for e in event.each()} == {
        ("shop", "unit", "a.py", 3)
    }


def test_a_test_that_was_announced_or_has_a_namesake_is_booked_alone(book):
    found = collected("test_a", "test_b")
    book.start()
    assert not pass_all(book, found)
    book.end(phase())
    twins = collected("test_c", "test_c")
    book.ledger.start(1, unit(), twins.started(0), 0.0)
    assert not pass_all(book, twins)
    assert book.ledger.start(1, unit(), twins.started(1), 0.0) == 1


def test_a_test_that_is_not_running_cannot_pass(book):
    found = collected("test_a", "test_b")
    with pytest.raises(ProtocolError, match="worker 1 ends test 0, which is not running"):
        pass_all(book, found)
    book.ledger.start(1, unit(), found.started(0), 0.0)
    with pytest.raises(ProtocolError, match="test 1"):
        pass_all(book, found, first=1)


@pytest.mark.parametrize("first", [-1, 1, 2])
def test_a_test_of_which_nothing_was_told_is_no_test(first):
    found = collected("test_a")
    with pytest.raises(ProtocolError, match="unheard of"):
        found.started(first)
