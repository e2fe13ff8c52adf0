from __future__ import annotations

from types import SimpleNamespace

import pytest
from _pytest.fixtures import FixtureDef

from unified_test_runner.worker.child.utr_child.blame import Blame


def fixture(scope, error):
    """A fixture definition that fails to tear down."""

    class Failing(FixtureDef):
        def __init__(self) -> None:
            """Nothing of what pytest would need."""

        def finish(self, request=None):
            raise error

        scope = property(lambda self: self.kind)
        kind = scope

    made = Failing()
    type(made).kind = scope
    return made


def fault_of(made):
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - any
        made.finish()
    return caught.value


@pytest.mark.parametrize(
    ("scope", "expected"), [("session", "maker"), ("package", "maker"), ("module", "last")]
)
def test_the_test_for_which_a_fixture_was_made_answers(scope, expected):
    blame, made = Blame(), fixture(scope, ValueError("late"))
    blame.note(made, SimpleNamespace(_pyfuncitem="maker"))
    assert blame.answers(fault_of(made), "last") == expected


def test_a_fault_of_no_fixture_belongs_to_the_last_test():
    assert Blame().answers(ValueError("never raised"), "last") == "last"


def test_of_several_faults_the_first_decides():
    blame, made = Blame(), fixture("session", ValueError("late"))
    blame.note(made, SimpleNamespace(_pyfuncitem="maker"))
    several = RuntimeError("several")
    several.exceptions = (fault_of(made), ValueError("another"))
    assert blame.answers(several, "last") == "maker"


@pytest.mark.parametrize(
    ("scope", "module", "result", "is_alive"),
    [
        ("session", "conftest", (1, 0, None), True),
        ("package", "conftest", (1, 0, None), True),
        ("session", "conftest", None, False),
        ("session", "_pytest.tmpdir", (1, 0, None), False),
        ("module", "conftest", (1, 0, None), False),
    ],
)
def test_which_fixtures_may_hold_something(scope, module, result, is_alive):
    blame, made = Blame(), fixture(scope, ValueError())
    made.func, made.cached_result = SimpleNamespace(__module__=module), result
    blame.note(made, SimpleNamespace(_pyfuncitem="maker"))
    assert blame.is_any_alive() is is_alive
