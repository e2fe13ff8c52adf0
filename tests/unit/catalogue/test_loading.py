"""A whole catalogue: what it becomes, and a file full of faults in one pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from unified_test_runner.catalogue.content import CategorySpec, LimitsSpec, SuiteSpec
from unified_test_runner.catalogue.loading import load_catalogue
from unified_test_runner.errors import CatalogueError
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Isolation, PrepareSpec, ServiceSpec, ServiceUse

if TYPE_CHECKING:
    from pathlib import Path

if TYPE_CHECKING:
    from unified_test_runner.catalogue.content import Catalogue

FULL = """\
version: 1
defaults: {workers: 3, leaks: report, limits: {recycle: 300MiB}}
categories:
  unit:
  integration: {priority: 20, after: [unit]}
services:
  postgres:
    image: postgres:17-alpine
    embedded: postgresql
    external: UTR_POSTGRES_URL
    version: ">=15"
    isolation: database
    prepare: {run: "{python} -m app.schema 'two words'", inputs: [app/]}
  cache:
    kind: redis
    provides: {CACHE_URL: "redis://{host}:{port}/{database}"}
    needs: [postgres]
suites:
  orders:
    category: integration
    paths: [tests/orders/, ./tests/one_test.py]
    services: [postgres, {cache: {isolation: instance}}]
    args: [-p, no:randomly]
    env: {MODE: test}
  plain: {paths: [tests/plain], leaks: fail, limits: {memory: 1.5GiB}}
"""


@pytest.fixture
def full(project: Any) -> Catalogue:
    for path in ("app/x", "tests/orders/x", "tests/one_test.py", "tests/plain/x"):
        project.write(path)
    return project.load(FULL)


def test_the_head_of_a_catalogue(full: Catalogue, project: Any) -> None:
    assert full.path == "config/catalogue.yaml"
    assert full.workers == 3


def test_categories(full: Catalogue) -> None:
    place = "config/catalogue.yaml"
    assert list(full.categories.values()) == [
        CategorySpec(name="unit", priority=50, place=f"{place}:4:3"),
        CategorySpec(name="integration", priority=20, after=("unit",), place=f"{place}:5:3"),
    ]


def test_services(full: Catalogue) -> None:
    assert full.services["postgres"] == ServiceSpec(
        name="postgres",
        kind="postgres",
        image="postgres:17-alpine",
        embedded="postgresql",
        external="UTR_POSTGRES_URL",
        version=">=15",
        isolation=Isolation.DATABASE,
        prepare=PrepareSpec(run=("/usr/bin/py", "-m", "app.schema", "two words"), inputs=("app",)),
        provides=dict(KINDS["postgres"].provides),
        place="config/catalogue.yaml:7:3",
    )
    assert full.services["cache"].provides == {"CACHE_URL": "redis://{host}:{port}/{database}"}
    assert full.services["cache"].needs == ("postgres",)


def test_suites(full: Catalogue) -> None:
    assert full.suites["orders"] == SuiteSpec(
        name="orders",
        category="integration",
        paths=("tests/orders", "tests/one_test.py"),
        services=(
            ServiceUse(name="postgres"),
            ServiceUse(name="cache", isolation=Isolation.INSTANCE),
        ),
        args=("-p", "no:randomly"),
        env=(("MODE", "test"),),
        place="config/catalogue.yaml:19:3",
    )
    assert full.suites["plain"].category is None


def test_what_leaks_and_memory_come_to(full: Catalogue) -> None:
    assert (full.leaks, full.limits) == ("report", LimitsSpec(recycle_bytes=300 << 20))
    plain, orders = full.suites["plain"], full.suites["orders"]
    assert (plain.leaks, plain.limits) == ("fail", LimitsSpec(memory_bytes=3 << 29))
    assert (orders.leaks, orders.limits) == (None, LimitsSpec())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("leaks: none", "2:20: 'leaks' wants"),
        ("leaks:", "2:20: 'leaks' wants a value, got nothing"),
        ("limits:", "2:21: 'limits' wants a value, got nothing"),
        ("limits: 512MiB", "2:21: 'limits' wants a mapping, got '512MiB'"),
        ("limits: {memory: 512}", "2:30: 'memory' wants a size above 0 such as 512MiB"),
        ("limits: {memory: 0MiB}", "2:30: 'memory' wants a size above 0 such as 512MiB"),
        ("limits: {recycle: 5 apples}", "2:31: 'recycle' '5 apples' is not a size"),
        ("limits: {rss: 1GB}", "2:22: unknown key 'rss'"),
    ],
)
def test_faults_in_what_leaks_and_memory_come_to(project: Any, text: str, fault: str) -> None:
    (found,) = project.faults(f"version: 1\ndefaults: {{ {text} }}\n")
    assert found.startswith(fault)


@pytest.mark.parametrize("word", ["off", "'off'", "false"])
def test_off_is_a_word_here(project: Any, word: str) -> None:
    assert project.load(f"version: 1\ndefaults: {{leaks: {word}}}\n").leaks == "off"


def test_a_suite_may_bear_the_name_of_a_key(project: Any) -> None:
    project.write("t/x")
    (fault,) = project.faults("version: 1\nsuites: {limits: {paths: [t], limits: {memry: 1GB}}}\n")
    assert fault == "2:40: unknown key 'memry' (hint: did you mean 'memory'?)"
    (fault,) = project.faults("version: 1\nsuites: {limits: {paths: [t], leeks: off}}\n")
    assert fault == "2:31: unknown key 'leeks' (hint: did you mean 'leaks'?)"


def test_sections_with_nothing_in_them_are_empty(project: Any) -> None:
    catalogue = project.load("version: 1\ndefaults:\ncategories:\nservices:\nsuites:\n")
    assert (catalogue.workers, catalogue.suites) == (None, {})


TEN_FAULTS = """\
version: 1
defaults: {workers: 0}
categories:
  integration: {priority: high, after: [unti]}
services:
  postgres: {embedded: postgresql, isolation: databse}
  redis:
    isolation: instance
    isolation: shared
suites:
  user_isolation:
    category: integration
    paths: [suites/user_isolaton]
    servces: [postgres]
  orders:
    paths: [suites/orders]
    services: [postgress]
    budgets: {tests: 30}
    env: {PORT: 80}
"""


def test_r27_ten_faults_in_one_pass_with_line_and_column(project: Any) -> None:
    project.write("suites/user_isolation/x")
    project.write("suites/orders/x")
    assert project.faults(TEN_FAULTS) == [
        "2:21: 'workers' wants 'auto' or a whole number above 0, got the number 0",
        "4:27: 'priority' wants a whole number, got 'high'",
        "4:41: unknown category 'unti' in 'integration' (hint: known: integration)",
        (
            "6:47: 'isolation' wants database, instance or shared, got 'databse'"
            " (hint: did you mean 'database'?)"
        ),
        "9:5: duplicate key 'isolation' (hint: first on line 8)",
        (
            "13:13: path 'suites/user_isolaton' does not exist"
            " (hint: did you mean 'suites/user_isolation'?)"
        ),
        "14:5: unknown key 'servces' (hint: did you mean 'services'?)",
        "17:16: unknown service 'postgress' in 'orders' (hint: did you mean 'postgres'?)",
        "18:5: 'budgets' is not supported by this version yet",
        "19:17: 'PORT' wants text, got the number 80 (hint: write it in quotes)",
    ]


def test_a_catalogue_outside_of_the_root_is_named_in_full(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.yaml"
    path.write_text("version: 2\n")
    (tmp_path / "root").mkdir()
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path, tmp_path / "root", interpreter="py")
    assert caught.value.faults == (
        f"{path}:1:10: 'version' wants 1, got the number 2 (hint: this runner reads version 1)",
    )


WORDS = (
    "version", "defaults", "workers", "categories", "unit", "priority", "after", "services",
    "redis", "postgres", "kind", "image", "embedded", "external", "isolation", "database",
    "shared", "prepare", "run", "inputs", "provides", "needs", "suites", "category", "paths",
    "args", "env", "t", "x", "{python}", "{host}", "/", "..", "auto", "budgets",
)  # fmt: skip
leaves = st.one_of(st.sampled_from(WORDS), st.none(), st.booleans(), st.integers(), st.text())
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=25,
)
sections = st.fixed_dictionaries(
    {"version": st.just(1)},
    optional={
        "categories": st.dictionaries(st.sampled_from(WORDS), documents, max_size=3),
        "services": st.dictionaries(st.sampled_from(WORDS), documents, max_size=3),
        "suites": st.dictionaries(st.sampled_from(WORDS), documents, max_size=3),
        "defaults": documents,
    },
)


@settings(deadline=None)
@given(document=st.one_of(documents, sections))
def test_r27_any_document_is_a_catalogue_or_has_located_faults(
    tmp_path_factory: pytest.TempPathFactory, document: Any
) -> None:
    root = tmp_path_factory.getbasetemp()
    path = root / "any.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    faults: tuple[str, ...] = ()
    try:
        load_catalogue(path, root, interpreter="py")
    except CatalogueError as error:
        faults = error.faults
    assert all(re.match(r"any\.yaml:\d+:\d+: \S", line) for line in faults)


def test_retries_are_told_by_each_layer(project: Any) -> None:
    project.write("tests/x")
    catalogue = project.load(
        "version: 1\ndefaults: {retries: 1}\ncategories: {c: {retries: 0}}\n"
        "suites: {s: {category: c, paths: [tests], retries: 3}}\n"
    )
    suite, category = catalogue.suites["s"], catalogue.categories["c"]
    assert (catalogue.retries, category.retries, suite.retries) == (1, 0, 3)


@pytest.mark.parametrize(
    ("value", "got"),
    [("-1", "the number -1"), ("1.5", "the number 1.5"), ("true", "true"), ("'2'", "'2'"),
     ("", "nothing"), ("[1]", "a list")],
)  # fmt: skip
def test_what_is_no_number_of_retries(project: Any, value: str, got: str) -> None:
    (fault,) = project.faults(f"version: 1\ndefaults:\n  retries: {value}\n")
    assert fault.endswith(f"'retries' wants a whole number from 0 on, got {got}")
