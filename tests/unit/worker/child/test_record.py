from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unified_test_runner.codec import from_plain
from unified_test_runner.model import PhaseResult, Section, When
from unified_test_runner.worker.child.utr_child import record, wire


class Unprintable:
    def __str__(self) -> str:
        raise LookupError


def report(outcome: str = "passed", longrepr: Any = None, **fields: Any) -> SimpleNamespace:
    """What pytest's reports have in common."""
    common = {"when": "call", "duration": 0.5, "sections": [], "passed": outcome == "passed"}
    return SimpleNamespace(outcome=outcome, longrepr=longrepr, **{**common, **fields})


def crash(message: str, text: str = "the whole\ntraceback") -> Any:
    class Long:
        reprcrash = SimpleNamespace(message=message)

        def __str__(self) -> str:
            return text

    return Long()


def read(plain: dict[str, Any]) -> PhaseResult:
    """As the runner understands it."""
    return from_plain(PhaseResult, plain)


def test_a_phase_that_passed_is_short():
    assert record.phase(report()) == {"when": "call", "outcome": "passed", "duration_s": 0.5}


def test_a_failure_has_the_crash_in_one_line_and_the_whole_text():
    phase = read(record.phase(report("failed", crash("assert 1 == 2\n  detail"))))
    assert phase.message == "assert 1 == 2"
    assert phase.longrepr == "the whole\ntraceback"


@pytest.mark.parametrize(
    ("longrepr", "message"),
    [
        ("first\nlast\n", "last"), ("", ""), (crash(""), ""), (crash("x" * 5000), "x" * 1000),
        (("a.py", 3, "Skipped: no net"), "Skipped: no net"),
        (("a.py", 3, "Skipped: no net\nask Ada"), "Skipped: no net"), (("a.py", 3, ""), ""),
    ],
    ids=["text", "empty", "no words", "long", "skip", "skip in lines", "skip without words"],
)  # fmt: skip
def test_the_message_is_one_line(longrepr, message):
    assert read(record.phase(report("failed", longrepr))).message == message


def test_a_skip_says_where_and_why():
    phase = read(record.phase(report("skipped", ("a.py", 3, "Skipped: no net"))))
    assert phase.longrepr == "a.py:3: Skipped: no net"


@pytest.mark.parametrize("reason", ["bug", ""])
def test_an_expected_failure_keeps_its_reason_even_an_empty_one(reason):
    phase = read(record.phase(report("skipped", crash("boom"), wasxfail=reason)))
    assert phase.expected == reason


def test_a_repr_that_raises_costs_its_text_only():
    phase = read(record.phase(report("failed", Unprintable())))
    assert phase.longrepr == "<unprintable: LookupError>"
    assert phase.outcome == "failed"


def test_a_collector_has_no_phase_of_its_own():
    made = report("failed", crash("no module"))
    del made.when, made.duration
    phase = read(record.phase(made))
    assert (phase.when, phase.duration_s) == (When.COLLECT, 0.0)


def test_output_of_earlier_phases_is_not_repeated():
    sections = [("Captured stdout setup", "a"), ("Captured stdout call", "b")]
    setup = record.phase(report(sections=sections[:1]))
    call = record.phase(report(sections=sections), known_sections=1)
    assert read(setup).sections == (Section(title="Captured stdout setup", text="a"),)
    assert read(call).sections == (Section(title="Captured stdout call", text="b"),)
    assert "sections" not in record.phase(report(sections=sections), known_sections=2)


def test_sections_without_text_are_left_out():
    assert "sections" not in record.phase(report(sections=[("Captured log call", "")]))


def test_r29_a_long_output_is_shortened_before_it_is_sent():
    text = "x" * (3 * wire.TEXT_LIMIT)
    phase = read(record.phase(report("failed", text, sections=[("out", text)])))
    assert len(phase.longrepr) < wire.TEXT_LIMIT + 100
    assert len(phase.sections[0].text) < wire.TEXT_LIMIT + 100


def test_user_properties_are_text():
    item = SimpleNamespace(user_properties=[("n", 1), (2, None), ("p", Unprintable())])
    pairs = [["n", "1"], ["2", "None"], ["<LookupError>", ""]]
    assert record.properties(item) == {"properties": pairs}


def test_an_item_of_a_plugin_need_not_have_properties():
    assert record.properties(SimpleNamespace()) == {}


@pytest.mark.parametrize(
    ("location", "place"),
    [
        (("t/test_a.py", 4, "test_x"), ("sub/t/test_a.py", 5, "", "name")),
        (("t/test_a.py", 0, "TestA.test_x"), ("sub/t/test_a.py", 1, "TestA", "name")),
        (("t/test_a.py", None, "A.B.x"), ("sub/t/test_a.py", 0, "A.B", "name")),
        (("../other/a.py", 1, "x"), ("other/a.py", 2, "", "name")),
    ],
)
def test_a_place_counts_from_the_project_root_and_its_line_from_one(location, place):
    config = SimpleNamespace(rootpath=Path("/project/sub"))
    path = Path("/project/sub") / location[0]
    item = SimpleNamespace(location=location, config=config, name="name", path=path)
    found = record.place(item, "/project")
    assert (found["path"], found["line"], found["classname"], found["name"]) == place


def test_an_inherited_test_has_the_address_of_the_file_that_runs_it():
    """Its own location is where it is written: no command runs it there."""
    location = ("base.py", 4, "TestA.test_x")
    config = SimpleNamespace(rootpath=Path("/project"))
    item = SimpleNamespace(location=location, config=config, name="n", path="/project/test_a.py")
    place = record.place(item, "/project")
    assert (place["path"], place["line"]) == ("test_a.py", 0)


def test_readings_of_this_process_are_plausible():
    meter = record.Meter()
    before = meter.read().cpu_s
    assert sum(range(200_000)) > 0
    assert meter.read().cpu_s > before > 0
    assert 1 << 20 < meter.rss_bytes() <= meter.peak_bytes() * 1.1
    if meter._statm >= 0:
        os.close(meter._statm)


def test_the_path_of_a_file_is_worked_out_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked = []
    relpath = os.path.relpath
    monkeypatch.setattr(os.path, "relpath", lambda *args: asked.append(args) or relpath(*args))
    config = SimpleNamespace(rootpath=tmp_path / "inner")
    for number in range(3):
        item = SimpleNamespace(location=("a/test_b.py", number, f"C.t{number}"), name="t")
        path = tmp_path / "inner" / "a" / "test_b.py"
        item = SimpleNamespace(config=config, path=path, **vars(item))
        place = record.place(item, str(tmp_path))
        assert place["path"] == "inner/a/test_b.py"
        assert place["line"] == number + 1
    assert len(asked) == 1


class OddError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("a\nb"), "ValueError: a\nb"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (OddError(), "OddError: <unprintable>"),
    ],
)
def test_an_exception_is_told_whatever_its_methods_do(error, words):
    assert record.told(error) == words


def test_an_exception_that_pytest_cannot_show_is_told_all_the_same(monkeypatch):
    monkeypatch.setattr(pytest.ExceptionInfo, "getrepr", None)
    assert record.traceback(ValueError("x")) == "ValueError: x"


def test_the_cause_of_a_missing_fixture_is_its_name():
    longrepr = SimpleNamespace(errorstring="fixture 'x' not found\navailable: y")
    plain = record.phase(report("failed", longrepr))
    assert plain["message"] == "fixture 'x' not found"
