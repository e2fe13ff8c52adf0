"""Every test several times: in the same workers, and never green when one repetition failed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Make = Callable[..., Any]
#: Fails in the repetitions given, counted in the process.
COUNTS = """
SEEN = []
def test_good(): pass
def test_bad():
    SEEN.append(1)
    assert len(SEEN) not in {bad}
"""
LEFTOVERS = '''
import unittest
import hypothesis
import hypothesis.strategies
import pytest

def shared():
    """
    >>> leftover
    Traceback (most recent call last):
    NameError: name 'leftover' is not defined
    >>> leftover = 1
    """

class TestOuter:
    @pytest.fixture
    def number(self, number):
        return number + 1
    def test_fixture_is_applied_once(self, number):
        assert number == 2
    def test_instance_is_new(self):
        assert not hasattr(self, "leftover")
        self.leftover = 1

@pytest.fixture
def number():
    return 1

class TestKinds:
    def setup_method(self):
        assert not hasattr(self, "is_set_up")
        self.is_set_up = True
    @hypothesis.given(hypothesis.strategies.booleans())
    def test_hypothesis(self, x):
        assert self.is_set_up

class TestOfNoInstance:
    @staticmethod
    def test_static():
        pass
    @classmethod
    def test_class(cls):
        pass

class TestUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.up = getattr(cls, "up", 0) + 1
    @classmethod
    def tearDownClass(cls):
        cls.up -= 1
    def test_unit(self):
        assert not hasattr(self, "leftover")
        self.leftover = self.up
        assert self.up == 1

@pytest.mark.parametrize("x", [1, 2])
def test_properties_are_new(record_property, request, capsys, x):
    assert request.node.user_properties == []
    record_property("x", x)
    print("said")

@pytest.fixture(scope="module")
def built(request):
    request.module.BUILT = getattr(request.module, "BUILT", 0) + 1
    yield
    request.module.BUILT -= 1

def test_module_fixture_is_made_anew(built, request):
    assert request.module.BUILT == 1
'''


def test_every_test_runs_so_often_and_counts_once(project: Make) -> None:
    files = {f"tests/test_{name}.py": COUNTS.format(bad=(0,)) for name in "abc"}
    result = project(files).run("--repeat", "4", "-n", "1")
    assert (result.counts, result.exit_code) == ({"passed": 6}, 0), result
    assert {test["repetitions"] for test in result.json["tests"]} == {4}
    ran = [(e["nodeid"], e.get("repetition", 1)) for e in result.of_kind("test_finished")]
    assert len(ran) == len(set(ran)) == 24
    # All files once, then all files again, in one worker.
    paths = [event["path"] for event in result.of_kind("unit_started")]
    assert paths == [f"tests/test_{name}.py" for name in "abc"] * 4
    assert len(result.of_kind("worker_started")) == 1
    assert "4 repetitions" in result.stdout.splitlines()[-1]


def test_one_repetition_that_fails_makes_the_test_fail(project: Make) -> None:
    made = project({"tests/test_a.py": COUNTS.format(bad=(2, 5, 6))})
    result = made.run("--repeat", "20", "--junit-xml", "junit.xml")
    assert (result.counts, result.exit_code) == ({"passed": 1, "failed": 1}, 1), result
    assert "failed 3 of 20 repetitions" in result.stdout
    (bad,) = [test for test in result.json["tests"] if test["outcome"] == "failed"]
    assert (bad["repetitions"], bad["bad_repetitions"]) == (20, 3)
    assert [attempt["number"] for attempt in bad["attempts"]] == [2, 5, 6, 20]
    root = ET.parse(made.root / "junit.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert (
        made.call("replay", str(result.log)).stdout.splitlines()[-1]
        == (result.stdout.splitlines()[-1])
    )


@pytest.mark.parametrize("collect", ["lazy", "whole"])
def test_repetitions_find_nothing_that_pytest_itself_would_have_undone(
    project: Make, collect: str
) -> None:
    result = project({"tests/test_a.py": LEFTOVERS}).run(
        "--repeat", "3", "--collect", collect, "--", "--doctest-modules"
    )
    assert (set(result.outcomes.values()), result.exit_code) == ({"passed"}, 0), result
    assert {test["repetitions"] for test in result.json["tests"]} == {3}


def test_what_tests_leave_in_their_process_is_seen_by_the_next_repetition(project: Make) -> None:
    text = "SEEN = []\ndef test_a():\n assert not SEEN\n SEEN.append(1)\n"
    result = project({"tests/test_a.py": text}).run("--repeat", "2")
    assert (result.counts, result.exit_code) == ({"failed": 1}, 1), result


def test_a_crash_costs_one_repetition_of_one_test(project: Make) -> None:
    text = """
import os
from pathlib import Path
def test_before(): pass
def test_crash():
    with Path(__file__).with_name("count").open("a+") as count:
        count.write("x")
        count.seek(0)
        number = len(count.read())
    if number == 2:
        os._exit(3)
def test_after(): pass
"""
    result = project({"tests/test_a.py": text}).run("--repeat", "4")
    assert (result.counts, result.exit_code) == ({"passed": 2, "crashed": 1}, 1), result
    assert {test["repetitions"] for test in result.json["tests"]} == {4}


def test_a_session_fixture_that_fails_at_the_end_is_the_last_repetitions(project: Make) -> None:
    text = """
import pytest
@pytest.fixture(scope="session")
def it():
    yield
    assert 0, "at the end"
def test_a(it): pass
"""
    result = project({"tests/test_a.py": text}).run("--repeat", "3")
    (test,) = result.json["tests"]
    assert (test["outcome"], test["repetitions"], test["bad_repetitions"]) == ("error", 3, 1)


@pytest.mark.parametrize("bad", ["import missing_module_of_mine", "def test_a(:"])
def test_a_broken_file_is_one_error_however_often(project: Make, bad: str) -> None:
    files = {"tests/test_a.py": bad, "tests/test_b.py": "def test_b(): pass"}
    result = project(files).run("--repeat", "3")
    assert (result.counts, result.exit_code) == ({"error": 1, "passed": 1}, 1), result


def test_until_fail_stops_at_the_first_failure_and_tells_which(project: Make) -> None:
    result = project({"tests/test_a.py": COUNTS.format(bad=(5, 7))}).run("--repeat-until-fail")
    assert (result.counts, result.exit_code) == ({"passed": 1, "failed": 1}, 1), result
    (bad,) = [test for test in result.json["tests"] if test["outcome"] == "failed"]
    assert (bad["repetitions"], bad["bad_repetitions"]) == (5, 1)
    assert "repetition 5" in result.stdout


def test_until_fail_has_a_bound_if_one_is_given(project: Make) -> None:
    result = project({"tests/test_a.py": COUNTS.format(bad=(9,))}).run(
        "--repeat-until-fail", "--repeat", "4"
    )
    assert (result.counts, result.exit_code) == ({"passed": 2}, 0), result
    assert "4 repetitions" in result.stdout


def test_until_fail_ends_with_an_interrupt_and_a_summary(project: Make) -> None:
    made = project({"tests/test_a.py": "def test_a(): pass\n"})
    process, _ = made.start("--repeat-until-fail")
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "repetition 3" in line:
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 2, (seen, rest)
    assert "1 passed in" in rest
    assert "exit 2: interrupted by SIGINT" in rest


@pytest.mark.parametrize("options", [["--repeat-until-fail"], ["--repeat", "1000000"]], ids=str)
def test_repeating_nothing_ends_at_once(project: Make, options: list[str]) -> None:
    text = "import pytest\n@pytest.mark.skip(reason='not here')\ndef test_a(): pass\n"
    result = project({"tests/test_a.py": text, "tests/test_b.py": text}).run(*options)
    assert (result.counts, result.exit_code) == ({"skipped": 2}, 5), result


@pytest.mark.parametrize("option", [["--repeat", "2"], ["--repeat-until-fail"]], ids=str)
def test_retries_and_repetitions_exclude_each_other(project: Make, option: list[str]) -> None:
    made = project({"tests/test_a.py": "def test_a(): pass\n"})
    result = made.call("--retries", "1", *option)
    assert (result.exit_code, result.stdout) == (4, "")
    assert f"--retries and {option[0]} exclude each other" in result.stderr


def test_repetitions_leave_the_retries_of_a_catalogue_out(project: Make) -> None:
    files = {
        "config/catalogue.yaml": "version: 1\ndefaults: {retries: 3}\n",
        "tests/test_a.py": COUNTS.format(bad=(1,)),
    }
    result = project(files).run("--repeat", "2")
    assert (result.counts, result.exit_code) == ({"passed": 1, "failed": 1}, 1), result
