"""From a request to a plan. A pure function of the request and of the files on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.catalogue.content import DEFAULT_SUITE
from unified_test_runner.errors import NothingSelectedError, UsageError
from unified_test_runner.failures import Recall
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import WithheldSuite
from unified_test_runner.planning.arguments import resolve_argument
from unified_test_runner.planning.candidates import (
    ARGUMENT,
    CATEGORY,
    PATTERN,
    SUITE,
    ChosenSuite,
    Project,
    Selectors,
    choose,
)
from unified_test_runner.planning.counting import count_tests
from unified_test_runner.planning.groups import Grouping
from unified_test_runner.planning.patterns import nearest
from unified_test_runner.planning.plan import Plan
from unified_test_runner.planning.pytest_ini import read_pytest_ini
from unified_test_runner.planning.recalling import narrow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.catalogue.content import Catalogue
    from unified_test_runner.model import ServiceSpec
    from unified_test_runner.planning.recalling import Narrowed
    from unified_test_runner.planning.request import PlanRequest

REAL_SERVICES = "--real-services"

#: What a worker should find free at least, its services included: a database-backed test
#: process takes 100 to 200 MiB.
WORKER_MEMORY_BYTES = 256 * 2**20


def make_plan(request: PlanRequest) -> Plan:
    """Return what a run of `request` does; nothing is started and no test file imported.

    A plan without groups means that everything selected is withheld.

    Raises:
        UsageError: an unknown category or suite, or an argument that does not exist.
        NothingSelectedError: the selectors, or one of them, lead to no test file.
    """
    ini = request.ini or read_pytest_ini(request.root)
    project = Project(root=request.root, ini=ini, catalogue=request.catalogue)
    selectors = _resolve(request)
    chosen = choose(project, selectors)
    _check_each_leads_somewhere(project, selectors, chosen)
    narrowed = narrow(request.root, chosen, request.recall)
    chosen = list(narrowed.suites)
    running = [suite for suite in chosen if request.real_services or not suite.spec.services]
    withheld = [suite for suite in chosen if suite not in running]
    groups = Grouping(
        request=request,
        project=project,
        arguments=tuple(argument.path for argument in selectors.arguments),
    ).groups(running)
    workers, reason = _workers(request, sum(len(suite.files) for suite in running))
    return Plan(
        root=request.root,
        catalogue=request.catalogue.path if request.catalogue else None,
        groups=groups,
        withheld=tuple(_withheld(project, suite) for suite in withheld),
        services=_services(request.catalogue, running),
        scrubbed=_scrubbed(request.catalogue),
        selectors=_answerable(selectors, chosen, narrowed),
        workers=workers,
        workers_reason=reason,
        preload=_preload(request),
        notices=tuple(filter(None, dict.fromkeys((*project.walker.notices, narrowed.notice)))),
        recalled=narrowed.recalled,
    )


def _resolve(request: PlanRequest) -> Selectors:
    catalogue = request.catalogue
    categories = tuple(catalogue.categories) if catalogue else ()
    suites = (*(catalogue.suites if catalogue else ()), DEFAULT_SUITE)
    for name in request.categories:
        _check_known("category", name, categories, catalogue)
    for name in request.suites:
        _check_known("suite", name, suites, catalogue)
    arguments = (
        resolve_argument(each, root=request.root, cwd=request.cwd) for each in request.arguments
    )
    return Selectors(
        categories=request.categories,
        suites=request.suites,
        patterns=request.patterns,
        arguments=tuple(arguments),
    )


def _check_known(noun: str, name: str, known: tuple[str, ...], catalogue: Catalogue | None) -> None:
    if name in known:
        return
    if catalogue is None:
        message = f"unknown {noun} '{name}': there is no catalogue"
        raise UsageError(message, hint=f"a {noun} is declared in config/catalogue.yaml")
    raise UsageError(f"unknown {noun} '{name}' in {catalogue.path}", hint=_meant(name, known))


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = nearest(name, names)
    if close:
        return f"did you mean {' or '.join(repr(each) for each in close)}?"
    return f"known: {', '.join(names)}" if names else ""


# Each selector leads somewhere


def _check_each_leads_somewhere(
    project: Project, selectors: Selectors, chosen: list[ChosenSuite]
) -> None:
    hit = {pair for suite in chosen for file in suite.files for pair in file.by}
    for pair in selectors.pairs():
        if pair not in hit:
            raise _leads_nowhere(project, selectors, pair)
    if not chosen:
        spec = project.suites[0]
        files = " ".join(project.ini.python_files)
        message = f"there is no test file in {', '.join(repr(path) for path in spec.paths)}"
        raise NothingSelectedError(message, hint=f"a test file is one named {files}")


def _leads_nowhere(
    project: Project, selectors: Selectors, pair: tuple[str, str]
) -> NothingSelectedError:
    option, value = pair
    alone = _alone(selectors, pair)
    others = [_shown(other) for other in selectors.pairs() if other[0] != option]
    if others and choose(project, alone):
        together = ", ".join(others)
        return NothingSelectedError(f"{_shown(pair)} leads to no test together with {together}")
    if option == PATTERN:
        message = f"no suite, file or test matches {_shown(pair)}"
        return NothingSelectedError(message, hint=_meant_by_pattern(project, value))
    if option == ARGUMENT and "::" in value:
        path = value.partition("::")[0]
        message = f"there is no test '{value.partition('::')[2]}' in {path}"
        return NothingSelectedError(message, hint=_near_id(project, path, value))
    return NothingSelectedError(f"{_shown(pair)} has no test file", hint=_busy(project, option))


def _shown(pair: tuple[str, str]) -> str:
    option, value = pair
    return f"'{value}'" if option == ARGUMENT else f"{option} '{value}'"


def _alone(selectors: Selectors, pair: tuple[str, str]) -> Selectors:
    option, value = pair
    if option == CATEGORY:
        return Selectors(categories=(value,))
    if option == SUITE:
        return Selectors(suites=(value,))
    if option == PATTERN:
        return Selectors(patterns=(value,))
    return Selectors(arguments=tuple(a for a in selectors.arguments if a.name == value))


def _meant_by_pattern(project: Project, pattern: str) -> str:
    names = [suite.name for suite in project.suites]
    for suite in choose(project, Selectors()):
        for file in suite.files:
            names += [*file.path.split("/"), file.path]
    for index in project.seen_names():
        names += [part for name in index.known() for part in name.split("::")[1:]]
    close = nearest(pattern, names)
    if close:
        return f"did you mean {' or '.join(repr(name) for name in close)}?"
    return f"suites here: {', '.join(suite.name for suite in project.suites)}"


def _near_id(project: Project, path: str, nodeid: str) -> str:
    known = [name.partition("::")[2] for name in project.names(path).known()]
    return _meant(nodeid.partition("::")[2].partition("[")[0], known[:12]) if known else ""


def _busy(project: Project, option: str) -> str:
    suites = choose(project, Selectors())
    if option == CATEGORY:
        names = dict.fromkeys(suite.spec.category for suite in suites)
        return f"with test files: {', '.join(name for name in names if name)}" if any(names) else ""
    if option == SUITE:
        return f"with test files: {', '.join(suite.spec.name for suite in suites)}"
    return f"a test file is one named {' '.join(project.ini.python_files)}"


# What follows from the choice


def _answerable(
    selectors: Selectors, left: list[ChosenSuite], narrowed: Narrowed
) -> tuple[tuple[str, str], ...]:
    """Return the selectors that must lead to a test: not those whose files have been left out."""
    if narrowed.recalled.mode in {Recall.NONE, Recall.FIRST}:
        return selectors.pairs()
    answering = {pair for suite in left for file in suite.files for pair in file.by}
    # Which tests of a file failed is known, which of them a pattern means is not.
    return tuple(pair for pair in selectors.pairs() if pair in answering and pair[0] != PATTERN)


def _withheld(project: Project, suite: ChosenSuite) -> WithheldSuite:
    return WithheldSuite(
        name=suite.spec.name,
        files=len(suite.files),
        flag=REAL_SERVICES,
        tests_at_least=sum(_count(project, file.path) for file in suite.files),
        category=suite.spec.category,
        services=tuple(use.name for use in suite.spec.services),
    )


def _count(project: Project, path: str) -> int:
    try:
        return count_tests((project.root / path).read_bytes(), project.ini)
    except OSError:
        return 0


def _services(
    catalogue: Catalogue | None, suites: Iterable[ChosenSuite]
) -> tuple[ServiceSpec, ...]:
    if catalogue is None:
        return ()
    ordered: dict[str, ServiceSpec] = {}

    def add(name: str) -> None:
        if name not in ordered:
            for need in catalogue.services[name].needs:
                add(need)
            ordered[name] = catalogue.services[name]

    for suite in suites:
        for use in suite.spec.services:
            add(use.name)
    return tuple(ordered.values())


def _scrubbed(catalogue: Catalogue | None) -> frozenset[str]:
    names: set[str] = set()
    for spec in catalogue.services.values() if catalogue else ():
        kind = KINDS[spec.kind]
        names.update(spec.provides, kind.provides, kind.client_variables)
    return frozenset(names)


def _preload(request: PlanRequest) -> tuple[str, ...]:
    if request.preload is not None:
        return request.preload
    return request.catalogue.preload if request.catalogue else ()


def _by_machine(request: PlanRequest) -> tuple[int, str]:
    if request.memory_bytes is not None:
        room = max(1, request.memory_bytes // WORKER_MEMORY_BYTES)
        if room < request.cpu_count:
            free = request.memory_bytes // 2**20
            return room, f"{free} MiB of memory are free, too little for one per processor"
    return request.cpu_count, "one per processor"


def _workers(request: PlanRequest, files: int) -> tuple[int, str]:
    declared = request.catalogue.workers if request.catalogue else None
    if request.workers is not None:
        wanted, reason = request.workers, "asked for"
    elif declared is not None:
        wanted, reason = declared, "defaults of the catalogue"
    else:
        wanted, reason = _by_machine(request)
    if files < wanted:
        return max(files, 1), f"{reason}, but no more than files"
    return max(wanted, 1), reason
