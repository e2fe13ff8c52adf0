"""Trees of test files on disk, catalogues without a file, and plans of both."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from unified_test_runner.catalogue.content import Catalogue, CategorySpec, LimitsSpec, SuiteSpec
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import ServiceSpec, ServiceUse
from unified_test_runner.planning.request import PlanRequest
from unified_test_runner.planning.selection import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.planning.plan import Plan

TEST = "def test_one():\n    pass\n\ndef test_two():\n    pass\n"


class Tree:
    """A project. Its methods return itself or what they make."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalogue: Catalogue | None = None

    def write(self, path: str, text: str = TEST) -> Tree:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(dedent(text), encoding="utf-8")
        return self

    def files(self, *paths: str) -> Tree:
        for path in paths:
            self.write(path)
        return self

    def declare(self, **parts: Any) -> Tree:
        """Set the catalogue from short forms; see the tests."""
        services = {
            name: ServiceSpec(
                name=name,
                kind=kind,
                needs=tuple(parts.get("needs", {}).get(name, ())),
                provides=dict(KINDS[kind].provides),
            )
            for name, kind in parts.get("services", {}).items()
        }
        self.catalogue = Catalogue(
            path="config/catalogue.yaml",
            workers=parts.get("workers"),
            timeout_s=parts.get("timeout_s"),
            retries=parts.get("retries"),
            leaks=parts.get("leaks"),
            limits=parts.get("limits", LimitsSpec()),
            categories={
                name: CategorySpec(name=name, **settings)
                for name, settings in parts.get("categories", {}).items()
            },
            services=services,
            suites={
                name: SuiteSpec(
                    name=name,
                    paths=tuple(settings.pop("paths", (f"suites/{name}",))),
                    services=tuple(ServiceUse(name=use) for use in settings.pop("services", ())),
                    **settings,
                )
                for name, settings in parts.get("suites", {}).items()
            },
        )
        return self

    def plan(self, *arguments: str, **settings: Any) -> Plan:
        request = {"cwd": self.root, "interpreter": "py", "cpu_count": 2, **settings}
        return make_plan(
            PlanRequest(root=self.root, catalogue=self.catalogue, arguments=arguments, **request)
        )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def shop(tree: Tree) -> Tree:
    """A project with two suites with services, one without, and files in no suite."""
    tree.files("tests/unit/test_a.py", "tests/unit/test_b.py", "tests/test_loose.py")
    tree.files("suites/orders/test_o1.py", "suites/orders/test_o2.py", "suites/users/test_u.py")
    return tree.declare(
        categories={"integration": {"priority": 20, "after": ("unit",)}, "unit": {"priority": 10}},
        services={"redis": "redis", "postgres": "postgres"},
        needs={"redis": ("postgres",)},
        suites={
            "orders": {"category": "integration", "services": ["redis"]},
            "users": {"category": "integration", "services": ["postgres"]},
            "units": {"category": "unit", "paths": ("tests/unit",)},
        },
    )
