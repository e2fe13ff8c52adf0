"""The nouns every layer shares: outcomes, units, services. Data only, standard library only."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003 - the codec reads annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.exitcodes import ExitCode, strongest_exit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Endpoint",
    "EntryKind",
    "ExitCode",
    "Isolation",
    "Outcome",
    "PhaseResult",
    "PrepareSpec",
    "Provider",
    "Section",
    "ServiceHandle",
    "ServiceSpec",
    "ServiceUse",
    "UnitKey",
    "When",
    "WithheldSuite",
    "fold_outcome",
    "passed_phases",
    "strongest_exit",
]


class Outcome(str, enum.Enum):
    """How a test ended. The order of the members is the order of severity."""

    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    ERROR = "error"
    FLAKY = "flaky"
    NOT_RUN = "not_run"
    XPASSED = "xpassed"
    XFAILED = "xfailed"
    SKIPPED = "skipped"
    PASSED = "passed"

    @property
    def is_bad(self) -> bool:
        """Whether this outcome alone makes the run fail with exit code 1."""
        return self in {Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.FAILED, Outcome.ERROR}

    @property
    def is_executed(self) -> bool:
        """Whether the test's own code ran, so that the run was not vacuous."""
        return self not in {Outcome.NOT_RUN, Outcome.SKIPPED}


class When(str, enum.Enum):
    """Phase of a test, as pytest names it; `collect` belongs to a file."""

    COLLECT = "collect"
    SETUP = "setup"
    CALL = "call"
    TEARDOWN = "teardown"


class EntryKind(str, enum.Enum):
    """What a line of the results stands for."""

    TEST = "test"
    FILE = "file"  #: a file that could not be collected, or was skipped as a module


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Captured output of one phase, e.g. title `Captured stdout call`."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseResult:
    """One phase of one attempt.

    `outcome` is pytest's own word: `passed`, `failed` or `skipped`; or `error` where something
    other than the test ended the phase (a plugin, an attempt to end the session). `expected` is the
    reason of an xfail mark where one applied (possibly empty), else None. `message` is one
    line; `longrepr` the whole traceback as pytest renders it, empty when the phase passed.
    `label` is a plugin's own name for how it ended, of no consequence for the outcome.
    """

    when: When
    outcome: str
    duration_s: float
    message: str = ""
    longrepr: str = ""
    expected: str | None = None
    sections: tuple[Section, ...] = ()
    label: str = ""


_PHASES = (When.SETUP, When.CALL, When.TEARDOWN)


#: What a test cost that passed without a word: seconds of wall and of processor time; bytes of
#: resident memory before it, after it, and at most so far; seconds of set-up, call and teardown.
Measured = tuple[float, float, int, int, int, float, float, float]


def passed_phases(seconds: tuple[float, float, float]) -> tuple[PhaseResult, ...]:
    """Return the phases of a test that passed without a word, from their durations."""
    return tuple(
        PhaseResult(when=when, outcome="passed", duration_s=duration_s)
        for when, duration_s in zip(_PHASES, seconds, strict=True)
    )


def fold_outcome(phases: Iterable[PhaseResult]) -> Outcome:
    """Fold the phases of one attempt into its outcome.

    Follows pytest's own rules: a failure in the call is `failed`, one in set-up, teardown or
    collection is `error`; a skip carrying an xfail reason is `xfailed`, a pass carrying one
    `xpassed` (a strict xpass reaches us as a failed call).
    """
    found = {_phase_outcome(phase) for phase in phases}
    return next((outcome for outcome in Outcome if outcome in found), Outcome.NOT_RUN)


def _phase_outcome(phase: PhaseResult) -> Outcome:
    if phase.outcome == "error":
        return Outcome.ERROR
    if phase.outcome == "failed":
        return Outcome.FAILED if phase.when is When.CALL else Outcome.ERROR
    if phase.outcome == "skipped":
        return Outcome.SKIPPED if phase.expected is None else Outcome.XFAILED
    if phase.expected is not None and phase.when is When.CALL:
        return Outcome.XPASSED
    return Outcome.PASSED


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class UnitKey:
    """Address of a unit: one `pytest.File` node.

    Two file nodes may share a node id (a module and its doctests), so the collector's type
    and an ordinal are part of it. `path` is relative to the project root, with `/`.
    """

    path: str
    collector: str = "Module"
    ordinal: int = 0


class Isolation(str, enum.Enum):
    """What a worker slot gets of a service."""

    DATABASE = "database"  #: a database of its own on a shared server
    INSTANCE = "instance"  #: a server of its own
    SHARED = "shared"  #: the same as every other slot


class Provider(str, enum.Enum):
    """Where a service comes from."""

    DOCKER = "docker"
    EMBEDDED = "embedded"
    EXTERNAL = "external"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareSpec:
    """A command that fills a fresh server once, e.g. migrations.

    `run` is split into arguments and run without a shell in the project root; `{python}` is
    already replaced. `inputs` are the files and folders it depends on; None means unknown,
    so that it must run every time.
    """

    run: tuple[str, ...]
    inputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """A service as the catalogue asks for it. What exists at run time is a `ServiceHandle`.

    `kind` selects probe, namespaces and tuning (`postgres`, `redis`). `external` is the name
    of the variable that holds the address of a server that already runs. `provides` maps a
    variable to a template over `{host} {port} {user} {password} {database}`. `place` is
    `file:line:column` of its entry. `isolation` None leaves the choice to the kind.
    """

    name: str
    kind: str
    embedded: str | None = None
    image: str | None = None
    external: str | None = None
    version: str | None = None
    isolation: Isolation | None = None
    prepare: PrepareSpec | None = None
    provides: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ServiceUse:
    """A suite's use of a service, with the isolation it wants (None: the service's own)."""

    name: str
    isolation: Isolation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server, or one namespace on it, answers. The password never enters a repr."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""

    @property
    def address(self) -> str:
        """`host:port`, fit for console and logs."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHandle:
    """A service that exists: who provides it and why, which version, where, how soon."""

    name: str
    provider: Provider
    reason: str
    version: str
    endpoint: Endpoint
    boot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldSuite:
    """A selected suite that is not run, and the flag that would run it."""

    name: str
    files: int
    flag: str
    tests_at_least: int = 0
    category: str | None = None
    services: tuple[str, ...] = ()
