"""Plans: decision tables, messages, and properties over generated projects."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unified_test_runner.catalogue.content import Catalogue, CategorySpec, SuiteSpec
from unified_test_runner.errors import NothingSelectedError, UsageError
from unified_test_runner.model import ExitCode, WithheldSuite
from unified_test_runner.planning.patterns import matches
from unified_test_runner.planning.request import PlanRequest
from unified_test_runner.planning.selection import make_plan

TEST = "def test_one():\n    pass\n\ndef test_two():\n    pass\n"
A, B, LOOSE = "tests/unit/test_a.py", "tests/unit/test_b.py", "tests/test_loose.py"
O1, O2, U = "suites/orders/test_o1.py", "suites/orders/test_o2.py", "suites/users/test_u.py"

#: (arguments, settings, files in order); all with --real-services
SELECTIONS = [
    ((), {}, [LOOSE, A, B, O1, O2, U]),
    ((), {"categories": ("integration",)}, [O1, O2, U]),
    ((), {"categories": ("unit", "integration")}, [A, B, O1, O2, U]),
    ((), {"suites": ("users",)}, [U]),
    ((), {"suites": ("default", "users")}, [LOOSE, U]),
    ((), {"categories": ("integration",), "suites": ("users", "orders")}, [O1, O2, U]),
    ((), {"patterns": ("*orders*",)}, [O1, O2]),
    ((), {"patterns": ("orders",)}, [O1, O2]),
    ((), {"patterns": ("*",)}, [LOOSE, A, B, O1, O2, U]),
    ((), {"patterns": ("*test_?.py",)}, [A, B, U]),
    ((), {"patterns": ("*test_?.py",), "categories": ("unit",)}, [A, B]),
    ((), {"patterns": ("*::test_one",), "suites": ("users",)}, [U]),
    (("tests",), {}, [LOOSE, A, B]),
    (("tests/unit",), {}, [A, B]),
    (("suites",), {}, [O1, O2, U]),
    ((".",), {"suites": ("orders",)}, [O1, O2]),
    ((O2, LOOSE), {}, [LOOSE, O2]),
    ((f"{O2}::test_two",), {}, [O2]),
    (("suites",), {"patterns": ("*o1*",)}, [O1]),
]


@pytest.mark.parametrize(("arguments", "selectors", "files"), SELECTIONS)
def test_r8_what_is_selected(shop: Any, arguments: Any, selectors: Any, files: Any) -> None:
    plan = shop.plan(*arguments, **selectors, real_services=True)
    assert sorted(unit.path for unit in plan.units) == sorted(files)


def test_r10_suites_come_in_the_order_of_their_categories(shop: Any) -> None:
    shop.plan(real_services=True)
    plan = shop.plan(real_services=True)
    names = [suite.name for group in plan.groups for suite in group.suites]
    assert names == ["default", "units", "orders", "users"]


def test_r8_reasons_name_the_selectors(shop: Any) -> None:
    plan = shop.plan("suites", categories=("integration",), patterns=("*o1*",), real_services=True)
    (unit,) = plan.units
    assert unit.reason == "category integration, argument suites, pattern '*o1*' matches its path"
    (suite,) = plan.groups[0].suites
    assert suite.reason == unit.reason
    assert plan.selectors == (
        ("--category", "integration"), ("--test-pattern", "*o1*"), ("PATH", "suites"),
    )  # fmt: skip
    assert shop.plan().units[0].reason == "no selector"


#: (arguments, settings, error, message)
REFUSED = [
    ((), {"categories": ("unti",)}, UsageError,
     r"^unknown category 'unti' in config/catalogue.yaml \(hint: did you mean 'unit'\?\)$"),
    ((), {"suites": ("order",)}, UsageError, r"hint: did you mean 'orders'\?"),
    ((), {"suites": ("qqq",)}, UsageError, r"hint: known: orders, users, units, default"),
    (("tests/unti",), {}, UsageError, r"hint: did you mean 'unit'\?"),
    (("../x",), {}, UsageError, "there is no"),
    ((), {"patterns": ("*ordesr*",)}, NothingSelectedError,
     (r"^no suite, file or test matches --test-pattern '\*ordesr\*'"
     r" \(hint: did you mean 'orders'\?\)$")),
    ((), {"patterns": ("test_*.py",)}, NothingSelectedError, "no suite, file or test matches"),
    ((), {"patterns": ("*tset_one",)}, NothingSelectedError, r"hint: did you mean 'test_one'"),
    ((), {"patterns": ("*orders*", "*nothing*")}, NothingSelectedError,
     r"matches --test-pattern '\*nothing\*'"),
    ((), {"patterns": ("*orders*",), "categories": ("unit",)}, NothingSelectedError,
     r"^--category 'unit' leads to no test together with --test-pattern '\*orders\*'$"),
    ((), {"categories": ("unit", "integration"), "suites": ("units",)}, NothingSelectedError,
     r"^--category 'integration' leads to no test together with --suite 'units'$"),
    (("tests", "suites/users"), {"categories": ("unit",)}, NothingSelectedError,
     r"^'suites/users' leads to no test together with --category 'unit'$"),
    ((f"{A}::test_tow",), {}, NothingSelectedError,
     r"^there is no test 'test_tow' in tests/unit/test_a.py \(hint: did you mean 'test_two'"),
    ((f"{A}::TestX::test_one",), {}, NothingSelectedError, "there is no test"),
    (("empty",), {}, NothingSelectedError,
     r"^'empty' has no test file \(hint: a test file is one named test_\*.py \*_test.py\)$"),
    ((), {"categories": ("bare",)}, NothingSelectedError,
     r"^--category 'bare' has no test file \(hint: with test files: unit, integration\)$"),
    ((), {"suites": ("hollow",)}, NothingSelectedError, "^--suite 'hollow' has no test file"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "selectors", "error", "message"), REFUSED)
def test_r7_what_leads_nowhere_says_so_before_anything_starts(
    shop: Any, arguments: Any, selectors: Any, error: Any, message: str
) -> None:
    shop.write("empty/readme.txt")
    categories = {**shop.catalogue.categories, "bare": CategorySpec(name="bare")}
    suites = {**shop.catalogue.suites}
    if selectors.get("suites") == ("hollow",):
        suites["hollow"] = SuiteSpec(name="hollow", paths=("empty",))
    shop.catalogue = Catalogue(
        path=shop.catalogue.path,
        categories=categories,
        services=shop.catalogue.services,
        suites=suites,
    )
    with pytest.raises(error, match=message) as caught:
        shop.plan(*arguments, **selectors, real_services=True)
    expected = ExitCode.USAGE if error is UsageError else ExitCode.NOTHING_RAN
    assert caught.value.exit_code is expected


@pytest.mark.parametrize("kind", ["categories", "suites"])
def test_without_a_catalogue_there_are_no_categories_or_suites(tree: Any, kind: Any) -> None:
    tree.files("test_a.py")
    with pytest.raises(UsageError, match="there is no catalogue"):
        tree.plan(**{kind: ("unit",)})


def test_r11_a_project_without_tests_is_no_success(tree: Any) -> None:
    tree.write("pyproject.toml", "")
    with pytest.raises(NothingSelectedError, match=r"^there is no test file in '\.' \(hint: "):
        tree.plan()


def test_testpaths_bound_the_implicit_suite_but_not_arguments(tree: Any) -> None:
    tree.write("pytest.ini", "[pytest]\ntestpaths = tests\n").files(
        "tests/test_a.py", "x/test_b.py"
    )
    assert [unit.path for unit in tree.plan().units] == ["tests/test_a.py"]
    assert [unit.path for unit in tree.plan("x").units] == ["x/test_b.py"]


def test_testpaths_inside_a_suite_leave_nothing_to_the_implicit_one(tree: Any) -> None:
    tree.write("pytest.ini", "[pytest]\ntestpaths = tests/a\n").files("tests/a/test_a.py")
    tree.declare(suites={"all": {"paths": ("tests",)}})
    plan = tree.plan()
    assert [suite.name for group in plan.groups for suite in group.suites] == ["all"]


def test_r6_without_real_services_suites_with_services_are_withheld_and_counted(shop: Any) -> None:
    plan = shop.plan()
    assert {unit.suite for unit in plan.units} == {"default", "units"}
    assert plan.withheld == (
        WithheldSuite(
            name="orders", files=2, flag="--real-services", tests_at_least=4,
            category="integration", services=("redis",),
        ),
        WithheldSuite(
            name="users", files=1, flag="--real-services", tests_at_least=2,
            category="integration", services=("postgres",),
        ),
    )  # fmt: skip


def test_when_everything_is_withheld_the_plan_has_no_groups(shop: Any) -> None:
    plan = shop.plan(categories=("integration",))
    assert plan.groups == ()
    assert len(plan.withheld) == 2
    assert plan.services == ()
    assert plan.workers == 1


def test_r24_only_needed_services_each_after_those_it_needs(shop: Any) -> None:
    plan = shop.plan(suites=("orders",), real_services=True)
    assert [spec.name for spec in plan.services] == ["postgres", "redis"]
    plan = shop.plan(suites=("users",), real_services=True)
    assert [spec.name for spec in plan.services] == ["postgres"]


def test_r36_every_declared_kind_is_scrubbed_with_and_without_real_services(
    shop: Any, tree: Any
) -> None:
    for real_services in (False, True):
        scrubbed = shop.plan(suites=("units",), real_services=real_services).scrubbed
        assert {"DATABASE_URL", "PGHOST", "PGPASSWORD", "PGSERVICE", "REDIS_URL"} <= scrubbed


def test_without_a_catalogue_nothing_is_scrubbed(tree: Any) -> None:
    tree.files("test_a.py")
    plan = tree.plan()
    assert plan.scrubbed == frozenset()
    assert plan.catalogue is None


#: (asked, catalogue, processors) → (workers, reason); there are 6 files
WORKERS = [
    (None, None, 2, (2, "one per processor")),
    (None, 3, 2, (3, "defaults of the catalogue")),
    (4, 3, 2, (4, "asked for")),
    (64, None, 2, (6, "asked for, but no more than files")),
    (None, None, 64, (6, "one per processor, but no more than files")),
    (0, None, 2, (1, "asked for")),
]


@pytest.mark.parametrize(("asked", "declared", "processors", "expected"), WORKERS)
def test_how_many_workers_and_why(
    shop: Any, asked: Any, declared: Any, processors: Any, expected: Any
) -> None:
    shop.catalogue = Catalogue(
        path="c",
        workers=declared,
        categories=shop.catalogue.categories,
        services=shop.catalogue.services,
        suites=shop.catalogue.suites,
    )
    plan = shop.plan(workers=asked, cpu_count=processors, real_services=True)
    assert (plan.workers, plan.workers_reason) == expected


@pytest.mark.parametrize(
    ("memory_mib", "asked", "expected"),
    [
        (700, None, (2, "700 MiB of memory are free, too little for one per processor")),
        (10, None, (1, "10 MiB of memory are free, too little for one per processor")),
        (1024, None, (4, "one per processor")),
        (10, 3, (3, "asked for")),
    ],
)
def test_short_memory_makes_fewer_workers(
    shop: Any, memory_mib: int, asked: Any, expected: Any
) -> None:
    plan = shop.plan(
        workers=asked, cpu_count=4, memory_bytes=memory_mib * 2**20, real_services=True
    )
    assert (plan.workers, plan.workers_reason) == expected


def test_r26_the_working_directory_does_not_matter(shop: Any) -> None:
    here = shop.plan("tests/unit")
    there = shop.plan("unit", cwd=shop.root / "tests")
    assert [unit.path for unit in here.units] == [unit.path for unit in there.units]
    assert [group.arguments for group in here.groups] == [group.arguments for group in there.groups]


# Properties

FILES = (
    "a/test_x.py",
    "a/deep/test_y.py",
    "b/test_x.py",
    "b/test_z.py",
    "c/test_y.py",
    "test_q.py",
)
FOLDERS = (".", "a", "a/deep", "b", "c")
names = st.lists(st.sampled_from(["one", "two"]), max_size=2, unique=True).map(tuple)
requests = st.fixed_dictionaries(
    {
        "files": st.sets(st.sampled_from(FILES), min_size=1),
        "suites": st.dictionaries(
            st.sampled_from(["s1", "s2", "s3"]),
            st.tuples(
                st.sampled_from(["a", "b", "c", "a/deep"]), st.sampled_from(["one", "two", None])
            ),
        ),
        "categories": names,
        "named": st.lists(st.sampled_from(["s1", "s2", "s3", "default"]), max_size=2, unique=True),
        "patterns": st.lists(
            st.sampled_from(["*a*", "x", "*test_one", "*::test_t*", "s?", "*y.py", "nope"]),
            max_size=2,
            unique=True,
        ),
        "arguments": st.lists(st.sampled_from((*FOLDERS, *FILES)), max_size=2, unique=True),
    }
)


def below(path: str, folder: str) -> bool:
    return folder in {".", path} or path.startswith(f"{folder}/")


def owner(path: str, suites: dict[str, Any]) -> str:
    return next((name for name, (folder, _) in suites.items() if below(path, folder)), "default")


def is_chosen(path: str, case: dict[str, Any]) -> bool:
    """Return whether the rules, said as plainly as can be, select a file."""
    suite = owner(path, case["suites"])
    category = case["suites"].get(suite, ("", None))[1]
    ids = [suite, path, f"{path}::test_one", f"{path}::test_two"]
    return all(
        (
            not case["categories"] or category in case["categories"],
            not case["named"] or suite in case["named"],
            not case["patterns"]
            or any(matches(pattern, text) for pattern in case["patterns"] for text in ids),
            not case["arguments"] or any(below(path, each) for each in case["arguments"]),
        )
    )


def outcome(root: Path, case: dict[str, Any]) -> list[str] | None:
    """Return the paths that the plan selects; None where a selector leads nowhere."""
    catalogue = Catalogue(
        path="c",
        categories={name: CategorySpec(name=name) for name in ("one", "two")},
        suites={
            name: SuiteSpec(name=name, paths=(folder,), category=category)
            for name, (folder, category) in case["suites"].items()
        },
    )
    request = PlanRequest(
        root=root,
        cwd=root,
        interpreter="py",
        catalogue=catalogue,
        categories=case["categories"],
        suites=tuple(name for name in case["named"] if name in {*case["suites"], "default"}),
        patterns=tuple(case["patterns"]),
        arguments=tuple(each for each in case["arguments"] if (root / each).exists()),
    )
    try:
        return [unit.path for unit in make_plan(request).units]
    except NothingSelectedError:
        return None


def is_sound(case: dict[str, Any]) -> bool:
    """Whether the loader would let the catalogue pass: no path in two suites."""
    folders = [folder for folder, _ in case["suites"].values()]
    pairs = [(one, other) for at, one in enumerate(folders) for other in folders[at + 1 :]]
    return not any(below(one, other) or below(other, one) for one, other in pairs)


@settings(deadline=None, max_examples=300)
@given(case=requests.filter(is_sound))
def test_r9_every_selected_file_satisfies_the_selectors_and_none_is_left_out_or_doubled(
    case: Any,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path in case["files"]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(TEST)
        case["named"] = [name for name in case["named"] if name in {*case["suites"], "default"}]
        case["arguments"] = [each for each in case["arguments"] if (root / each).exists()]
        found = outcome(root, case)
        expected = sorted(path for path in case["files"] if is_chosen(path, case))
    if found is None:
        return
    assert sorted(found) == expected
    assert expected


@settings(deadline=None, max_examples=150)
@given(case=requests.filter(is_sound))
def test_r7_a_plan_is_refused_only_where_some_selector_leads_nowhere(case: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for path in case["files"]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(TEST)
        case["named"] = [name for name in case["named"] if name in {*case["suites"], "default"}]
        case["arguments"] = [each for each in case["arguments"] if (root / each).exists()]
        is_refused = outcome(root, case) is None
        singles = [
            {**case, kind: [value]}
            for kind in ("categories", "named", "patterns", "arguments")
            for value in case[kind]
        ]
        leads = all(any(is_chosen(path, one) for path in case["files"]) for one in (*singles, case))
    assert is_refused is not leads
