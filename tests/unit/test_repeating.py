from __future__ import annotations

import itertools

from unified_test_runner.model import UnitKey
from unified_test_runner.repeating import Repetitions
from unified_test_runner.steps import UnitPlan


def test_there_are_as_many_repetitions_as_wanted():
    repetitions = Repetitions(3)
    assert [repetitions.begin_next() for _ in range(4)] == [True, True, False, False]


def test_one_is_no_repetition():
    assert not Repetitions(1).begin_next()


def test_without_a_bound_there_is_always_another():
    repetitions = Repetitions(0)
    assert all(repetitions.begin_next() for _ in itertools.repeat(None, 1000))


def test_units_carry_the_number_of_their_repetition():
    repetitions = Repetitions(2)
    unit = UnitPlan(key=UnitKey(path="a.py"), suite="s", size_bytes=3)
    repetitions.begin_next()
    (again,) = repetitions.plans([unit])
    assert (again.key, again.suite, again.size_bytes, again.repetition) == (unit.key, "s", 3, 2)
    assert again.is_extra
    assert not unit.is_extra
