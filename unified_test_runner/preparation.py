"""From settings to a plan: finds the project, reads its catalogue, selects. Starts nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.discovery import find_catalogue, find_root
from unified_test_runner.catalogue.remembered import read_catalogue
from unified_test_runner.errors import UsageError
from unified_test_runner.failure_file import read_failures
from unified_test_runner.failures import FailureRecord, Recall
from unified_test_runner.machine import (
    available_cpus,
    available_memory,
    choose_interpreter,
    program,
)
from unified_test_runner.planning.pytest_ini import read_pytest_ini
from unified_test_runner.planning.pytest_options import (
    PytestOptions,
    concerns_whole_run,
    read_options,
)
from unified_test_runner.planning.recalling import RecallRequest
from unified_test_runner.planning.request import PlanRequest
from unified_test_runner.planning.selection import make_plan
from unified_test_runner.rundir import FOLDER, make_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unified_test_runner.catalogue.content import Catalogue
    from unified_test_runner.itinerary import Booking
    from unified_test_runner.planning.plan import Plan
    from unified_test_runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan with the reasons that the user may ask for.

    `options` is what pytest's options ask of the runner, `failures` what failed in earlier runs,
    `max_failures` after how many the run stops (0: never).
    `bookings` say which slot takes what; None leaves it to the run.
    """

    plan: Plan
    interpreter: str
    interpreter_reason: str
    options: PytestOptions = field(default_factory=PytestOptions)
    failures: FailureRecord = field(default_factory=FailureRecord)
    max_failures: int = 0
    notices: tuple[str, ...] = ()
    bookings: tuple[Booking, ...] | None = None


def prepare(settings: Settings) -> Prepared:
    """Return the plan that the settings lead to.

    Raises:
        UsageError: no project here, a faulty catalogue, an unknown name.
        NothingSelectedError: a selector leads to no test.
    """
    root = find_root(settings.cwd)
    interpreter, reason = choose_interpreter(settings.python, settings.environ, settings.cwd)
    catalogue = _catalogue(settings, root, interpreter)
    selectors = settings.selectors
    ini = read_pytest_ini(root)
    variable = settings.environ.get("PYTEST_ADDOPTS", "")
    options = read_options(selectors.pytest_args, addopts=ini.addopts, variable=variable)
    failures = FailureRecord() if options.forgets else read_failures(root)
    max_failures = settings.max_failures or int(options.recall is Recall.FROM)
    plan = make_plan(
        PlanRequest(
            root=root,
            cwd=settings.cwd,
            catalogue=catalogue,
            categories=selectors.categories,
            suites=selectors.suites,
            patterns=selectors.patterns,
            arguments=selectors.arguments,
            keyword=selectors.keyword or "",
            markexpr=selectors.markexpr or "",
            deselect=selectors.deselect,
            pytest_args=(*selectors.pytest_args, *_stop_options(max_failures)),
            real_services=selectors.real_services,
            workers=1 if options.needs_one_worker else settings.workers,
            timeout_s=settings.timeout_s,
            # Repetitions show how often a test fails; a retry would only blur that.
            retries=settings.retries if settings.repeat == 1 else 0,
            leaks=settings.leaks,
            collect=settings.collect,
            cpu_count=available_cpus(),
            memory_bytes=available_memory(),
            interpreter=interpreter,
            preload=settings.preload,
            ini=ini,
            recall=RecallRequest(
                mode=options.recall,
                record=failures,
                runs_none_without=options.runs_none_without,
            ),
            interpreters=None if settings.python else _interpreters(catalogue, settings, root),
        )
    )
    prepared = Prepared(
        plan=plan,
        interpreter=interpreter,
        interpreter_reason=reason,
        options=options,
        failures=failures,
        max_failures=max_failures,
        notices=tuple(_notices(settings, options, catalogue)),
    )
    return prepared if settings.order_from is None else _in_recorded_order(prepared, settings)


def _in_recorded_order(prepared: Prepared, settings: Settings) -> Prepared:
    # Late: hardly any run needs these.
    from unified_test_runner.ordering import follow, read_order
    from unified_test_runner.recorded import find_log, read_run
    from unified_test_runner.verdict import counted

    run = settings.order_from or ""
    order = read_order(read_run(find_log(run, prepared.plan.root, settings.cwd)), run)
    wanted = 1 if prepared.options.needs_one_worker else settings.workers
    if wanted not in {None, order.workers}:
        message = f"run '{run}' had {counted(order.workers, 'worker')}, not {wanted}"
        raise UsageError(
            f"{message}: its order cannot be repeated so",
            hint="leave out --workers (UTR_WORKERS), and what needs one worker",
        )
    plan, bookings = follow(prepared.plan, order)
    return replace(prepared, plan=plan, bookings=bookings)


def _catalogue(settings: Settings, root: Path, interpreter: str) -> Catalogue | None:
    chosen = find_catalogue(
        cwd=settings.cwd, root=root, environ=settings.environ, option=settings.catalogue
    )
    if chosen is None:
        return None
    with contextlib.suppress(OSError):
        make_home(root)
    store = root / FOLDER / "catalogue.json"
    return read_catalogue(chosen.path, root, interpreter=interpreter, store=store)


def _notices(
    settings: Settings, options: PytestOptions, catalogue: Catalogue | None
) -> Iterator[str]:
    """Say what the user asked for and does not get."""
    yield from options.ignored
    for suite in catalogue.suites.values() if catalogue else ():
        if concerns_whole_run(suite.args):
            words = " ".join(suite.args)
            yield f"suite {suite.name}: its args ({words}) hold what only a whole run can honour"
    if options.needs_one_worker and settings.workers not in {None, 1}:
        why = "a debugger has the terminal" if options.is_debugging else "--sw goes step by step"
        yield f"1 worker instead of {settings.workers}: {why}"
    if options.is_debugging and (settings.timeout_s or settings.run_timeout_s):
        yield "time limits are off while debugging"
    if options.is_debugging and not settings.has_terminal:
        yield "standard input is no terminal: the debugger reads its commands from there"


def _interpreters(catalogue: Catalogue | None, settings: Settings, root: Path) -> dict[str, str]:
    """Return the interpreters that suites name and that are there."""
    suites = catalogue.suites.values() if catalogue is not None else ()
    named = {suite.python for suite in suites if suite.python is not None}
    found = {name: program(name, settings.environ, root) for name in named}
    return {name: path for name, path in found.items() if path is not None}


def _stop_options(max_failures: int) -> tuple[str, ...]:
    """Let each worker stop by itself at the bound, before the runner can tell it to."""
    return (f"--maxfail={max_failures}",) if max_failures else ()
