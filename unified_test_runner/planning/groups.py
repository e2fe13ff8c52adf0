"""Suites that may share workers, and the pytest command line of each such group."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.content import DEFAULT_SUITE, is_below
from unified_test_runner.errors import UsageError
from unified_test_runner.planning.arguments import relative_to_root
from unified_test_runner.planning.bundles import bundles
from unified_test_runner.planning.patterns import translate
from unified_test_runner.planning.plan import (
    DEFAULT_LEAKS,
    DEFAULT_TIMEOUT_S,
    Group,
    PlannedSuite,
    PlannedUnit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unified_test_runner.catalogue.content import Catalogue, CategorySpec, SuiteSpec
    from unified_test_runner.model import ServiceUse
    from unified_test_runner.planning.candidates import ChosenSuite, Project
    from unified_test_runner.planning.request import PlanRequest

#: Up to this many selected files are named one by one; beyond it the walk is cheaper.
FEW_FILES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """What suites must have in common to share a worker."""

    args: tuple[str, ...]
    env: frozenset[tuple[str, str]]
    interpreter: str
    services: frozenset[ServiceUse]
    collect: str


@dataclass(slots=True)
class Grouping:
    """Makes the groups of one run. `arguments` are the paths that were named, in their order."""

    request: PlanRequest
    project: Project
    arguments: tuple[str, ...] = ()
    _members: dict[_Key, list[ChosenSuite]] = field(default_factory=dict)

    def groups(self, suites: Iterable[ChosenSuite]) -> tuple[Group, ...]:
        """Return the groups of `suites`, ordered by the first suite of each."""
        for suite in suites:
            self._members.setdefault(self._key(suite.spec), []).append(suite)
        return tuple(self._group(index, each) for index, each in enumerate(self._members.values()))

    def _key(self, spec: SuiteSpec) -> _Key:
        return _Key(
            args=spec.args,
            env=frozenset(spec.env),
            interpreter=self._interpreter(spec),
            services=frozenset(self._effective(use) for use in spec.services),
            collect=self._collect(spec),
        )

    def _collect(self, spec: SuiteSpec) -> str:
        return self.request.collect or spec.collect

    def _interpreter(self, spec: SuiteSpec) -> str:
        """Return the Python of a suite.

        Raises:
            UsageError: the one that the catalogue names cannot be run.
        """
        if spec.python is None or self.request.interpreters is None:
            return self.request.interpreter
        found = self.request.interpreters.get(spec.python)
        if found is None:
            hint = "name a program on the PATH, or a path from the project root"
            raise UsageError(
                f"suite '{spec.name}': python: '{spec.python}' cannot be run", hint=hint
            )
        return found

    def _effective(self, use: ServiceUse) -> ServiceUse:
        """Return the use with the isolation it comes to, so that saying it twice is no news."""
        if use.isolation is not None or self.request.catalogue is None:
            return use
        spec = self.request.catalogue.services[use.name]
        return type(use)(name=use.name, isolation=spec.isolation)

    def _group(self, index: int, suites: list[ChosenSuite]) -> Group:
        spec = suites[0].spec
        files = [file for suite in suites for file in suite.files]
        return Group(
            index=index,
            suites=self._suites(suites),
            # Paths first: an option whose value may be left out would take one for it.
            arguments=(*self._paths(suites), *spec.args, *self._options()),
            interpreter=self._interpreter(spec),
            env=spec.env,
            services=spec.services,
            filtered=frozenset(file.path for file in files if file.is_filtered),
            node_patterns=tuple(map(translate, dict.fromkeys(self.request.patterns))),
            node_ids=tuple(dict.fromkeys(each for file in files for each in file.node_ids)),
            collect=self._collect(spec),
        )

    def _planned(self, suite: ChosenSuite) -> PlannedSuite:
        """Return a suite with its settings, each from the nearest place that says one."""
        own, general = suite.spec.limits, self.request.catalogue
        common = general.limits if general else own
        leaks = (self.request.leaks, suite.spec.leaks, general.leaks if general else None)
        return replace(
            _planned(suite, self._timeout_s(suite.spec), self._retries(suite.spec)),
            leaks=next(filter(None, leaks), DEFAULT_LEAKS),
            memory_bytes=own.memory_bytes or common.memory_bytes,
            recycle_bytes=own.recycle_bytes or common.recycle_bytes,
        )

    def _suites(self, suites: list[ChosenSuite]) -> tuple[PlannedSuite, ...]:
        planned = [self._planned(suite) for suite in suites]
        labels = {
            unit.path: self.project.group_names(unit.path) | ({suite.bundle} - {""})
            for suite in planned
            for unit in suite.units
        }
        found = bundles(labels)
        whole = self.project.dependents
        return tuple(
            replace(
                suite,
                units=tuple(
                    replace(
                        unit,
                        bundle=found.get(unit.path, ""),
                        keep_together="file" if unit.path in whole else unit.keep_together,
                    )
                    for unit in suite.units
                ),
            )
            for suite in planned
        )

    def _timeout_s(self, spec: SuiteSpec) -> float:
        """Return the time limit of a suite's tests: the nearest to it that says one."""
        said = (layer.timeout_s for layer in self._layers(spec))
        return next((limit for limit in said if limit is not None), DEFAULT_TIMEOUT_S)

    def _retries(self, spec: SuiteSpec) -> int:
        """Return how often a failed test of a suite is run again, as the nearest to it says."""
        said = (layer.retries for layer in self._layers(spec))
        return next((number for number in said if number is not None), 0)

    def _layers(
        self, spec: SuiteSpec
    ) -> Iterator[PlanRequest | SuiteSpec | CategorySpec | Catalogue]:
        """Yield who may say something about a suite's tests, the one to be heard first first."""
        catalogue = self.request.catalogue
        yield self.request
        yield spec
        if catalogue is not None:
            if category := catalogue.categories.get(spec.category or ""):
                yield category
            yield catalogue

    def _options(self) -> tuple[str, ...]:
        request = self.request
        found: list[str] = []
        if request.keyword:
            found += ["-k", request.keyword]
        if request.markexpr:
            found += ["-m", request.markexpr]
        for each in request.deselect:
            found += ["--deselect", self._rebased(each)]
        return (*found, *request.pytest_args)

    def _rebased(self, nodeid: str) -> str:
        """Return a node id given in `cwd` as pytest, which runs in the root, knows it."""
        path, colons, inside = nodeid.partition("::")
        full = os.path.normpath(os.path.join(self.request.cwd, path))  # noqa: PTH118
        relative = relative_to_root(full, self.request.root)
        if relative is None or not os.path.exists(full):  # noqa: PTH110
            return nodeid
        return f"{relative}{colons}{inside}"

    def _paths(self, suites: list[ChosenSuite]) -> tuple[str, ...]:
        if self.request.catalogue is None and suites[0].is_whole and not self.request.arguments:
            return ()  # pytest finds its own way
        files = [file.path for suite in suites for file in suite.files]
        paths = list(dict.fromkeys(path for suite in suites for path in _walked(suite)))
        if {*paths} <= {*files} and {*paths} <= {*self.arguments}:
            # Files named one by one run in that order, as under pytest, whatever their suites.
            paths.sort(key=self.arguments.index)
        kept = apart([path for path in paths if not self._is_reached(path, paths)], files)
        return (*self._ignored(suites, kept), *kept)

    def _is_reached(self, path: str, paths: list[str]) -> bool:
        """Whether the walk of another of `paths` comes by `path` anyway."""
        return any(
            other != path and is_below(path, other) and not self._is_hidden(path, other)
            for other in paths
        )

    def _is_hidden(self, path: str, folder: str) -> bool:
        parts = path.split("/")
        depth = 0 if folder == "." else folder.count("/") + 1
        steps = ("/".join(parts[:end]) for end in range(depth + 1, len(parts) + 1))
        return any(self.project.walker.is_skipped(step) for step in steps)

    def _ignored(self, suites: list[ChosenSuite], paths: list[str]) -> list[str]:
        """Return options that keep the walk of the implicit suite out of other groups' files."""
        if all(suite.spec.name != DEFAULT_SUITE for suite in suites):
            return []
        own = {path for suite in suites for path in suite.spec.paths}
        foreign = sorted(self.project.claimed - own)
        return [
            f"--ignore={claim}" for claim in foreign if any(is_below(claim, path) for path in paths)
        ]


def apart(paths: list[str], files: list[str]) -> list[str]:
    """Return `paths` so that none lies in another, in as few steps down as that takes.

    pytest drops an argument that lies in another one even where its walk of the outer one
    passes over the inner one. So the outer one is replaced by those of its entries that have
    any of `files` below them.
    """
    for outer in paths:
        inner = [path for path in paths if path != outer and is_below(path, outer)]
        if inner:
            mine = [file for file in files if is_below(file, outer)]
            loose = [file for file in mine if not any(is_below(file, each) for each in inner)]
            entries = [_entry(outer, path) for path in (*loose, *inner)]
            others = [path for path in paths if path != outer]
            return apart(list(dict.fromkeys((*entries, *others))), files)
    return paths


def _entry(folder: str, path: str) -> str:
    """Return the entry of `folder` that is `path` or has it below."""
    prefix = "" if folder == "." else f"{folder}/"
    return prefix + path.removeprefix(prefix).split("/")[0]


def _walked(suite: ChosenSuite) -> tuple[str, ...]:
    if not suite.is_whole and len(suite.files) <= FEW_FILES:
        return tuple(file.path for file in suite.files)
    return suite.starts


def _planned(suite: ChosenSuite, timeout_s: float, retries: int) -> PlannedSuite:
    spec = suite.spec
    units = tuple(
        PlannedUnit(
            path=file.path,
            suite=spec.name,
            size_bytes=file.size_bytes,
            keep_together=spec.keep_together,
            locks=frozenset(spec.locks),
            is_serial=spec.serial,
            reason=", ".join(file.reasons),
        )
        for file in suite.files
    )
    reasons = dict.fromkeys(reason for file in suite.files for reason in file.reasons)
    return PlannedSuite(
        name=spec.name,
        category=spec.category,
        services=spec.services,
        units=units,
        paths=suite.starts,
        is_whole=suite.is_whole,
        timeout_s=timeout_s,
        retries=retries,
        keep_together=spec.keep_together,
        locks=frozenset(spec.locks),
        is_serial=spec.serial,
        reason=", ".join(reasons),
    )
