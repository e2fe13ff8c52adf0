"""Selectors, withheld suites, `list` and `plan`, from any folder of the project."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

CATALOGUE = """
    version: 1
    categories:
      unit: {priority: 10}
      integration: {priority: 20, after: [unit]}
    services:
      postgres: {embedded: postgresql}
    suites:
      pure: {category: unit, paths: [suites/pure]}
      stored: {category: integration, paths: [suites/stored], services: [postgres]}
    """
FILES = {
    "config/catalogue.yaml": CATALOGUE,
    "suites/pure/test_pure.py": "def test_pure(): pass\ndef test_other(): pass\n",
    "suites/stored/test_stored.py": "def test_stored(): pass\n",
    "tests/test_plain.py": "def test_plain(): pass\n",
    "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
}


@pytest.fixture
def shop(project: Make) -> Any:
    return project(FILES)


@pytest.mark.parametrize(
    ("argv", "nodeids"),
    [
        (["-c", "unit"], ["suites/pure/test_pure.py::test_other",
                          "suites/pure/test_pure.py::test_pure"]),
        (["--suite", "pure", "-k", "other"], ["suites/pure/test_pure.py::test_other"]),
        (["--test-pattern", "*pure*"], ["suites/pure/test_pure.py::test_other",
                                        "suites/pure/test_pure.py::test_pure"]),
        (["--test-pattern", "test_other"], ["suites/pure/test_pure.py::test_other"]),
        (["--test-pattern", "*::test_o?her"], ["suites/pure/test_pure.py::test_other"]),
        (["suites/pure/test_pure.py::test_other"], ["suites/pure/test_pure.py::test_other"]),
        (["tests"], ["tests/test_plain.py::test_plain"]),
        (["--suite", "default"], ["tests/test_plain.py::test_plain"]),
    ],
)  # fmt: skip
def test_r7_each_selector_selects_what_it_says(
    shop: Any, argv: list[str], nodeids: list[str]
) -> None:
    result = shop.run(*argv)
    assert sorted(result.outcomes) == nodeids, result
    assert result.exit_code == 0


def test_r26_it_works_from_any_folder(shop: Any) -> None:
    for folder in ("suites", "suites/pure", "config"):
        assert shop.run("-c", "unit", cwd=folder).counts == {"passed": 2}
    inside = shop.run("test_pure.py::test_other", cwd="suites/pure")
    assert list(inside.outcomes) == ["suites/pure/test_pure.py::test_other"]


def test_r6_what_needs_servers_is_withheld_counted_and_the_flag_is_named(shop: Any) -> None:
    result = shop.run()
    assert result.exit_code == 0
    assert "stored" in result.stdout
    assert "--real-services" in result.stdout
    (withheld,) = result.json["withheld"]
    assert (withheld["name"], withheld["files"]) == ("stored", 1)


def test_r1_a_run_in_which_everything_is_withheld_is_no_success(shop: Any) -> None:
    result = shop.run("-c", "integration")
    assert result.exit_code == 5, result
    assert "--real-services" in result.stdout
    assert "passed" not in result.stdout


def test_r11_an_empty_run_can_be_allowed_and_says_so(shop: Any) -> None:
    assert shop.run("-k", "nothing_at_all", "--no-tests", "pass").exit_code == 0
    assert shop.run("-k", "nothing_at_all", "--no-tests", "fail").exit_code == 5


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["--test-pattern", "*stord*"], 5, "stored"),
        (["--test-pattern", "*q8z*"], 5, "no suite, file or test matches"),
        (["-c", "intgration"], 4, "did you mean 'integration'"),
        (["--suite", "pur"], 4, "did you mean 'pure'"),
        (["suites/pure/test_pur.py"], 4, "test_pure.py"),
        (["suites/pure/test_pure.py::test_othr"], 5, "test_other"),
        (["-c", "unit", "--suite", "stored"], 5, "together"),
    ],
)
def test_r7_what_leads_nowhere_says_what_was_meant(
    shop: Any, argv: list[str], code: int, says: str
) -> None:
    result = shop.call(*argv)
    assert result.exit_code == code, result
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (shop.root / ".unified-test-runner" / "runs").exists(), "nothing may start"


def test_r10_an_empty_category_never_stops_another(project: Make) -> None:
    files = {**FILES, "suites/pure/test_pure.py": "# nothing here\n"}
    result = project(files).run("-c", "unit", "tests")
    assert result.exit_code == 5, result


def test_categories_are_an_order_and_never_a_gate(project: Make) -> None:
    catalogue = CATALOGUE.replace("services: [postgres]", "")
    files = {
        **FILES,
        "config/catalogue.yaml": catalogue,
        "suites/pure/test_pure.py": "def test_pure(): assert 0\n",
    }
    result = project(files).run("-c", "unit", "-c", "integration", "-n", "1")
    assert result.counts == {"passed": 1, "failed": 1}
    order = [event["nodeid"] for event in result.of_kind("test_finished")]
    assert order == [
        "suites/pure/test_pure.py::test_pure",
        "suites/stored/test_stored.py::test_stored",
    ]


def test_r8_list_shows_what_would_run_without_importing_it(project: Make) -> None:
    files = {**FILES, "suites/pure/test_pure.py": "raise SystemExit('imported')\n"}
    result = project(files).call("list", "-c", "unit")
    assert result.exit_code == 0, result
    assert "suites/pure/test_pure.py" in result.stdout


def test_plan_shows_services_and_reasons(shop: Any) -> None:
    result = shop.call("plan", "--json", "--real-services", "-c", "integration")
    plan = json.loads(result.stdout)
    (service,) = plan["services"]
    assert (service["name"], service["provider"]) == ("postgres", "embedded")
    assert service["reason"]
    assert plan["groups"][0]["suites"][0]["reason"] == "category integration"
    text = shop.call("plan", "--real-services", "-c", "integration").stdout
    assert "postgres: embedded" in text


def test_without_a_catalogue_any_repository_works(project: Make) -> None:
    made = project({"pkg/test_here.py": "def test_here(): pass\n"})
    assert made.run().outcomes == {"pkg/test_here.py::test_here": "passed"}


def test_the_walk_finds_what_a_custom_collector_makes_of_other_files(project: Make) -> None:
    made = project(
        {
            "tests/conftest.py": """
                import pytest

                class Text(pytest.File):
                    def collect(self):
                        yield Line.from_parent(self, name="line")

                class Line(pytest.Item):
                    def runtest(self): pass

                def pytest_collect_file(parent, file_path):
                    if file_path.suffix == ".txt":
                        return Text.from_parent(parent, path=file_path)
                """,
            "tests/test_a.py": "def test_a(): pass\n",
            "tests/data.txt": "one\n",
        }
    )
    result = made.run("-n", "1")
    assert sorted(result.outcomes) == ["tests/data.txt::line", "tests/test_a.py::test_a"], result
