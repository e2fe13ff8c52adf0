"""Collecting everything at once, for plugins that must see every test; and file by file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Project

    Make = Callable[..., Project]

#: Keeps every third test of all, counted over the files, and tells what it was shown.
SAMPLING = """
    def pytest_collection_modifyitems(config, items):
        gone = [item for number, item in enumerate(items) if number % 3]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in reversed(items) if item not in gone]
    """
FILES = {
    "conftest.py": SAMPLING,
    **{
        f"tests/test_{name}.py": "".join(f"def test_{name}{i}(): pass\n" for i in range(4))
        for name in "abcde"
    },
}


def by_plain_pytest(made: Project, *argv: str) -> set[str]:
    said = made.pytest("-rA", *argv).stdout
    return set(re.findall(r"^PASSED (\S+)$", said, re.MULTILINE))


@pytest.mark.parametrize("workers", ["1", "2", "5"])
def test_a_hook_over_all_tests_chooses_what_it_chooses_under_plain_pytest(
    project: Make, workers: str
) -> None:
    made = project(FILES)
    result = made.run("--collect", "whole", "-n", workers)
    assert set(result.outcomes) == by_plain_pytest(made)
    assert result.json["deselected"] == 20 - len(result.outcomes)
    assert result.exit_code == 0


def test_file_by_file_the_same_hook_sees_one_file_at_a_time(project: Make) -> None:
    result = project(FILES).run("-n", "2")
    assert result.counts == {"passed": 10}, "two of each four"


def test_the_catalogue_says_it_for_a_suite(project: Make) -> None:
    catalogue = """
        version: 1
        suites:
          sampled: {paths: [tests], collect: whole}
        """
    made = project({**FILES, "config/catalogue.yaml": catalogue})
    result = made.run("-n", "2")
    assert set(result.outcomes) == by_plain_pytest(made, "tests")


@pytest.mark.parametrize(
    "argv",
    [
        ("tests/test_b.py::test_b0", "tests/test_d.py", "tests/test_e.py::test_e3"),
        ("-k", "a or c0 or c1"),
        ("--deselect", "tests/test_a.py"),
    ],
    ids=" ".join,
)
def test_selections_are_made_before_the_hook_as_under_plain_pytest(
    project: Make, argv: tuple[str, ...]
) -> None:
    made = project(FILES)
    result = made.run("--collect", "whole", "-n", "2", *argv)
    assert set(result.outcomes) == by_plain_pytest(made, *argv)


def test_a_pattern_chooses_within_files(project: Make) -> None:
    files = {name: text for name, text in FILES.items() if name != "conftest.py"}
    result = project(files).run("--collect", "whole", "--test-pattern", "*::test_?2", "-n", "2")
    assert sorted(result.outcomes) == [f"tests/test_{n}.py::test_{n}2" for n in "abcde"]


def test_parameters_of_the_session_are_set_up_once_for_all_files(project: Make) -> None:
    made = project(
        {
            "conftest.py": """
                import pathlib, pytest
                @pytest.fixture(scope="session", params=["x", "y"])
                def shared(request):
                    with pathlib.Path("made.txt").open("a") as file:
                        file.write(request.param)
                    return request.param
                """,
            "test_a.py": "def test_1(shared): pass\ndef test_2(shared): pass\n",
            "test_b.py": "def test_1(shared): pass\n",
        }
    )
    result = made.run("--collect", "whole", "-n", "1")
    assert result.counts == {"passed": 6}
    assert (made.root / "made.txt").read_text() == "xy"
    order = [event["nodeid"] for event in result.of_kind("test_finished")]
    assert order == [
        "test_a.py::test_1[x]", "test_a.py::test_2[x]", "test_b.py::test_1[x]",
        "test_a.py::test_1[y]", "test_a.py::test_2[y]", "test_b.py::test_1[y]",
    ]  # fmt: skip


def test_collection_is_finished_once_with_every_test(project: Make) -> None:
    made = project(
        {
            "conftest.py": """
                import pathlib
                def pytest_collection_finish(session):
                    with pathlib.Path("seen.txt").open("a") as file:
                        file.write(f"{len(session.items)} ")
                """,
            "test_a.py": "def test_1(): pass\ndef test_2(): pass\n",
            "test_b.py": "def test_1(): pass\n",
        }
    )
    made.run("--collect", "whole", "-n", "1")
    assert (made.root / "seen.txt").read_text() == "3 "


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_file_that_cannot_be_imported_is_one_error_and_hides_nothing(
    project: Make, workers: str
) -> None:
    made = project(
        {
            "test_a.py": "def test_1(): pass\n",
            "test_b.py": "import nothing_of_that_name\n",
            "test_c.py": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
            "test_d.py": "x = 1\n",
            "test_e.py": "import os\ndef test_1(): os._exit(3)\ndef test_2(): pass\n",
        }
    )
    result = made.run("--collect", "whole", "-n", workers)
    assert result.outcomes == {
        "test_a.py::test_1": "passed",
        "test_b.py": "error",
        "test_c.py": "skipped",
        "test_e.py::test_1": "crashed",
        "test_e.py::test_2": "passed",
    }
    assert len(result.json["tests"]) == 5
    assert result.exit_code == 1


def test_an_order_that_differs_between_workers_loses_no_test(project: Make) -> None:
    """Every worker shuffles for itself; what another does not know goes to one that does."""
    made = project(
        {
            **FILES,
            "conftest.py": """
                import os, random
                def pytest_collection_modifyitems(items):
                    random.Random(os.environ["UTR_WORKER"]).shuffle(items)
                """,
        }
    )
    result = made.run("--collect", "whole", "-n", "3")
    assert result.counts == {"passed": 20}
    assert len(result.outcomes) == 20
    assert result.exit_code == 0
