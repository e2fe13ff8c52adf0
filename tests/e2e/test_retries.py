"""Failed tests run again, alone in a fresh worker; one that passes then is flaky."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Make = Callable[..., Any]
#: Does something bad the first time it is called with a name, nothing afterwards.
ONCE = """
import os, signal, sys, threading, unittest
from pathlib import Path
import pytest
def once(name, act):
    mark = Path(__file__).with_name(name + ".done")
    if not mark.exists():
        mark.touch()
        act()
def fail():
    assert False, "the first time"
def hang():
    threading.Event().wait(600)
"""
FLAKY = {
    "failure": "def test_bad(): once('a', fail)",
    "crash": "def test_bad(): once('a', lambda: os._exit(3))",
    "signal": "def test_bad(): once('a', lambda: os.kill(os.getpid(), signal.SIGSEGV))",
    "hang": "def test_bad(): once('a', hang)",
    "exit": "def test_bad(): once('a', lambda: pytest.exit('enough'))",
    "strict xpass": "@pytest.mark.xfail(strict=True, reason='r')\n"
    "def test_bad():\n once('a', lambda: sys.settrace(None) or pytest.skip.Exception)\n"
    " assert Path(__file__).with_name('b.done').exists(), once('b', lambda: None)",
    "method": "class TestIt:\n def test_bad(self): once('a', fail)",
    "unittest": "class TestIt(unittest.TestCase):\n def test_bad(self): once('a', fail)",
    "set-up": "@pytest.fixture\ndef it(): once('a', fail)\ndef test_bad(it): pass",
    "session teardown": "@pytest.fixture(scope='session')\ndef it():\n yield\n once('a', fail)\n"
    "def test_bad(it): pass",
    "module teardown": "@pytest.fixture(scope='module')\ndef it():\n yield\n once('a', fail)\n"
    "def test_bad(it): pass",
    "damage": "def test_bad():\n os.close(1)\n once('a', fail)",
}
del FLAKY["strict xpass"]  # see the test of its own below
LIMIT = ("--timeout", "3s")


@pytest.mark.parametrize("bad", FLAKY.values(), ids=FLAKY)
def test_a_test_that_passes_on_a_retry_is_flaky(project: Make, bad: str) -> None:
    made = project({"tests/test_a.py": f"{ONCE}\n{bad}\ndef test_good(): pass\n"})
    result = made.run("--retries", "2", *LIMIT)
    assert result.exit_code == 0, result
    assert result.counts == {"flaky": 1, "passed": 1}, result
    (flaky,) = [test for test in result.json["tests"] if test["outcome"] == "flaky"]
    assert [attempt["number"] for attempt in flaky["attempts"]] == [1, 2]
    first, second = flaky["attempts"]
    assert second["worker"] not in {first["worker"], 0}
    nodeid = flaky["nodeid"]
    assert f"FLAKY {nodeid}" in result.stdout
    assert f"reproduce: unified-test-runner {nodeid}" in result.stdout
    # Of all tests only that one was run again.
    again = [event for event in result.of_kind("test_finished") if event.get("attempt", 1) > 1]
    assert [event["nodeid"] for event in again] == [nodeid]


def test_a_strict_xpass_is_retried_like_any_failure(project: Make) -> None:
    bad = """
@pytest.mark.xfail(strict=True, reason="it must fail")
def test_bad():
    if Path(__file__).with_name("a.done").exists():
        assert False
    once("a", lambda: None)
"""
    result = project({"tests/test_a.py": ONCE + bad}).run("--retries", "1")
    assert [a["outcome"] for a in result.json["tests"][0]["attempts"]] == ["failed", "xfailed"]
    assert (result.counts, result.exit_code) == ({"flaky": 1}, 0), result


def test_a_test_that_never_passes_has_failed(project: Make) -> None:
    made = project({"tests/test_a.py": "def test_bad(): assert 0\ndef test_good(): pass\n"})
    result = made.run("--retries", "2")
    (bad,) = [test for test in result.json["tests"] if test["outcome"] == "failed"]
    assert len(bad["attempts"]) == 3, result
    assert len({attempt["worker"] for attempt in bad["attempts"]}) == 3
    assert "failed 3 of 3 attempts" in result.stdout
    assert (result.exit_code, result.json["totals"]["failed"]) == (1, 1), result


def test_parameters_of_any_spelling_are_found_again(project: Make) -> None:
    names = ["a b", "a::b", "[x]", "é☃", "new\nline", "it's", "a-b", "a", "\ud800", ""]
    text = f"""{ONCE}
@pytest.mark.parametrize("x", {names!a})
def test_p(x, request): once("p%d" % {names!a}.index(x), fail)
"""
    result = project({"tests/test_a.py": text}).run("--retries", "1")
    assert (result.counts, result.exit_code) == ({"flaky": len(names)}, 0), result


def test_of_tests_with_one_id_the_one_that_failed_is_run_again(project: Make) -> None:
    conftest = """
import pytest
def pytest_pycollect_makeitem(collector, name, obj):
    if name == "test_p":
        return [
            pytest.Function.from_parent(collector, name=name, callobj=lambda x=x: obj(x))
            for x in range(3)
        ]
"""
    text = f"""{ONCE}
def test_p(x):
    with Path(__file__).with_name("ran").open("a") as ran:
        ran.write(str(x))
    if x == 1:
        once("a", fail)
"""
    made = project({"tests/test_a.py": text, "tests/conftest.py": conftest})
    result = made.run("--retries", "1")
    assert (made.root / "tests" / "ran").read_text() == "0121", result
    outcomes = {test["occurrence"]: test["outcome"] for test in result.json["tests"]}
    assert outcomes == {0: "passed", 1: "flaky", 2: "passed"}


def test_retries_where_everything_is_collected_first(project: Make) -> None:
    text = f"{ONCE}\ndef test_flaky(): once('a', fail)\ndef test_bad(): assert 0\n"
    files = {"tests/test_a.py": text, "tests/test_b.py": "def test_b(): pass\n"}
    result = project(files).run("--retries", "2", "--collect", "whole")
    assert result.counts == {"flaky": 1, "failed": 1, "passed": 1}, result
    attempts = {test["outcome"]: len(test["attempts"]) for test in result.json["tests"]}
    assert attempts == {"flaky": 2, "failed": 3, "passed": 1}


def test_a_module_and_its_doctests_are_told_apart(project: Make) -> None:
    text = f'''{ONCE}
def double(x):
    """
    >>> once("a", fail)
    >>> double(2)
    4
    """
    return 2 * x
def test_double(): assert double(1) == 2
'''
    result = project({"tests/test_a.py": text}).run("--retries", "1", "--", "--doctest-modules")
    assert result.outcomes == {
        "tests/test_a.py::test_a.double": "flaky",
        "tests/test_a.py::test_double": "passed",
    }, result


def test_an_id_that_exists_no_more_is_told_and_its_failure_stands(project: Make) -> None:
    text = "import os, pytest\n@pytest.mark.parametrize('x', [str(os.getpid())])\n"
    result = project({"tests/test_a.py": f"{text}def test_p(x): assert 0\n"}).run("--retries", "2")
    assert (result.counts, result.exit_code) == ({"failed": 1}, 1), result
    assert "could not be run again" in result.stdout


@pytest.mark.parametrize(
    ("breaks", "outcome"),
    [("assert 0", "error"), ("os._exit(3)", "crashed"), ("hang()", "timed_out")],
    ids=["error", "crash", "hang"],
)
def test_a_file_that_cannot_be_had_any_more_is_a_failed_attempt(
    project: Make, breaks: str, outcome: str
) -> None:
    text = f"{ONCE}\nif Path(__file__).with_name('a.done').exists(): {breaks}\n"
    made = project({"tests/test_a.py": f"{text}def test_bad(): once('a', fail)\n"})
    result = made.run("--retries", "1", *LIMIT)
    (test,) = result.json["tests"]
    assert [attempt["outcome"] for attempt in test["attempts"]] == ["failed", outcome], result
    assert (test["kind"], result.exit_code) == ("test", 1)


def test_files_that_do_not_import_are_not_retried(project: Make) -> None:
    result = project({"tests/test_a.py": f"{ONCE}\nonce('a', fail)\n"}).run("--retries", "3")
    assert [len(test["attempts"]) for test in result.json["tests"]] == [1], result
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("options", "is_retried"),
    [
        ([], False),
        (["--retries-max-failures", "11"], True),
        (["--retries-max-failures", "10"], False),
    ],
    ids=["default", "above", "below"],
)
def test_a_broken_build_is_not_retried(project: Make, options: list[str], is_retried: bool) -> None:
    text = f"{ONCE}\n@pytest.mark.parametrize('x', range(11))\ndef test_p(x): once(str(x), fail)\n"
    result = project({"tests/test_a.py": text}).run("--retries", "1", *options)
    assert result.counts == {"flaky" if is_retried else "failed": 11}, result
    notices = [event["message"] for event in result.of_kind("notice")]
    assert any("not run again: more than 10 failures" in text for text in notices) is not is_retried


@pytest.mark.parametrize(("choice", "code"), [("fail", 1), ("report", 0)])
def test_what_flaky_tests_come_to_is_a_choice(project: Make, choice: str, code: int) -> None:
    made = project({"tests/test_a.py": f"{ONCE}\ndef test_bad(): once('a', fail)\n"})
    result = made.run("--retries", "1", "--flaky", choice)
    assert (result.exit_code, result.json["exit_code"]) == (code, code), result
    assert ("1 test passed only on a retry" in result.stdout) is bool(code)
    assert made.call("replay", str(result.log)).exit_code == code


def test_nothing_is_retried_after_an_early_stop(project: Make) -> None:
    text = f"{ONCE}\ndef test_bad(): once('a', fail)\ndef test_good(): pass\n"
    result = project({"tests/test_a.py": text}).run("--retries", "2", "-x")
    assert result.counts == {"failed": 1, "not_run": 1}, result
    assert "1 failed test was not run again: " in result.stdout


def test_failures_of_retries_do_not_count_for_maxfail(project: Make) -> None:
    text = "def test_bad(): assert 0\ndef test_good(): pass\n"
    result = project({"tests/test_a.py": text}).run("--retries", "3", "--maxfail", "2")
    assert [len(test["attempts"]) for test in result.json["tests"]] == [4, 1], result


def test_the_end_of_the_run_leaves_outcomes_as_they_were(project: Make) -> None:
    bad = "def test_bad():\n once('a', fail)\n once('b', hang)\n"
    result = project({"tests/test_a.py": f"{ONCE}\n{bad}def test_worse(): assert 0\n"}).run(
        "--retries", "2", "--run-timeout", "8s"
    )
    assert set(result.outcomes.values()) == {"failed"}, result
    assert (result.exit_code, result.json["errors"][0]["exit_code"]) == (1, 11)


def test_the_catalogue_says_how_often_and_the_command_line_overrules_it(project: Make) -> None:
    catalogue = """
version: 1
defaults: {retries: 1}
categories: {careful: {retries: 2}}
suites:
  plain: {paths: [tests/plain]}
  careful: {paths: [tests/careful], category: careful}
  never: {paths: [tests/never], category: careful, retries: 0}
"""
    made = project({"config/catalogue.yaml": catalogue})
    for name in ("plain", "careful", "never"):
        made.write({f"tests/{name}/test_{name}.py": "def test_bad(): assert 0\n"})
    said = {test["suite"]: len(test["attempts"]) for test in made.run().json["tests"]}
    assert said == {"plain": 2, "careful": 3, "never": 1}
    told = {
        test["suite"]: len(test["attempts"]) for test in made.run("--retries", "0").json["tests"]
    }
    assert set(told.values()) == {1}


def test_junit_readers_see_each_test_once_with_its_reruns(project: Make) -> None:
    text = f"{ONCE}\ndef test_flaky(): once('a', fail)\ndef test_bad(): assert 0\n"
    made = project({"tests/test_a.py": text})
    made.run("--retries", "1", "--junit-xml", "junit.xml")
    root = ET.parse(made.root / "junit.xml").getroot()
    found = {
        case.get("name"): [child.tag for child in case if child.tag != "properties"]
        for case in root.iter("testcase")
    }
    assert found == {"test_flaky": ["flakyFailure"], "test_bad": ["failure", "rerunFailure"]}
    assert root.get("failures") == "1"


#: Of its last tests one needs the first, one fails wherever it runs but for the last time.
DIVIDED = """
import pathlib, time, pytest
seen = []

@pytest.mark.parametrize("n", range(40))
def test_long(n):
    time.sleep(0.03)
    seen.append(n)

def test_needs_the_first():
    assert 0 in seen

def test_fails_twice():
    tries = pathlib.Path("tries")
    before = tries.read_text() if tries.exists() else ""
    tries.write_text(before + "x")
    assert len(before) >= 2
"""


def test_what_failed_apart_runs_in_order_first_and_only_then_again(project):
    files = {"test_a.py": DIVIDED, "test_b.py": "def test_b(): pass\n"}
    result = project(files).run("-n", "2", "--retries", "1")
    assert result.exit_code == 0, result
    assert result.of_kind("unit_split"), result
    found = {
        test["nodeid"].partition("::")[2]: (
            test["outcome"],
            [(attempt["number"], attempt["outcome"]) for attempt in test["attempts"]],
        )
        for test in result.json["tests"]
        if len(test["attempts"]) > 1
    }
    assert found == {
        "test_needs_the_first": ("passed", [(1, "failed"), (2, "passed")]),
        "test_fails_twice": ("flaky", [(1, "failed"), (2, "failed"), (3, "passed")]),
    }
    (again,) = [event for event in result.of_kind("unit_started") if event.get("attempt", 1) > 1]
    assert (again["attempt"], again.get("start", 0)) == (3, 0)


def test_a_repeated_file_is_not_divided(project):
    files = {"test_a.py": DIVIDED, "test_b.py": "def test_b(): pass\n"}
    result = project(files).run("-n", "2", "--repeat", "2", "-k", "test_long or test_b")
    assert result.exit_code == 0, result
    assert not result.of_kind("unit_split"), result
    assert len(result.json["tests"]) == 41
