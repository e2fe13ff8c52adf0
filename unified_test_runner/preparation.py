"""From settings to a plan: finds the project, reads its catalogue, selects. Starts nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.discovery import find_catalogue, find_root
from unified_test_runner.catalogue.remembered import read_catalogue
from unified_test_runner.errors import UsageError
from unified_test_runner.machine import (
    available_cpus,
    available_memory,
    choose_interpreter,
    program,
)
from unified_test_runner.planning.request import PlanRequest
from unified_test_runner.planning.selection import make_plan
from unified_test_runner.rundir import FOLDER, make_home

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.catalogue.content import Catalogue
    from unified_test_runner.itinerary import Booking
    from unified_test_runner.planning.plan import Plan
    from unified_test_runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan with the reasons that the user may ask for.

    `bookings` say which slot takes what; None leaves it to the run.
    """

    plan: Plan
    interpreter: str
    interpreter_reason: str
    bookings: tuple[Booking, ...] | None = None


def prepare(settings: Settings) -> Prepared:
    """Return the plan that the settings lead to.

    Raises:
        UsageError: no project here, a faulty catalogue, an unknown name.
        NothingSelectedError: a selector leads to no test.
    """
    root = find_root(settings.cwd)
    interpreter, reason = choose_interpreter(settings.python, settings.environ, settings.cwd)
    chosen = find_catalogue(
        cwd=settings.cwd, root=root, environ=settings.environ, option=settings.catalogue
    )
    catalogue = None
    if chosen is not None:
        with contextlib.suppress(OSError):
            make_home(root)
        store = root / FOLDER / "catalogue.json"
        catalogue = read_catalogue(chosen.path, root, interpreter=interpreter, store=store)
    selectors = settings.selectors
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
            pytest_args=(*selectors.pytest_args, *_stop_options(settings)),
            real_services=selectors.real_services,
            workers=settings.workers,
            timeout_s=settings.timeout_s,
            collect=settings.collect,
            cpu_count=available_cpus(),
            memory_bytes=available_memory(),
            interpreter=interpreter,
            preload=settings.preload,
            interpreters=None if settings.python else _interpreters(catalogue, settings, root),
        )
    )
    prepared = Prepared(plan=plan, interpreter=interpreter, interpreter_reason=reason)
    return prepared if settings.order_from is None else _in_recorded_order(prepared, settings)


def _in_recorded_order(prepared: Prepared, settings: Settings) -> Prepared:
    from unified_test_runner.ordering import follow, read_order
    from unified_test_runner.recorded import find_log, read_run
    from unified_test_runner.verdict import counted

    run = settings.order_from or ""
    order = read_order(read_run(find_log(run, prepared.plan.root, settings.cwd)), run)
    if settings.workers not in {None, order.workers}:
        message = f"run '{run}' had {counted(order.workers, 'worker')}, not {settings.workers}"
        raise UsageError(
            f"{message}: its order cannot be repeated so",
            hint="leave out --workers (UTR_WORKERS)",
        )
    plan, bookings = follow(prepared.plan, order)
    return replace(prepared, plan=plan, bookings=bookings)


def _interpreters(catalogue: Catalogue | None, settings: Settings, root: Path) -> dict[str, str]:
    """Return the interpreters that suites name and that are there."""
    suites = catalogue.suites.values() if catalogue is not None else ()
    named = {suite.python for suite in suites if suite.python is not None}
    found = {name: program(name, settings.environ, root) for name in named}
    return {name: path for name, path in found.items() if path is not None}


def _stop_options(settings: Settings) -> tuple[str, ...]:
    """Let each worker stop by itself at the bound, before the runner can tell it to."""
    return (f"--maxfail={settings.max_failures}",) if settings.max_failures else ()
