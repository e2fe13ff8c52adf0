"""The choice of files after what failed last time: fewer of them, or some of them first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.content import is_below
from unified_test_runner.failures import WHOLE, FailureRecord, Recall
from unified_test_runner.planning.candidates import ChosenFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from unified_test_runner.planning.candidates import ChosenSuite

_REASON = "failed last time"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRequest:
    """What is asked for, and what is known. `runs_none_without`: no failure, no test."""

    mode: Recall = Recall.NONE
    record: FailureRecord = field(default_factory=FailureRecord)
    runs_none_without: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What workers are told of a file: what to do with which of its tests, by inner node id."""

    mode: Recall = Recall.NONE
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def urgent(self) -> frozenset[str]:
        """Paths of files that go before all others."""
        return frozenset(self.names) if self.mode is Recall.FIRST else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """The suites that are left. `notice` says what the user would otherwise wonder about."""

    suites: tuple[ChosenSuite, ...]
    recalled: Recalled = field(default_factory=Recalled)
    notice: str = ""


def narrow(root: Path, suites: Sequence[ChosenSuite], request: RecallRequest) -> Narrowed:
    """Return what is left of the selected suites."""
    if request.mode is Recall.NONE:
        return Narrowed(suites=tuple(suites))
    if request.mode is Recall.FROM:
        return _from_stop(suites, request)
    failed = request.record.failed
    found = tuple(_with_strays(root, suite, failed) for suite in suites)
    left = tuple(suite for each in found if (suite := _failed_only(each, failed)).files)
    paths = {file.path for suite in left for file in suite.files}
    names = {path: failed[path] for path in failed if path in paths}
    recalled = Recalled(mode=request.mode, names=names)
    if not left:
        return _without(suites, request)
    if request.mode is Recall.FIRST:
        return Narrowed(suites=tuple(found), recalled=recalled)
    return Narrowed(suites=left, recalled=recalled)


def _without(suites: Sequence[ChosenSuite], request: RecallRequest) -> Narrowed:
    """No selected test is known to have failed."""
    known = sum(map(len, request.record.failed.values()))
    if not known:
        why = "no failure is recorded"
    elif known == 1:
        why = "the one recorded failure is not among what is selected"
    else:
        why = f"none of the {known} recorded failures is among what is selected"
    if request.mode is Recall.ONLY and request.runs_none_without:
        return Narrowed(suites=(), notice=f"{why}: nothing runs, as --lfnf none asks for")
    return Narrowed(suites=tuple(suites), notice=f"{why}: everything selected runs")


def _with_strays(
    root: Path, suite: ChosenSuite, failed: Mapping[str, tuple[str, ...]]
) -> ChosenSuite:
    """Add failed files that only pytest itself would find, such as a custom collector's."""
    if not suite.is_whole:
        return suite
    known = {file.path for file in suite.files}
    strays = tuple(
        _stray(root, path)
        for path in failed
        if path not in known
        and not path.endswith("conftest.py")
        and any(is_below(path, start) for start in suite.starts)
    )
    return replace(suite, files=(*suite.files, *strays)) if strays else suite


def _stray(root: Path, path: str) -> ChosenFile:
    try:
        size_bytes = (root / path).stat().st_size
    except OSError:
        size_bytes = 0
    return ChosenFile(path=path, size_bytes=size_bytes, by=frozenset(), reasons=(_REASON,))


def _failed_only(suite: ChosenSuite, failed: Mapping[str, tuple[str, ...]]) -> ChosenSuite:
    files = tuple(
        replace(file, reasons=tuple(dict.fromkeys((_REASON, *file.reasons))))
        for file in suite.files
        if _has_failed(file, failed.get(file.path, ()))
    )
    return replace(suite, files=files, is_whole=False)


def _has_failed(file: ChosenFile, names: Sequence[str]) -> bool:
    """Whether any of the tests that are selected of a file is known to have failed."""
    if not file.node_ids or WHOLE in names:
        return bool(names)
    chosen = [nodeid.partition("::")[2] for nodeid in file.node_ids]
    return any(
        name == inner or name.startswith((f"{inner}::", f"{inner}["))
        for name in names
        for inner in chosen
    )


def _from_stop(suites: Sequence[ChosenSuite], request: RecallRequest) -> Narrowed:
    """Leave out the files before the one in which the last stepwise run stopped."""
    stop = request.record.stopped_at
    paths = [file.path for suite in suites for file in suite.files]
    if stop is None or stop[0] not in paths:
        notice = "" if stop is None else f"{stop[0]} is not among what is selected: nothing is left"
        return Narrowed(
            suites=tuple(suites),
            recalled=Recalled(mode=Recall.FROM),
            notice=notice and f"{notice} out",
        )
    wanted = set(paths[paths.index(stop[0]) :])
    left = []
    for suite in suites:
        files = tuple(file for file in suite.files if file.path in wanted)
        is_whole = suite.is_whole and len(files) == len(suite.files)
        left.append(replace(suite, files=files, is_whole=is_whole))
    return Narrowed(
        suites=tuple(suite for suite in left if suite.files),
        recalled=Recalled(mode=Recall.FROM, names={stop[0]: (stop[1],)}),
        notice=f"goes on from {stop[0]}::{stop[1]}".removesuffix("::"),
    )
