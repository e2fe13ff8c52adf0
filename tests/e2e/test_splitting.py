"""Long files are divided between workers, and what that may do to a result is put right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Result

#: Tests wait for nothing but a clock, long enough for the other worker to come in between.
LONG = """
import os, time, pytest

@pytest.mark.parametrize("n", range(40))
def test_long(n):
    time.sleep(0.03)
"""
SHORT = "def test_short(): pass\n"


def workers_of(result: Result, path: str) -> set[int]:
    return {
        event["worker"]
        for event in result.of_kind("test_finished")
        if event["nodeid"].startswith(f"{path}::")
    }


def check_each_ended_once(result: Result, count: int) -> None:
    ends = Counter(
        (event["nodeid"], event.get("attempt", 1)) for event in result.of_kind("test_finished")
    )
    assert set(ends.values()) == {1}
    assert len(result.json["tests"]) == count, result


def test_an_idle_worker_takes_over_half_of_a_long_file(project):
    result = project({"test_a.py": LONG, "test_b.py": SHORT}).run("-n", "2")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 41}
    check_each_ended_once(result, 41)
    assert len(workers_of(result, "test_a.py")) == 2, result
    splits = result.of_kind("unit_split")
    taken = [event for event in result.of_kind("unit_started") if event.get("first")]
    assert {event["index"] for event in splits} == {event["start"] for event in taken}
    assert all(event["giver"] is not None for event in taken)


@pytest.mark.parametrize(
    "shared",
    [
        pytest.param("def setup_module(): pass\n", id="setup_module"),
        pytest.param(
            "@pytest.fixture(scope='module', autouse=True)\ndef shared(): pass\n", id="module"
        ),
        pytest.param("pytestmark = pytest.mark.xdist_group('one')\n", id="xdist_group"),
        pytest.param(
            "@pytest.fixture(scope='module')\ndef shared(): pass\n"
            "def test_late(request): request.getfixturevalue('shared')\n",
            id="asked for by a test",
        ),
        pytest.param(
            "class TestShared:\n"
            "    @classmethod\n"
            "    def setup_class(cls): pass\n"
            "    def test_one(self): pass\n",
            id="setup_class",
        ),
        pytest.param(
            "import unittest\n"
            "class TestShared(unittest.TestCase):\n"
            "    @classmethod\n"
            "    def setUpClass(cls): pass\n"
            "    def test_one(self): pass\n",
            id="setUpClass",
        ),
    ],
)
def test_a_file_whose_tests_share_something_stays_whole(project, shared):
    head, _, tests = LONG.partition("\n\n")
    late = "" if "test_late" not in shared else "test_late"
    text = f"{head}\n{shared}\n{tests}" if late or "class Test" not in shared else LONG + shared
    files = {"test_a.py": text, "test_b.py": SHORT}
    files["pyproject.toml"] = "[tool.pytest.ini_options]\nmarkers = ['xdist_group']\n"
    result = project(files).run("-n", "2")
    assert result.exit_code == 0, result
    assert len(workers_of(result, "test_a.py")) == 1, result
    assert not result.of_kind("unit_split")


def test_session_fixtures_and_plain_test_cases_do_not_hinder(project):
    text = (
        LONG + "import unittest\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def whole(): yield 1\n"
        "class TestCase(unittest.TestCase):\n"
        "    def test_case(self): pass\n"
    )
    result = project({"test_a.py": text, "test_b.py": SHORT}).run("-n", "2")
    assert result.exit_code == 0, result
    assert len(workers_of(result, "test_a.py")) == 2, result


#: The last tests pass only where the first one has run before, in the same process.
DEPENDENT = """
import time, pytest
seen = []

@pytest.mark.parametrize("n", range(40))
def test_long(n):
    time.sleep(0.03)
    seen.append(n)

def test_needs_the_first():
    assert 0 in seen

def test_fails_anyway():
    assert not seen and 0 not in seen, "as ever"

def test_comes_after(): pass
"""


def test_a_test_that_relies_on_earlier_ones_passes_and_is_named(project):
    made = project({"test_a.py": DEPENDENT, "test_b.py": SHORT})
    result = made.run("-n", "2")
    plain = made.pytest("-q")
    assert "1 failed, 42 passed" in plain.stdout.replace("43 passed", "42 passed"), plain.stdout
    assert result.exit_code == 1, result
    assert result.counts == {"passed": 43, "failed": 1}, result
    check_each_ended_once(result, 44)
    found = {test["nodeid"]: test for test in result.json["tests"]}
    needy = found["test_a.py::test_needs_the_first"]
    assert [attempt["outcome"] for attempt in needy["attempts"]] == ["failed", "passed"]
    assert needy["is_order_dependent"]
    assert "test_needs_the_first relies on earlier tests of its file" in result.stdout
    failed = found["test_a.py::test_fails_anyway"]
    assert [attempt["outcome"] for attempt in failed["attempts"]] == ["failed", "failed"]
    assert "is_order_dependent" not in failed
    again = [event for event in result.of_kind("test_finished") if event.get("attempt", 1) == 2]
    assert len({event["worker"] for event in again}) == 1
    assert sum(not event.get("is_context", False) for event in again) == 2
    assert "test_a.py::test_comes_after" not in {event["nodeid"] for event in again}


def test_a_file_that_proved_dependent_stays_whole_until_it_changes(project):
    made = project({"test_a.py": DEPENDENT, "test_b.py": SHORT})
    made.run("-n", "2")
    second = made.run("-n", "2")
    assert len(workers_of(second, "test_a.py")) == 1, second
    assert second.counts == {"passed": 43, "failed": 1}
    made.write({"test_a.py": DEPENDENT + "\n# changed\n"})
    third = made.run("-n", "2")
    assert third.of_kind("unit_split"), third


def test_ids_that_differ_between_processes_are_told_and_nothing_is_lost(project):
    text = """
    import os, time, pytest

    @pytest.mark.parametrize("n", [f"{os.getpid()}-{n}" for n in range(40)])
    def test_long(n):
        time.sleep(0.03)
    """
    result = project({"test_a.py": text, "test_b.py": SHORT}).run("-n", "2")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 41}
    assert "test_a.py has other tests in worker" in result.stdout, result


def test_a_file_that_imports_only_once_is_no_error(project):
    """A second import finds the port, here a file, taken; plain pytest would never see that."""
    text = LONG.replace("import os", "import os; os.mkdir('taken')\nimport os")
    made = project({"test_a.py": text, "test_b.py": SHORT})
    result = made.run("-n", "2")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 41}


@pytest.mark.parametrize("at", [0, 13, 39])
def test_a_crash_in_a_divided_file_is_one_test(project, at):
    text = LONG + f"    if n == {at}: os.abort()\n"
    result = project({"test_a.py": text, "test_b.py": SHORT}).run("-n", "2")
    assert result.exit_code == 1, result
    assert result.counts == {"passed": 40, "crashed": 1}
    assert result.outcomes[f"test_a.py::test_long[{at}]"] == "crashed"


def test_no_file_is_divided_where_the_first_failure_stops(project):
    made = project({"test_a.py": LONG, "test_b.py": SHORT})
    for options in (("-n", "2", "--maxfail", "1"), ("-n", "2", "--", "-x")):
        result = made.run(*options)
        assert not result.of_kind("unit_split"), result


CATALOGUE = """
version: 1
suites:
  one:
    paths: [tests]
    keep_together: {mode}
"""
CLASSES = """
import time, pytest

@pytest.fixture(scope="class", autouse=True)
def shared(): yield

""" + "\n".join(
    f"class Test{name}:\n"
    f"    @pytest.mark.parametrize('n', range(10))\n"
    f"    def test_long(self, n): time.sleep(0.03)\n"
    for name in "ABCD"
)


def classes_by_worker(result: Result) -> list[tuple[str, int]]:
    found: dict[tuple[str, int], Any] = {}
    for event in result.of_kind("test_finished"):
        if "test_a.py" in event["nodeid"]:
            found[event["nodeid"].split("::")[1], event["worker"]] = True
    return list(found)


@pytest.mark.parametrize("mode", ["auto", "file", "class", "test"])
def test_keep_together_says_where_a_file_may_be_divided(project, mode):
    files = {
        "tests/test_a.py": CLASSES,
        "tests/test_b.py": SHORT,
        "config/catalogue.yaml": CATALOGUE.format(mode=mode),
    }
    result = project(files).run("-n", "2")
    assert result.exit_code == 0, result
    pairs = classes_by_worker(result)
    workers = {worker for _, worker in pairs}
    if mode in {"auto", "file"}:
        assert len(workers) == 1, result
    elif mode == "class":
        assert len(workers) == 2, result
        assert len(pairs) == 4, "a class was torn apart"
    else:
        assert len(workers) == 2, result
        assert len(result.of_kind("unit_split")) >= 1


def test_a_suite_kept_together_runs_on_one_worker_in_order(project):
    files = {f"tests/test_{n}.py": LONG.replace("40", "3") for n in range(4)}
    files["config/catalogue.yaml"] = CATALOGUE.format(mode="suite")
    files["other/test_other.py"] = SHORT
    files["other/test_more.py"] = LONG
    result = project(files).run("-n", "2")
    assert result.exit_code == 0, result
    mine = [e for e in result.of_kind("unit_started") if e["path"].startswith("tests/")]
    assert len({event["worker"] for event in mine}) == 1, result
    assert [event["path"] for event in mine] == [f"tests/test_{n}.py" for n in range(4)]


def test_files_with_one_xdist_group_run_on_one_worker(project):
    marked = (
        "import pytest, time\npytestmark = pytest.mark.xdist_group(name='db')\n"
        "def test_one(): time.sleep(0.05)\n"
    )
    files = {"pyproject.toml": "[tool.pytest.ini_options]\nmarkers = ['xdist_group']\n"}
    for number in range(8):
        files[f"test_{number}.py"] = marked if number % 2 else marked.replace("'db'", f"'{number}'")
    result = project(files).run("-n", "2")
    assert result.exit_code == 0, result
    mine = [
        e
        for e in result.of_kind("unit_started")
        if e["path"] in "test_1.py test_3.py test_5.py test_7.py"
    ]
    assert len({event["worker"] for event in mine}) == 1, result
    assert [event["path"] for event in mine] == [f"test_{n}.py" for n in (1, 3, 5, 7)]
    assert len({event["worker"] for event in result.of_kind("unit_started")}) == 2
