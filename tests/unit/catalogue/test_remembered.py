"""`catalogue.remembered`: a catalogue found faultless is not validated again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.catalogue import loading
from unified_test_runner.catalogue.remembered import read_catalogue
from unified_test_runner.errors import CatalogueError

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.catalogue.content import Catalogue

TEXT = """\
version: 1
categories: {unit: {priority: 10}}
services:
  postgres: {prepare: {run: "{python} -m schema", inputs: [schema.py]}}
suites:
  shop: {category: unit, paths: [shop], services: [postgres], env: {MODE: "1"}}
"""


class Project:
    """A project with a faultless catalogue, and how often it was validated."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.path = root / "catalogue.yaml"
        self.store = root / "store.json"
        self.path.write_text(TEXT)
        (root / "shop").mkdir()
        (root / "schema.py").touch()
        self.validated = 0
        validate = loading.load_catalogue

        def counted(*args, **kwargs) -> Catalogue:
            self.validated += 1
            return validate(*args, **kwargs)

        monkeypatch.setattr(loading, "load_catalogue", counted)

    def read(self, interpreter: str = "py") -> Catalogue:
        return read_catalogue(self.path, self.root, interpreter=interpreter, store=self.store)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_what_was_validated_once_is_only_read_afterwards(project):
    first = project.read()
    assert project.validated == 1
    assert project.read() == first
    assert project.validated == 1
    assert first.suites["shop"].env == (("MODE", "1"),)
    assert first.services["postgres"].prepare.run == ("py", "-m", "schema")


def test_a_changed_file_is_validated_again(project):
    project.read()
    project.path.write_text(TEXT.replace("unit", "quick"))
    assert [*project.read().categories] == ["quick"]
    assert project.validated == 2


def test_another_interpreter_is_another_result(project):
    project.read()
    assert project.read("python3").services["postgres"].prepare.run[0] == "python3"
    assert project.validated == 2


@pytest.mark.parametrize(
    ("name", "fault"), [("shop", "'shop'"), ("schema.py", "'schema.py'")]
)  # fmt: skip
def test_a_path_that_is_gone_is_a_fault_although_the_file_is_the_same(project, name, fault):
    project.read()
    (project.root / name).rename(project.root / "moved")
    with pytest.raises(CatalogueError) as caught:
        project.read()
    assert [line for line in caught.value.faults if fault in line]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", "\x00", '{"digest": 1}', "[" * 100_000, "\N{SNOWMAN}"],
    ids=lambda text: repr(text[:12]),
)
def test_a_store_that_is_no_store_is_replaced(project, text):
    project.store.write_text(text, encoding="utf-8")
    fresh = project.read()
    assert project.validated == 1
    assert project.read() == fresh
    assert project.validated == 1


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("suites", []), ("suites", {"shop": {"name": "shop"}}), ("suites", {"shop": []}),
        ("path", None), ("workers", "many"), ("services", {"postgres": {"name": 1}}),
    ],
)  # fmt: skip
def test_a_store_whose_content_was_damaged_is_not_believed(project, name, wrong):
    fresh = project.read()
    stored = json.loads(project.store.read_text())
    stored["catalogue"][name] = wrong
    project.store.write_text(json.dumps(stored))
    assert project.read() == fresh
    assert project.validated == 2


def test_a_store_that_cannot_be_written_costs_nothing_but_time(project):
    project.store = project.root / "absent" / "store.json"
    assert project.read() == project.read()
    assert project.validated == 2


def test_a_folder_in_the_place_of_the_store_is_left_alone_and_no_litter_beside_it(project):
    project.store.mkdir()
    before = sorted(project.root.iterdir())
    assert project.read() == project.read()
    assert project.validated == 2
    assert sorted(project.root.iterdir()) == before


def test_r27_faults_are_never_remembered(project):
    project.path.write_text(TEXT.replace("shop]", "shopp]"))
    for _ in range(2):
        with pytest.raises(CatalogueError):
            project.read()
    assert project.validated == 2
    assert not project.store.exists()


def test_a_faulty_file_does_not_live_on_what_was_remembered_before(project):
    project.read()
    project.path.write_text("version: 2\n")
    with pytest.raises(CatalogueError):
        project.read()


def test_a_file_that_is_gone_is_told_as_such(project):
    project.read()
    project.path.unlink()
    with pytest.raises(CatalogueError):
        project.read()
