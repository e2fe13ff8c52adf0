"""Recorded runs against every form they are reported in, byte for byte."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from unified_test_runner.model import ExitCode
from unified_test_runner.reporters import ReporterSettings, make_reporters
from unified_test_runner.reporters.junit import junit_document
from unified_test_runner.reporters.replay import replay, replay_into
from unified_test_runner.verdict import reach

PACKAGE = Path(__file__).parents[3] / "unified_test_runner" / "reporters"
EXIT_CODES = {
    "all_passed": ExitCode.OK,
    "mixture": ExitCode.TESTS_FAILED,
    "withheld": ExitCode.NOTHING_RAN,
    "interrupted": ExitCode.INTERRUPTED,
    "service_failed": ExitCode.SERVICE,
    "killed": ExitCode.TESTS_FAILED,
    "hostile": ExitCode.TESTS_FAILED,
}


def plain(lines, **settings) -> str:
    stream = io.StringIO()
    chosen = ReporterSettings(stream=stream, format="plain", **settings)
    replay_into(lines, make_reporters(chosen))
    return stream.getvalue()


def test_the_committed_logs_are_those_of_their_source(stream_name, recorded, golden):
    golden(f"{stream_name}.events.jsonl", recorded(stream_name).encode())


@pytest.mark.parametrize("width", [80, 120])
def test_plain_console(stream_name, log_lines, golden, width):
    text = plain(log_lines(stream_name), width=width)
    golden(f"{stream_name}.{width}.txt", text.encode())


def test_junit_and_json(stream_name, log_lines, golden, tmp_path):
    junit, report = tmp_path / "sub" / "junit.xml", tmp_path / "report.json"
    settings = ReporterSettings(
        stream=io.StringIO(), format="plain", junit_path=junit, json_path=report
    )
    replay_into(log_lines(stream_name), make_reporters(settings))
    golden(f"{stream_name}.junit.xml", junit.read_bytes())
    golden(f"{stream_name}.report.json", report.read_bytes())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "sub"]


def test_json_follows_its_schema(stream_name, golden_folder):
    schema = json.loads((PACKAGE / "report.schema.json").read_text())
    document = json.loads((golden_folder / f"{stream_name}.report.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["exit_code"] == EXIT_CODES[stream_name]


def test_exit_codes(stream_name, log_lines):
    assert reach(replay(log_lines(stream_name))).code is EXIT_CODES[stream_name]


def test_r5_figures_of_junit_add_up(stream_name, log_lines):
    report = replay(log_lines(stream_name))
    root = etree.fromstring(junit_document(report))
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(report.entries) == int(root.get("tests"))
    for suite in root:
        assert int(suite.get("skipped")) == len(list(suite.iter("skipped")))
    for element in (root, *root.findall("testsuite")):
        for attribute, tag in (("failures", "failure"), ("errors", "error")):
            assert int(element.get(attribute)) == len(list(element.iter(tag)))
        assert int(element.get("tests")) == len(list(element.iter("testcase")))


def test_r20_no_control_character_reaches_the_console(log_lines):
    text = plain(log_lines("hostile"), verbosity=1, output="all")
    lines = text.replace("\n", "")
    assert not [char for char in lines if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0]
    assert "\u202e" not in lines
    text.encode("utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_r20_any_encoding_of_the_stream(stream_name, log_lines, encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="\n")
    settings = ReporterSettings(stream=stream, format="plain", encoding=encoding)
    report = replay_into(log_lines(stream_name), make_reporters(settings))
    text = raw.getvalue().decode(encoding)
    last = text.splitlines()[-1]
    code = EXIT_CODES[stream_name]
    assert last.startswith(f"exit {int(code)}: ") if code else "5 passed in" in last
    assert len(text.splitlines()) > len(report.bad_entries)


def test_a_stream_that_lies_about_its_encoding(log_lines):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    settings = ReporterSettings(stream=stream, format="plain", encoding="utf-8")
    replay_into(log_lines("hostile"), make_reporters(settings))
    assert b"exit 1: 10 tests failed" in raw.getvalue()


def test_a_passing_run_ends_with_what_people_look_for(log_lines):
    tail = plain(log_lines("all_passed")).splitlines()[-13:]
    assert tail[-1] == "5 passed in 2.29s (2 workers)"
    text = "\n".join(tail)
    assert "postgres 17.2  embedded ready in 1.27s" in text
    assert "redis 7.4.1  docker ready in 0.41s" in text
    assert "memory    peak worker 1 45.0 MiB" in text
    assert "services 1.30s" in text


@pytest.mark.parametrize("name", ["withheld", "service_failed"])
def test_r33_an_empty_run_has_no_word_of_success(log_lines, name):
    text = plain(log_lines(name))
    assert "passed" not in text
    assert text.splitlines()[-1].startswith("exit ")


def test_r6_withheld_suites_name_the_flag(log_lines):
    last = plain(log_lines("withheld")).splitlines()[-1]
    assert last == "exit 5: nothing ran: every selected test was withheld; add --real-services"


def test_r25_a_failure_says_how_to_see_it_again(log_lines):
    text = plain(log_lines("mixture"))
    assert "    reproduce: utr suites/shop/test_cart.py::test_total\n" in text
    assert "    E       assert 6 == 7\n" in text
    assert "    | adding tea\n" in text


def test_quiet_leaves_the_figures_out(log_lines):
    text = plain(log_lines("mixture"), verbosity=-1, output="none")
    assert "slowest" not in text
    assert "adding tea" not in text
    assert "add --real-services" in text


def test_verbose_names_every_test(log_lines):
    text = plain(log_lines("all_passed"), verbosity=1)
    assert text.count("\nPASSED ") == 5
