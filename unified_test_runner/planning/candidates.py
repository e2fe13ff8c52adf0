"""Which files the selectors choose, from which suite, and why. Nothing is decided about runs.

Kinds of selector intersect, repeats of one kind unite.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.content import DEFAULT_SUITE, Catalogue, SuiteSpec, is_below
from unified_test_runner.dependents import dependents
from unified_test_runner.planning.bundles import group_names
from unified_test_runner.planning.files import TestFile, Walker, expand_testpaths
from unified_test_runner.planning.names import Answer, NameIndex, index_names, may_parametrise
from unified_test_runner.planning.patterns import is_written, matches, widened
from unified_test_runner.planning.syntax import outside_of_bodies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from unified_test_runner.planning.arguments import Argument
    from unified_test_runner.planning.pytest_ini import PytestIni

CATEGORY = "--category"
SUITE = "--suite"
PATTERN = "--test-pattern"
ARGUMENT = "PATH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """The selectors of a run, resolved; every name in them is known."""

    categories: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return every selector as (option, value), without repeats."""
        found = [(CATEGORY, name) for name in self.categories]
        found += [(SUITE, name) for name in self.suites]
        found += [(PATTERN, pattern) for pattern in self.patterns]
        found += [(ARGUMENT, argument.name) for argument in self.arguments]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenFile:
    """A selected file. `by` are the selectors that chose it, `reasons` say so in words.

    `is_filtered`: only tests of it that a pattern matches. `node_ids`: only these tests.
    """

    path: str
    size_bytes: int
    by: frozenset[tuple[str, str]]
    reasons: tuple[str, ...]
    is_filtered: bool = False
    node_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSuite:
    """A suite with its selected files. `starts` are the paths they were looked for in.

    `is_whole`: every file found at `starts` is selected.
    """

    spec: SuiteSpec
    files: tuple[ChosenFile, ...]
    starts: tuple[str, ...]
    is_whole: bool


@dataclass(slots=True)
class Project:
    """A project's files and names, each read at most once.

    Args:
        root: the project root.
        ini: pytest's settings there.
        catalogue: None where the project has none.
    """

    root: Path
    ini: PytestIni
    catalogue: Catalogue | None
    walker: Walker = field(init=False)
    claimed: frozenset[str] = field(init=False)
    suites: tuple[SuiteSpec, ...] = field(init=False)
    _names: dict[str, NameIndex] = field(default_factory=dict)
    _conftests: dict[str, bool] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _walks: dict[tuple[str, tuple[str, ...]], list[TestFile]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.walker = Walker(root=self.root, ini=self.ini)
        known = tuple(self.catalogue.suites.values()) if self.catalogue else ()
        self.claimed = frozenset(path for spec in known for path in spec.paths)
        self.suites = (self._implicit(), *order_suites(self.catalogue))

    def _implicit(self) -> SuiteSpec:
        paths = expand_testpaths(self.root, self.ini.testpaths)
        return SuiteSpec(name=DEFAULT_SUITE, paths=paths or (".",))

    def is_claimed(self, path: str) -> bool:
        """Whether `path` belongs to a suite of the catalogue."""
        return any(is_below(path, claim) for claim in self.claimed)

    def walk(self, spec: SuiteSpec, starts: tuple[str, ...]) -> list[TestFile]:
        """Return the test files of a suite at or below `starts`."""
        key = (spec.name, starts)
        if key not in self._walks:
            pruned = self.claimed if spec.name == DEFAULT_SUITE else frozenset()
            self._walks[key] = self.walker.walk(starts, pruned)
        return self._walks[key]

    @property
    def dependents(self) -> frozenset[str]:
        """Files that are known to pass only as a whole."""
        return dependents(self.root)

    def group_names(self, path: str) -> frozenset[str]:
        """Return the names of the `xdist_group` marks in a file."""
        try:
            names = group_names((self.root / path).read_bytes())
        except OSError:
            return frozenset()
        return frozenset(f"xdist_group {name}" for name in names)

    def names(self, path: str) -> NameIndex:
        """Return the names in a file; one that cannot be read may have any."""
        if path not in self._names:
            try:
                source = (self.root / path).read_bytes()
            except OSError:
                source = b"("
            wild = self._is_parametrised(path.rpartition("/")[0])
            self._names[path] = index_names(source, path, self.ini, is_parametrised=wild)
        return self._names[path]

    def _is_parametrised(self, folder: str) -> bool:
        """Whether a conftest of `folder`, or above it, may parametrise any test there."""
        if folder not in self._conftests:
            above = bool(folder) and self._is_parametrised(folder.rpartition("/")[0])
            self._conftests[folder] = above or self._may_parametrise(folder)
        return self._conftests[folder]

    def _may_parametrise(self, folder: str) -> bool:
        try:
            return may_parametrise((self.root / folder / "conftest.py").read_bytes())
        except OSError:
            return False

    def texts(self, path: str) -> str:
        """Return what the ids of a file's tests can be made of, as far as it is written down.

        Its path, and its own text and that of the conftests above it outside of functions.
        Parameters that are computed as tests are collected are not in it. They count only
        where a file is chosen for something that is, or by a pattern with a bracket; else
        every glob would choose every parametrised test, and bring up services for it.
        """
        parts = path.split("/")[:-1]
        folders = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
        conftests = [f"{folder}/conftest.py".lstrip("/") for folder in folders]
        return "\n".join([path, *map(self._text, (path, *conftests))])

    def _text(self, path: str) -> str:
        if path not in self._texts:
            try:
                source = (self.root / path).read_text("utf-8", "replace")
            except OSError:
                source = ""
            self._texts[path] = outside_of_bodies(source)
        return self._texts[path]

    def seen_names(self) -> list[NameIndex]:
        """Return the indexes made so far."""
        return list(self._names.values())


def order_suites(catalogue: Catalogue | None) -> tuple[SuiteSpec, ...]:
    """Return the suites in the order in which they are handed out.

    Suites without a category come first; then category by category, each after those it
    names, lower priority sooner, else in the order of the file.
    """
    if catalogue is None:
        return ()
    ranks = {name: rank for rank, name in enumerate(order_categories(catalogue))}
    suites = catalogue.suites.values()
    return tuple(sorted(suites, key=lambda spec: ranks.get(spec.category or "", -1)))


def order_categories(catalogue: Catalogue) -> list[str]:
    """Return the names of the categories in their order. `after` has no circles."""
    places = {name: place for place, name in enumerate(catalogue.categories)}
    missing = {name: set(spec.after) for name, spec in catalogue.categories.items()}
    heap = [
        (spec.priority, places[name], name)
        for name, spec in catalogue.categories.items()
        if not spec.after
    ]
    heapq.heapify(heap)
    ordered: list[str] = []
    while heap:
        _, _, done = heapq.heappop(heap)
        ordered.append(done)
        for name, waiting in missing.items():
            if done in waiting:
                waiting.remove(done)
                if not waiting:
                    priority = catalogue.categories[name].priority
                    heapq.heappush(heap, (priority, places[name], name))
    return ordered


def choose(project: Project, selectors: Selectors) -> list[ChosenSuite]:
    """Return the suites of which `selectors` choose at least one file, in their order."""
    chosen = (
        _choose_files(project, selectors, spec)
        for spec in project.suites
        if _is_wanted(spec, selectors)
    )
    return [suite for suite in chosen if suite.files]


def _is_wanted(spec: SuiteSpec, selectors: Selectors) -> bool:
    if selectors.categories and spec.category not in selectors.categories:
        return False
    return not selectors.suites or spec.name in selectors.suites


def _choose_files(project: Project, selectors: Selectors, spec: SuiteSpec) -> ChosenSuite:
    starts, covering = _start(project, selectors, spec)
    walked = project.walk(spec, starts)
    choice = _Choice(project=project, selectors=selectors, spec=spec)
    chosen = (
        choice.of(file, [each for each, paths in covering if _covers(file.path, paths)])
        for file in walked
    )
    files = tuple(file for file in chosen if file is not None)
    return ChosenSuite(spec=spec, files=files, starts=starts, is_whole=len(files) == len(walked))


def _covers(path: str, starts: Iterable[str]) -> bool:
    return any(is_below(path, start) for start in starts)


def _start(
    project: Project, selectors: Selectors, spec: SuiteSpec
) -> tuple[tuple[str, ...], list[tuple[Argument, tuple[str, ...]]]]:
    """Return where a suite is walked, and each argument with the part of it that it covers."""
    if not selectors.arguments:
        return tuple(path for path in spec.paths if _is_own(project, spec, path)), []
    covering = [
        (argument, _covered(project, spec, argument.path)) for argument in selectors.arguments
    ]
    starts = dict.fromkeys(path for _, paths in covering for path in paths)
    return tuple(starts), covering


def _is_own(project: Project, spec: SuiteSpec, path: str) -> bool:
    return spec.name != DEFAULT_SUITE or not project.is_claimed(path)


def _covered(project: Project, spec: SuiteSpec, path: str) -> tuple[str, ...]:
    if spec.name == DEFAULT_SUITE:
        return () if project.is_claimed(path) else (path,)
    if any(is_below(path, own) for own in spec.paths):
        return (path,)
    return tuple(own for own in spec.paths if is_below(own, path))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Decides on the files of one suite."""

    project: Project
    selectors: Selectors
    spec: SuiteSpec

    def of(self, file: TestFile, arguments: list[Argument]) -> ChosenFile | None:
        """Return the file as chosen, or None; `arguments` are those that cover its path."""
        possible = [each for each in arguments if _is_possible(self.project, each)]
        if self.selectors.arguments and not possible:
            return None
        matched = self._matching(file)
        if self.selectors.patterns and not matched:
            return None
        why = self._by_name()
        why += [((ARGUMENT, each.name), f"argument {each.given}") for each in possible]
        why += [((PATTERN, each), f"pattern '{each}' {reason}") for each, reason in matched]
        is_whole = any(reason in _WHOLE for _, reason in matched)
        is_named_whole = any(not each.nodeid for each in possible)
        node_ids = () if is_named_whole else tuple(dict.fromkeys(each.nodeid for each in possible))
        return ChosenFile(
            path=file.path,
            size_bytes=file.size_bytes,
            by=frozenset(pair for pair, _ in why),
            reasons=tuple(reason for _, reason in why) or ("no selector",),
            is_filtered=bool(matched) and not is_whole,
            node_ids=node_ids,
        )

    def _by_name(self) -> list[tuple[tuple[str, str], str]]:
        """Return the selectors that choose the suite as such, with reasons."""
        found = []
        if self.spec.category in self.selectors.categories:
            found.append(((CATEGORY, self.spec.category or ""), f"category {self.spec.category}"))
        if self.spec.name in self.selectors.suites:
            found.append(((SUITE, self.spec.name), f"suite {self.spec.name}"))
        return found

    def _matching(self, file: TestFile) -> list[tuple[str, str]]:
        answers = (
            (pattern, _matched(self.project, pattern, self.spec, file))
            for pattern in dict.fromkeys(self.selectors.patterns)
        )
        return [(pattern, reason) for pattern, reason in answers if reason]


def _is_possible(project: Project, argument: Argument) -> bool:
    return not argument.nodeid or project.names(argument.path).may_have(argument.nodeid)


_BY_SUITE = "matches its suite"
_BY_PATH = "matches its path"
_WHOLE = (_BY_SUITE, _BY_PATH)


def _matched(project: Project, pattern: str, spec: SuiteSpec, file: TestFile) -> str:
    """Return how `pattern` matches a file, in words; nothing when it cannot."""
    if matches(pattern, spec.name):
        return _BY_SUITE
    if matches(pattern, file.path):
        return _BY_PATH
    answer = project.names(file.path).answer(widened(pattern))
    if answer is Answer.MATCHES:
        return "matches a test in it"
    if answer is not Answer.CANNOT_TELL:
        return ""
    is_open = "[" in pattern or is_written(pattern, project.texts(file.path))
    return "may match a test in it" if is_open else ""
