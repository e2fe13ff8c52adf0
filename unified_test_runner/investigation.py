"""`bisect` from settings to an answer: what is asked, where earlier tests come from, trials."""

from __future__ import annotations

import json
import os.path
import secrets
import shlex
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from unified_test_runner.bisection import (
    Answer,
    Bisection,
    Source,
    TrialsUsedUp,
    arguments_of,
    describe_steps,
)
from unified_test_runner.errors import NothingSelectedError, UsageError, UtrError
from unified_test_runner.exitcodes import ExitCode
from unified_test_runner.forecast import Owners
from unified_test_runner.model import UnitKey
from unified_test_runner.planning.arguments import resolve_argument
from unified_test_runner.preparation import prepare
from unified_test_runner.recorded import find_log, logs, read_run
from unified_test_runner.rundir import make_trials_directory, new_run_id
from unified_test_runner.settings import Selectors
from unified_test_runner.sightings import Lookout, Step
from unified_test_runner.trials import Laboratory, TrialStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from unified_test_runner.bisection import Conclusion
    from unified_test_runner.planning.plan import Group
    from unified_test_runner.preparation import Prepared
    from unified_test_runner.settings import Settings
    from unified_test_runner.sightings import Sighting

_NAMED = 5
_CODES = {
    Answer.FOUND: ExitCode.OK,
    Answer.ALONE: ExitCode.TESTS_FAILED,
    Answer.UNCHANGED: ExitCode.TESTS_FAILED,
    Answer.CUT: ExitCode.INCOMPLETE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which test, from which recorded run (None: the last in question), in how many trials."""

    nodeid: str
    run: str | None = None
    max_trials: int = 200


def investigate(settings: Settings, question: Question, say: Callable[[str], None]) -> ExitCode:
    """Search, tell each trial and the answer with `say`, and return the exit code.

    Raises:
        UsageError: the node id is not that of one test, or the run is none.
        NothingSelectedError: there is no such test among the selected ones.
    """
    given = settings.selectors
    if given.arguments:
        selectors = replace(given, arguments=(*given.arguments, question.nodeid))
        settings = replace(settings, selectors=selectors)
    prepared = prepare(replace(settings, workers=1))
    target = _target(question.nodeid, prepared, settings)
    group = Owners(prepared.plan.groups).find(target.key.path)
    if group is None:
        message = f"'{question.nodeid}' is not among the selected tests"
        raise NothingSelectedError(message, hint=_missing_flags(prepared))
    folder = make_trials_directory(prepared.plan.root, new_run_id(datetime.now(timezone.utc)))
    # One seed for all trials, or a plugin that shuffles would make each another one.
    seed = secrets.randbits(32) if settings.seed is None else settings.seed
    laboratory = Laboratory(
        settings=replace(settings, seed=seed),
        prepared=prepared,
        group=group,
        target=target,
        folder=folder,
    )
    search = _Search(settings, question, prepared, group, laboratory, say)
    say(f"bisect {target.nodeid}; trials are kept in {folder}")
    return search.run()


def _target(nodeid: str, prepared: Prepared, settings: Settings) -> Step:
    argument = resolve_argument(nodeid, root=prepared.plan.root, cwd=settings.cwd)
    if not argument.nodeid:
        raise UsageError(f"'{nodeid}' is no test", hint="write file.py::test_name")
    test = argument.nodeid.partition("::")[2]
    return Step(key=UnitKey(path=argument.path), test=test)


def _missing_flags(prepared: Prepared) -> str:
    """Say what would select the suites that were withheld."""
    flags = dict.fromkeys(suite.flag for suite in prepared.plan.withheld)
    return f"add {' '.join(flags)}" if flags else ""


class _Search:
    """One investigation under way."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a search is made of, once
        self,
        settings: Settings,
        question: Question,
        prepared: Prepared,
        group: Group,
        laboratory: Laboratory,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._question = question
        self._prepared = prepared
        self._group = group
        self._laboratory = laboratory
        self._say = say
        self._bisection = Bisection(self._attempt, self._source)

    @property
    def _root(self) -> Path:
        return self._prepared.plan.root

    def run(self) -> ExitCode:
        """Find the answer and tell it."""
        try:
            alone = self._alone()
            conclusion = self._bisection.run(alone)
            self._conclude(conclusion)
            code = _CODES[conclusion.answer]
            if conclusion.answer is Answer.FOUND and not self._is_confirmed(conclusion):
                code = ExitCode.TESTS_FAILED
        except TrialStopped as stop:
            self._say(f"stopped: {stop.reason}")
            if self._bisection.best is not None:
                self._show("the smallest set so far", self._bisection.best[0])
            return stop.code
        return code

    # --- trials

    def _alone(self) -> Sighting:
        lookout = self._tell("alone", lambda: self._laboratory.try_after(()))
        if lookout.sightings:
            self._laboratory.target = lookout.sightings[0].step
            return lookout.sightings[0]
        nodeid = self._question.nodeid
        if lookout.below:
            shown = ", ".join(lookout.below[:_NAMED])
            more = ", ..." if len(lookout.below) > _NAMED else ""
            raise UsageError(f"'{nodeid}' is more than one test", hint=f"one of {shown}{more}")
        replay = f"unified-test-runner replay {shlex.quote(str(self._laboratory.place))} tells more"
        raise NothingSelectedError(
            f"'{nodeid}' did not run: it does not exist, is deselected, or cannot be collected",
            hint=_missing_flags(self._prepared) or replay,
        )

    def _attempt(self, steps: Sequence[Step]) -> Sighting | None:
        if self._laboratory.trials >= self._question.max_trials:
            raise TrialsUsedUp
        what = f"after {describe_steps(steps)}"
        lookout = self._tell(what, lambda: self._laboratory.try_after(steps))
        return _judged(lookout)

    def _tell(self, what: str, trial: Callable[[], Lookout]) -> Lookout:
        began = time.monotonic()
        lookout = trial()
        seen = _judged(lookout)
        ended = seen.outcome.value if seen else "no result: it did not run, or not in their worker"
        took = time.monotonic() - began
        self._say(f"trial {self._laboratory.trials}: {what}: {ended} ({took:.1f} s)")
        return lookout

    # --- where the earlier tests come from

    def _source(self, is_bad_alone: bool) -> Source | None:
        source = self._recorded(is_bad_alone)
        if source is None and not is_bad_alone and self._question.run is None:
            source = self._natural()
        if source is None:
            return None
        owners = Owners(self._prepared.plan.groups)
        steps = tuple(s for s in source.steps if owners.find(s.key.path, s.suite) is self._group)
        self._say(f"before it: {describe_steps(source.steps)}, {source.text}")
        if len(steps) < len(source.steps):
            kept = describe_steps(steps) if steps else "none"
            self._say(f"of these are selected now, for its worker: {kept}")
        return Source(steps=steps, text=source.text) if steps else None

    def _recorded(self, is_bad_alone: bool) -> Source | None:
        """Return what ran before it where it last ended otherwise than alone."""
        target, was_seen = self._laboratory.target, False
        for log in self._logs():
            for sighting in _sightings(log, target):
                was_seen = True
                outcome = sighting.outcome
                is_other = outcome.is_bad != is_bad_alone and (
                    outcome.is_bad or outcome.is_executed
                )
                if is_other and sighting.before:
                    text = f"in its worker in run {log.parent.name}, where it {outcome.value}"
                    return Source(steps=sighting.before, text=text)
        if self._question.run is not None and not was_seen:
            raise UsageError(f"'{self._question.nodeid}' did not run in '{self._question.run}'")
        return None

    def _logs(self) -> Iterator[Path]:
        if self._question.run is None:
            yield from logs(self._root)
        else:
            yield find_log(self._question.run, self._root, self._settings.cwd)

    def _natural(self) -> Source | None:
        """Return all selected tests before it, if it fails after them."""
        self._say("no kept run tells of its failure: trying the selected files in natural order")
        lookout = self._tell("after all files before its own", self._laboratory.try_naturally)
        for sighting in lookout.sightings:
            if sighting.outcome.is_bad and sighting.before:
                return Source(steps=sighting.before, text="in natural order in one worker")
        return None

    # --- the answer

    def _conclude(self, conclusion: Conclusion) -> None:
        name, alone = self._laboratory.target.nodeid, conclusion.alone.outcome
        match conclusion.answer:
            case Answer.ALONE:
                message = f"{name} {alone.value} alone: {conclusion.alone.message}"
                self._say(f"{message}\nIt does not depend on the tests before it.")
            case Answer.UNCHANGED:
                self._say(f"{name} {alone.value} alone, and nothing that was tried changes that.")
                self._say(
                    "If it fails now and then, its worker's past is not the reason, or not alone: "
                    "tests in other workers, time or chance may be. --order-from RUN repeats a run "
                    "with all its workers."
                )
            case Answer.FOUND | Answer.CUT:
                self._show_found(conclusion)

    def _show_found(self, conclusion: Conclusion) -> None:
        name, alone, after = self._laboratory.target.nodeid, conclusion.alone, conclusion.after
        if after is None:
            self._say("the bound on trials came before any answer; see --max-trials")
            return
        is_cut = conclusion.answer is Answer.CUT
        bound = ", the smallest set before the bound on trials came (see --max-trials)"
        what = f"{name} {alone.outcome.value} alone and {after.outcome.value} after these"
        self._show(f"{what}{bound if is_cut else ''}", conclusion.steps)
        shown = after if after.outcome.is_bad else alone
        if shown.message:
            self._say(f"{shown.outcome.value}: {shown.message}")
        self._say(f"reproduce with: {shlex.join(self._command(conclusion.steps))}")

    def _show(self, title: str, steps: Sequence[Step]) -> None:
        self._say(f"{title}:")
        for argument in arguments_of(steps):
            self._say(f"  {argument}")

    def _is_confirmed(self, conclusion: Conclusion) -> bool:
        """Whether the command shows what it is said to show."""
        try:
            prepared = prepare(self._as_command(conclusion.steps))
        except UtrError as error:
            self._say(f"That command cannot be used: {error}")
            return False
        lookout = self._tell("by that command", lambda: self._laboratory.try_command(prepared))
        seen, after = _judged(lookout), conclusion.after
        if seen is not None and after is not None and seen.outcome.is_bad == after.outcome.is_bad:
            return True
        self._say(
            "That command does not show it. Either chance takes part, or the walk of other folders "
            "and their conftests does."
        )
        return False

    def _arguments(self, steps: Sequence[Step]) -> tuple[str, ...]:
        """Return node ids as they are typed in the working directory, the test's own last."""
        ids = arguments_of((*steps, self._laboratory.target))
        pairs = (nodeid.partition("::") for nodeid in ids)
        cwd = self._settings.cwd
        return tuple(
            f"{os.path.relpath(self._root / path, cwd)}{colons}{test}"
            for path, colons, test in pairs
        )

    def _as_command(self, steps: Sequence[Step]) -> Settings:
        given = self._settings.selectors
        selectors = Selectors(
            arguments=self._arguments(steps),
            keyword=given.keyword,
            markexpr=given.markexpr,
            real_services=given.real_services,
            pytest_args=given.pytest_args,
        )
        return replace(self._settings, selectors=selectors, workers=1)

    def _command(self, steps: Sequence[Step]) -> list[str]:
        settings, given = self._settings, self._settings.selectors
        options = {
            "-k": given.keyword,
            "-m": given.markexpr,
            "--services": settings.services if settings.services != "auto" else None,
            "--timeout": f"{settings.timeout_s:g}s" if settings.timeout_s else None,
            "--collect": settings.collect,
            "--seed": None if settings.seed is None else str(settings.seed),
            "--catalogue": settings.catalogue,
            "--python": settings.python,
        }
        words = ["unified-test-runner", *self._arguments(steps), "--workers", "1"]
        words += ["--real-services"] if given.real_services else []
        for name, value in options.items():
            words += [name, value] if value is not None else []
        return [*words, *(["--", *given.pytest_args] if given.pytest_args else [])]


def _judged(lookout: Lookout) -> Sighting | None:
    """How the test ended, if it did so in the worker that all else had run in."""
    return next((seen for seen in lookout.sightings if seen.is_first), None)


def _sightings(log: Path, target: Step) -> list[Sighting]:
    """How the test ended in a recorded run."""
    lookout = Lookout(target.key.path, target.test)
    try:
        # Most logs do not tell of it, and a search is quicker than reading them event by event.
        if json.dumps(target.test)[1:-1] not in log.read_text("ascii", "replace"):
            return []
    except OSError as error:
        raise UsageError(f"{log} cannot be read: {error.strerror or error}") from error
    for stamped in read_run(log):
        lookout.apply(stamped.event)
    return lookout.sightings
