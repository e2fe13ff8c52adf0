"""A run in the order of another one: the same files, on the same slots, in the same workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

#: Files that end in another order in each run, so that an order kept by chance is unlikely.
UNEVEN = {
    f"tests/{folder}/test_{folder}{name}.py": f"""
        import os, random, pytest

        pytestmark = pytest.mark.xdist_group("file {folder}{name}")  # is not divided

        @pytest.mark.parametrize("n", range({3 + 7 * (number % 3)}))
        def test_{name}(n):
            rounds = random.SystemRandom().randrange(20_000)
            assert sum(range(rounds)) >= 0
        """
    for number, (folder, name) in enumerate((f, n) for f in "xy" for n in "abcdefg")
}


def taken(result: Any) -> dict[int, list[list[str]]]:
    """Slot → files in the order in which they were taken, worker by worker."""
    slots = {event["worker"]: event["slot"] for event in result.of_kind("worker_started")}
    stints: dict[int, list[str]] = {}
    for event in result.of_kind("unit_started"):
        stints.setdefault(event["worker"], []).append(event["path"])
    found: dict[int, list[list[str]]] = {}
    for worker, paths in sorted(stints.items()):
        found.setdefault(slots[worker], []).append(paths)
    return found


def warnings_of(result: Any) -> list[str]:
    return [e["message"] for e in result.of_kind("notice") if e["level"] == "warning"]


@pytest.mark.parametrize("workers", ["2", "3", "4"])
def test_the_same_files_in_the_same_order_on_the_same_slots(project: Make, workers: str) -> None:
    made = project(UNEVEN)
    first = made.run("-n", workers)
    assert first.exit_code == 0, first
    assert sum(len(s) for stints in taken(first).values() for s in stints) == len(UNEVEN)
    (folder,) = (made.root / ".unified-test-runner" / "runs").iterdir()
    for run in (folder.name, str(folder), str(first.log)):
        again = made.run("--order-from", run)
        assert again.exit_code == 0, again
        assert taken(again) == taken(first)
        assert warnings_of(again) == []
        assert again.outcomes == first.outcomes


def test_groups_of_suites_keep_their_slots(project: Make) -> None:
    catalogue = """
        version: 1
        suites:
          x: {paths: [tests/x], env: {WHO: x}}
          y: {paths: [tests/y], env: {WHO: y}}
        """
    made = project({**UNEVEN, "config/catalogue.yaml": catalogue})
    first = made.run("-n", "3")
    again = made.run("--order-from", str(first.log))
    assert again.exit_code == first.exit_code == 0, again
    assert taken(again) == taken(first)


def test_a_module_and_its_doctests_keep_their_places(project: Make) -> None:
    text = "def test_it():\n    '''\n    >>> 1 + 1\n    2\n    '''\n"
    made = project({f"test_{name}.py": text for name in "abcdef"})
    first = made.run("-n", "2", "--", "--doctest-modules")
    again = made.run("--order-from", str(first.log), "--", "--doctest-modules")
    # By slots: a worker that was too late for anything is not there a second time.
    slots, slots_again = (
        {event["worker"]: event["slot"] for event in run.of_kind("worker_started")}
        for run in (first, again)
    )
    keys = [
        {
            (numbers[e["worker"]], e["path"], e.get("collector", "Module"))
            for e in run.of_kind("unit_started")
        }
        for run, numbers in ((first, slots), (again, slots_again))
    ]
    assert len(keys[0]) == 12
    assert keys[0] == keys[1]


def test_files_that_are_collected_at_once_keep_their_places(project: Make) -> None:
    """Also where a test was added, by which such a file goes under another key."""
    made = project(UNEVEN)
    first = made.run("-n", "2", "--collect", "whole")
    path = "tests/x/test_xc.py"
    made.write({path: "def test_one(): pass\ndef test_two(): pass\n"})
    again = made.run("--order-from", str(first.log), "--collect", "whole")
    assert again.exit_code == 0, again
    assert taken(again) == taken(first)


CRASHING = {
    "test_a.py": "def test_a(): pass\n",
    "test_b.py": """
        import os
        def test_b1(): pass
        def test_b2():
            if os.environ.get("CRASH") == "b": os._exit(9)
        def test_b3(): pass
        """,
    "test_c.py": "def test_c(): pass\n",
    "test_d.py": "def test_d(): pass\n",
}


@pytest.mark.parametrize("crashes", ["b", ""])
def test_a_worker_that_was_replaced_is_replaced_again(project: Make, crashes: str) -> None:
    """Also where it does not die now: what followed ran in a fresh process."""
    made = project(CRASHING)
    first = made.run("-n", "1", CRASH="b")
    after = ["test_c.py", "test_d.py"]
    assert taken(first) == {0: [["test_a.py", "test_b.py"], ["test_b.py", *after]]}
    again = made.run("--order-from", str(first.log), CRASH=crashes)
    rest = ["test_b.py"] if crashes else []
    assert taken(again) == {0: [["test_a.py", "test_b.py"], [*rest, *after]]}
    assert again.outcomes["test_b.py::test_b2"] == ("crashed" if crashes else "passed")
    assert len(again.outcomes) == 6


def test_a_worker_that_dies_only_now_is_replaced_on_its_slot(project: Make) -> None:
    made = project(CRASHING)
    first = made.run("-n", "2")
    again = made.run("--order-from", str(first.log), CRASH="b")
    for slot, ((*then,), *_) in taken(first).items():
        stints = taken(again)[slot]
        if "test_b.py" in then:
            at = then.index("test_b.py")
            assert stints == [then[: at + 1], then[at:]]
        else:
            assert stints == [then]
    assert again.outcomes["test_b.py::test_b2"] == "crashed"
    assert again.outcomes["test_b.py::test_b3"] == "passed"


def test_files_that_came_or_went_are_told(project: Make) -> None:
    made = project(UNEVEN)
    first = made.run("-n", "2")
    made.write({"tests/x/test_new.py": "def test_new(): pass\n"})
    again = made.run("--order-from", str(first.log), "tests/x")
    assert again.exit_code == 0, again
    left_out, added = warnings_of(again)
    assert left_out.startswith(f"7 files of run '{first.log}' are not selected now and left out: ")
    assert added == f"1 file is not in run '{first.log}' and runs at the end: tests/x/test_new.py"
    for slot, stints in taken(again).items():
        ((*paths,),) = stints
        if "tests/x/test_new.py" in paths:
            assert paths.pop() == "tests/x/test_new.py"
        assert paths == [p for s in taken(first)[slot] for p in s if p.startswith("tests/x/")]


def test_a_log_that_was_cut_gives_the_order_as_far_as_it_goes(project: Make) -> None:
    made = project(UNEVEN)
    first = made.run("-n", "2")
    lines = first.log.read_text().splitlines(keepends=True)
    starts = [n for n, line in enumerate(lines) if '"kind":"unit_started"' in line]
    cut = made.root / "cut.jsonl"
    cut.write_text("".join(lines[: starts[5] + 1]) + lines[starts[5] + 1][:9])
    again = made.run("--order-from", str(cut))
    assert again.exit_code == 0, again
    (added,) = warnings_of(again)
    assert added.startswith(f"{len(UNEVEN) - 6} files are not in run")
    known = {json.loads(line)["path"] for line in (lines[n] for n in starts[:6])}
    for slot, ((*then,), *_) in taken(first).items():
        recorded = [path for path in then if path in known]
        assert taken(again)[slot][0][: len(recorded)] == recorded


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["absent"], "there is no recorded run 'absent' (hint: the last run here is 2"),
        ([""], "there is no recorded run ''"),
        (["."], "there is no recorded run '.'"),
        (["pyproject.toml"], "'pyproject.toml' is not the log of a run"),
        (["test_a.py"], "not an event"),
        (["{log}", "-n", "3"], "had 2 workers, not 3: its order cannot be repeated"),
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused(project: Make, options: list[str], words: str) -> None:
    made = project(CRASHING)
    first = made.run("-n", "2")
    given = [each.format(log=first.log) for each in options]
    result = made.call("--order-from", *given)
    assert result.exit_code == 4, result
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
