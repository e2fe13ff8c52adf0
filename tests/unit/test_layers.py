"""The house rules that a syntax tree can show: who imports whom, and who touches the world."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "unified_test_runner"
REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / PACKAGE
PRODUCT = sorted(SOURCE.rglob("*.py"))
SUITES = sorted((REPOSITORY / "suites").rglob("*.py"))

#: Lowest first. A module may import from its own layer and from those below it; the longest
#: entry that a module's name begins with is its place. `""` is the package itself.
LAYERS = (
    {"", "exitcodes", "worker", "worker.child"},
    {"bell", "codec", "errors", "inbox", "last_words", "light", "machine", "masking", "model",
     "signals"},
    {"ddmin", "events", "itinerary", "kinds", "phases", "rundir", "steps", "worker.protocol"},
    {"bookings", "dependents", "entries", "locks", "occurrences", "ranges", "records", "repeating",
     "worker.incoming"},
    {"accounting", "attribution", "catalogue", "growth", "report", "results", "waiting"},
    {"failures", "scheduler", "sightings"},
    {"verdict"},
    {"planning", "reporters.base", "worker.process", "worker.template"},
    {"settings", "forecast", "preloading", "services", "reporters"},
    {"bisection", "coverage", "early", "failure_file", "ordering", "overdue", "recorded"},
    {"crew", "ledger", "live_output", "preparation", "recording", "slots"},
    {"retrying"},
    {"attendance", "inquiry", "lateness", "memory", "stopping", "stray_tests"},
    {"conversation", "orders"},
    {"engine"},
    {"execution"},
    {"trials"},
    {"investigation"},
    {"cli"},
    {"__main__"},
)  # fmt: skip
#: The only module of the child side that the runner shares.
SHARED = "worker.child.utr_child.wire"
#: Processes of their own: started as scripts, they answer to nobody in this process.
PROGRAMS = ("worker.child", "services.watcher", "services.launch")

FUNCTION_LINES = 60
FILE_LINES = 400
#: "file" or "file::function" → why it may be longer.
LENGTH_EXCEPTIONS: dict[str, str] = {}


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in PRODUCT}


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def is_in(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def layer_of(name: str) -> int:
    best = {
        len(room): level
        for level, rooms in enumerate(LAYERS)
        for room in rooms
        if name == room or (room and name.startswith(f"{room}."))
    }
    return best[max(best)]


def type_only(tree: ast.Module) -> set[ast.AST]:
    return {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for below in ast.walk(statement)
    }


def imported(name: str) -> Iterator[tuple[str, bool]]:
    """Modules of ours that a module names in imports, and whether it loads them."""
    tree = tree_of(NAMES[name])
    unloaded = type_only(tree)
    for node in ast.walk(tree):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [full if _is_ours(full) else str(node.module) for full in below]
        for full in filter(_is_ours, found):
            yield full.removeprefix(PACKAGE).removeprefix("."), node not in unloaded


def _is_ours(full: str) -> bool:
    return full == PACKAGE or full.removeprefix(f"{PACKAGE}.") in NAMES


def calls(path: Path) -> Iterator[str]:
    """Dotted names of everything a module calls."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def attributes(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def test_the_walk_sees_the_package():
    """So that none of the rules below can pass for want of modules."""
    assert len(NAMES) > 80
    assert {"engine", "cli.run", "worker.child.utr_child.loop", "services.kinds.redis"} <= {*NAMES}
    assert ("cli.list", True) not in set(imported("cli.run"))
    assert ("execution", True) in set(imported("cli.run"))
    assert ("model", False) in set(imported("steps"))


def test_every_module_has_one_place_in_the_layers():
    rooms = [room for layer in LAYERS for room in layer]
    assert len(rooms) == len(set(rooms))
    unplaced = [name for name in NAMES if name and not is_in(name, tuple(filter(None, rooms)))]
    assert not unplaced
    gone = [room for room in rooms if room not in NAMES]
    assert not gone


@pytest.mark.parametrize("name", NAMES)
def test_imports_go_downwards_only(name):
    upwards = {target for target, _ in imported(name) if layer_of(target) > layer_of(name)}
    assert not upwards, f"{name} imports {upwards} from above"


def test_modules_do_not_load_one_another_in_a_circle():
    loads = {name: {target for target, is_loaded in imported(name) if is_loaded} for name in NAMES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a circle: {' → '.join((*path, name))}"
        if name not in done:
            for target in loads[name] - {name}:
                visit(target, (*path, name))
            done.add(name)

    for name in NAMES:
        visit(name, ())


@pytest.mark.parametrize("name", [name for name in NAMES if is_in(name, ("worker.child",))])
def test_the_child_side_imports_the_standard_library_and_pytest_only(name):
    roots = set()
    for node in ast.walk(tree_of(NAMES[name])):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            roots.add(str(node.module).partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1, "the child side is flat"
    assert roots <= {*sys.stdlib_module_names, "pytest", "_pytest"}


def test_the_wire_format_imports_json_and_a_checksum_alone():
    """Both sides load it, and the child before pytest."""
    nodes = ast.walk(tree_of(NAMES[SHARED]))
    found = {ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))}
    assert found == {"from __future__ import annotations", "import json", "import zlib"}


def test_the_runner_shares_nothing_with_the_child_side_but_the_wire_format():
    shared = {
        target
        for name in NAMES
        if not is_in(name, ("worker.child",))
        for target, _ in imported(name)
        if is_in(target, ("worker.child",))
    }
    assert shared == {SHARED}


#: What may be touched, and by whom; programs of their own are exempt.
EFFECTS = [
    ("os.environ os.environb", "attribute", ("settings",)),
    ("os.getenv os.putenv os.unsetenv", "call", ()),
    ("Path.cwd os.getcwd", "call", ("settings",)),
    ("sys.stdout sys.__stdout__", "attribute", ("settings", "cli", "reporters")),
    ("sys.stderr sys.__stderr__", "attribute", ("cli", "reporters")),
    ("print click.echo click.secho", "call", ("cli", "reporters")),
    ("sys.exit exit quit os._exit", "call", ("__main__",)),
    ("signal.signal signal.set_wakeup_fd", "call", ("signals",)),
    ("os.chdir os.fchdir contextlib.chdir", "call", ()),
    ("atexit.register", "call", ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "how", "allowed"), EFFECTS, ids=[effect[0] for effect in EFFECTS]
)
def test_effects_stay_at_the_edge(names, how, allowed):
    find = attributes if how == "attribute" else calls
    offenders = {
        name
        for name, path in NAMES.items()
        if not is_in(name, (*allowed, *PROGRAMS)) and not set(names.split()).isdisjoint(find(path))
    }
    assert not offenders


@pytest.mark.parametrize("name", NAMES)
def test_effects_are_called_by_their_full_names(name):
    """`from os import environ` would escape the rules above."""
    hidden = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree_of(NAMES[name]))
        if isinstance(node, ast.ImportFrom) and node.module in {"os", "sys", "signal", "atexit"}
        for alias in node.names
    }
    assert not hidden


@pytest.mark.parametrize(
    "path", PRODUCT + SUITES, ids=lambda path: str(path.relative_to(REPOSITORY))
)
def test_files_and_functions_are_short(path):
    key = str(path.relative_to(REPOSITORY))
    lengths = {key: (len(path.read_text("utf-8").splitlines()), FILE_LINES)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = int(node.end_lineno or 0) - node.lineno + 1
            lengths[f"{key}::{node.name}"] = (length, FUNCTION_LINES)
    long = {what: length for what, (length, limit) in lengths.items() if length > limit}
    assert {what for what in long if what not in LENGTH_EXCEPTIONS} == set(), long


def test_modules_do_nothing_when_imported():
    """No bare call at module level: state made at import belongs to whoever imports first."""
    offenders = {
        f"{name}: {ast.unparse(node)}"
        for name, path in NAMES.items()
        for node in tree_of(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    }
    assert not offenders
