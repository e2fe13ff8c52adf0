"""The processes of a run: one template per group, the workers forked from them.

Knows how to start, address and end them; what they should do is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner import forecast
from unified_test_runner.last_words import last_words
from unified_test_runner.planning.recalling import Recalled
from unified_test_runner.worker.launch import launch
from unified_test_runner.worker.protocol import UnitCollected
from unified_test_runner.worker.template import ForkRequest, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from unified_test_runner import steps
    from unified_test_runner.early import EarlyTemplate
    from unified_test_runner.overdue import Ending
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.preloading import Preloads
    from unified_test_runner.steps import UnitPlan
    from unified_test_runner.worker.launch import Launched
    from unified_test_runner.worker.process import WorkerProcess
    from unified_test_runner.worker.protocol import EntryReported

#: A template whose channel is closed has nothing left to do but kill its forks.
_TEMPLATE_END_S = 5.0
_NOTHING = UnitCollected(ids=(), deselected=0, duration_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """Where and in what surroundings processes are started.

    `environ` is what every worker inherits; `basetemp` the parent of their temporary
    directories; `outputs` takes what they print outside of tests, `coverage` their coverage
    data; `sources` is what they measure, None for nothing. `workers` and `seed`: see
    `ForkRequest`. `start` is how workers are started, `early` a template that may run already.
    `is_debugging`: they share our terminal, because a debugger may open in one.
    `recalled` are tests that failed last time.
    """

    run_id: str
    root: Path
    outputs: Path
    basetemp: Path
    environ: Mapping[str, str]
    coverage: Path
    sources: tuple[str, ...] | None = None
    workers: int = 1
    seed: int = 0
    start: str = "auto"
    early: EarlyTemplate | None = None
    is_debugging: bool = False
    recalled: Recalled = field(default_factory=Recalled)


@dataclass(slots=True)
class Seat:
    """A worker with what the engine must remember about it."""

    process: WorkerProcess
    unit: UnitPlan | None = None
    last_unit: UnitPlan | None = None
    collected: UnitCollected = _NOTHING
    broken: EntryReported | None = None
    first: int = 0
    counted: frozenset[int] | None = None
    test: str = ""
    seen: str = ""
    last_path: str = ""
    unit_since: float = 0.0
    has_finished: bool = False
    is_walked: bool = False
    is_collected: bool = False
    busy_since: float | None = None
    deadline: float | None = None
    limit_s: float = 0.0
    ending: Ending | None = None
    is_ending: bool = False
    is_killed: bool = False
    output_from: int = 0
    rss_bytes: int = 0
    idle_since: float | None = None
    idle_s: float = 0.0

    @property
    def suite(self) -> str:
        """The suite of the unit in hand, empty without one."""
        return self.unit.suite if self.unit else ""

    @property
    def path(self) -> str:
        """The path of the unit in hand, empty without one."""
        return self.unit.key.path if self.unit else ""

    def allow(self, limit_s: float, now: float) -> None:
        """What the worker does from now on may take so long."""
        self.busy_since = now
        self.limit_s = limit_s
        self.deadline = now + limit_s

    def stop_idling(self, now: float) -> None:
        """The worker has something to do again, or has gone."""
        if self.idle_since is not None:
            self.idle_s += now - self.idle_since
            self.idle_since = None

    @property
    def is_retrying(self) -> bool:
        """Whether this worker is there for one test that is run again."""
        return self.last_unit is not None and self.last_unit.again is not None


class Crew:
    """All templates and workers that are alive.

    Args:
        premises: surroundings of every process.
        groups: the plan's groups, by index.
        watch: called with each new template, to be waited on.
        bell_rope: descriptor by which workers wake the runner.
        preloads: what templates import ahead.
    """

    def __init__(
        self,
        premises: Premises,
        groups: Mapping[int, Group],
        watch: Callable[[Template], None],
        bell_rope: int,
        preloads: Preloads,
    ) -> None:
        self._preloads = preloads
        self._premises = premises
        self._groups = groups
        self._watch = watch
        self._bell_rope = bell_rope
        self._templates: dict[int, Template] = {}
        self.seats: dict[int, Seat] = {}

    def template(self, group: int) -> Template:
        """Return the group's template, starting it when there is none."""
        if group not in self._templates:
            template = Template(
                group=group,
                launched=self._launch(group),
                output=self._premises.outputs / f"template-{group}.log",
                bell_rope=self._bell_rope,
            )
            self._templates[group] = template
            self._watch(template)
            modules, unfit = self._preloads.modules(self._groups[group])
            template.prepare(
                modules,
                chosen=self._preloads.chosen,
                unfit=unfit,
                private=self._preloads.private,
            )
        return self._templates[group]

    def _launch(self, group: int) -> Launched:
        premises = self._premises
        interpreter = self._groups[group].interpreter
        environ = {**self._environ(group), "UTR_RUN_ID": premises.run_id}
        if premises.early is not None and not premises.is_debugging:
            launched = premises.early.claim(interpreter, environ, premises.root)
            if launched is not None:
                return launched
        return launch(
            interpreter,
            environ,
            premises.root,
            premises.start,
            is_debugging=premises.is_debugging,
        )

    def drop_template(self, template: Template) -> list[Seat]:
        """Forget a template that is gone; returns the seats of the workers it leaves."""
        self._templates.pop(template.group, None)
        template.close(_TEMPLATE_END_S)
        return [seat for seat in self.seats.values() if seat.process.group == template.group]

    def fork(self, action: steps.Fork, variables: Mapping[str, str]) -> Seat:
        """Fork a worker with its slot's variables."""
        group = self._groups[action.group]
        own = {
            "UTR_RUN_ID": self._premises.run_id,
            "UTR_SLOT": str(action.slot),
            "UTR_WORKER": str(action.worker),
        }
        process = self.template(action.group).fork(
            ForkRequest(
                worker=action.worker,
                slot=action.slot,
                group=action.group,
                arguments=group.arguments,
                environ={**self._environ(action.group), **variables, **own},
                root=self._premises.root,
                basetemp=self._premises.basetemp / f"w{action.worker}",
                output=self.output(action.worker),
                stacks=self.stacks(action.worker),
                is_spawned=self._preloads.is_spared(group),
                tells_modules=self._preloads.wants_to_know(group),
                is_debugging=self._premises.is_debugging,
                looks_for_leaks=any(suite.leaks != "off" for suite in group.suites),
                coverage=self._premises.coverage / f"w{action.worker}",
                sources=self._premises.sources,
                workers=self._premises.workers,
                seed=self._premises.seed,
                collect=group.collect,
                choice=forecast.choice(group, self._premises.recalled),
            )
        )
        seat = Seat(process)
        self.seats[action.worker] = seat
        return seat

    def output(self, worker: int) -> Path:
        """The file that takes what a worker prints outside of its tests."""
        return self._premises.outputs / f"worker-{worker}.log"

    def stacks(self, worker: int) -> Path:
        """The file that takes a worker's stacks, should it be asked for them."""
        return self._premises.outputs / f"worker-{worker}.stacks"

    def output_size(self, seat: Seat) -> int:
        """How much a worker has printed outside of tests so far, in bytes."""
        try:
            return self.output(seat.process.worker).stat().st_size
        except OSError:
            return 0

    def last_words(self, seat: Seat) -> str:
        """What a worker that is gone left behind of its last unit: its stacks, else its output."""
        stacks = last_words(self.stacks(seat.process.worker))
        return stacks or last_words(self.output(seat.process.worker), seat.output_from)

    def seat_of(self, pid: int) -> Seat | None:
        """The seat of a process id."""
        return next((seat for seat in self.seats.values() if seat.process.pid == pid), None)

    def dismiss(self, worker: int) -> Seat:
        """Forget a worker that was reaped; kills what is left of its process group."""
        seat = self.seats.pop(worker)
        seat.process.kill()
        seat.process.close()
        shutil.rmtree(self._premises.basetemp / f"w{worker}", ignore_errors=True)
        return seat

    def close(self) -> None:
        """End everything that is still alive."""
        patience_s = _TEMPLATE_END_S if self.seats else 0.0
        for seat in self.seats.values():
            seat.process.kill()
            seat.process.close()
        self.seats.clear()
        for template in self._templates.values():
            with contextlib.suppress(OSError):
                template.close(patience_s)
        self._templates.clear()

    def _environ(self, group: int) -> dict[str, str]:
        return {**self._premises.environ, **dict(self._groups[group].env)}
