"""What the scheduler is told and what it answers. Data only.

Inputs are facts the engine has observed, actions are what it must now do. Workers, slots and
groups are plain numbers here; nothing in this vocabulary can touch a process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.light import dataclass
from unified_test_runner.model import Outcome

if TYPE_CHECKING:
    from unified_test_runner.model import UnitKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One test of a unit, to be run once more. `nth`: which of the unit's tests of that id.

    `occurrence` and `attempt` are what the attempt is booked under.
    """

    nodeid: str
    nth: int
    occurrence: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlan:
    """A unit as first foreseen or as walked: its key, its suite and its size.

    `keep_together` is the catalogue's word on what must not be divided between workers. Units
    of one `bundle`, where they have one, run on one worker, in order. Two units with one of
    their `locks` in common never run at once, and one that `is_serial` never beside another.
    `is_urgent`: it goes before all that are not. With `again` it stands for that one test, and
    has a worker to itself. `repetition` counts from 1.
    """

    key: UnitKey
    suite: str
    size_bytes: int = 0
    keep_together: str = "auto"
    bundle: str = ""
    locks: frozenset[str] = frozenset()
    is_serial: bool = False
    is_urgent: bool = False
    again: Again | None = None
    repetition: int = 1

    @property
    def is_extra(self) -> bool:
        """Whether its tests have an outcome already, which stands if this unit is not run."""
        return self.again is not None or self.repetition > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """A group of units that may share a worker, in natural order."""

    index: int
    units: tuple[UnitPlan, ...]


# --- inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The run starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOpened:
    """The services of a slot are ready for a worker."""

    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFailed:
    """The services of a slot cannot be had."""

    slot: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotClosed:
    """The namespaces of a slot are gone; it may be opened again."""

    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerWalked:
    """A worker is ready. `units` are those of its walk that were selected."""

    worker: int
    units: tuple[UnitPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMisfit:
    """A worker ends before its walk, through no fault of the tests; another may begin."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFailed:
    """Pytest cannot be started or configured for a group: none of its workers could."""

    group: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitBegun:
    """A worker starts to collect the unit it was given."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCollected:
    """A worker knows the tests of its unit."""

    worker: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestBegun:
    """A worker starts a test of its unit."""

    __test__ = False
    worker: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDone:
    """The running test of a worker is over, after so many seconds."""

    __test__ = False
    worker: int
    is_bad: bool = False
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A worker gives away what it holds of its unit from test number `index` on."""

    worker: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A worker must run its unit to the end by itself."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsPassed:
    """A worker began and passed `count` tests in a row, the last of them at `index`."""

    __test__ = False
    worker: int
    index: int
    count: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDone:
    """A worker is done with its unit; `ran` of its tests are behind it."""

    worker: int
    ran: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitUnknown:
    """A worker's walk does not have the unit it was given."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDiffers:
    """A worker finds other tests in its unit than the worker that gave them away."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainWanted:
    """Running tests may end, nothing else may start."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillWanted:
    """Everything must end now."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriesWanted:
    """Tests of groups are to be run again; a run that has ended goes on for them."""

    units: tuple[tuple[int, UnitPlan], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A worker is over its time, or a bound, and will be ended; `reason` says what was too much.

    `outcome` is what that is to the test it runs.
    """

    worker: int
    reason: str
    outcome: Outcome = Outcome.TIMED_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class RecycleWanted:
    """A worker should get no unit after the one in hand, but make room for a fresh one."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExited:
    """A worker was reaped; `cause` says how, for people."""

    worker: int
    cause: str


#: What happens between the start and the end of a unit.
PROGRESS = (UnitBegun, UnitCollected, TestBegun, TestDone, TestsPassed)

Input = (
    Begin
    | SlotOpened
    | SlotFailed
    | SlotClosed
    | WorkerWalked
    | WorkerMisfit
    | GroupFailed
    | UnitBegun
    | UnitCollected
    | TestBegun
    | TestDone
    | TestsPassed
    | UnitDone
    | UnitUnknown
    | UnitDiffers
    | Given
    | Kept
    | DrainWanted
    | KillWanted
    | RetriesWanted
    | Overdue
    | RecycleWanted
    | WorkerExited
)

# --- actions


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSlot:
    """Get the services of a group ready for a slot."""

    slot: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Fork a worker of a group on a slot that is open."""

    worker: int
    slot: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give a unit to a worker, from its test number `start` until before `stop`.

    `first` names the range. `giver` is the worker that gave it away, just now. `ids`, where
    there are any, are the tests that must be found in the file. `counted`: this is the second
    run of the file, in order, for the sake of these tests; None in the first. `is_repeated`:
    the worker may be given the unit once more.
    """

    worker: int
    unit: UnitPlan
    start: int
    stop: int | None = None
    first: int = 0
    giver: int | None = None
    ids: tuple[str, ...] = ()
    counted: frozenset[int] | None = None
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Steal:
    """Ask a worker to give away half of what is left of its unit.

    `how` is what the unit's `keep_together` says.
    """

    worker: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Let a worker end its session: there is nothing more for it."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Let a worker end its session after the running test."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Kill a worker."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSlot:
    """Remove the namespaces of a slot."""

    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseTest:
    """The running test of a worker ended with it."""

    worker: int
    unit: UnitPlan
    index: int
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseUnit:
    """What is left of a unit will have no outcome of its own.

    `ids` are its tests that have none yet, None when it was never collected; without any the
    unit is over, though no worker said so.
    """

    unit: UnitPlan
    ids: tuple[str, ...] | None
    outcome: Outcome
    reason: str
    first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Nothing is left to do, and nothing is alive; only a retry can change that."""


Action = (
    OpenSlot | Fork | Assign | Steal | Finish | Drain | Kill | CloseSlot | LoseTest | LoseUnit | End
)
