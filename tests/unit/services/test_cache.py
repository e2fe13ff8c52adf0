from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.services.cache import LABEL, Cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache({"UTR_CACHE_DIR": str(tmp_path / "cache")})


def fill(place: Path) -> None:
    place.mkdir()
    (place / "content").write_text("made")


def test_an_entry_is_built_once_and_labelled(cache: Cache) -> None:
    first = cache.entry("kind", {"version": 1}, fill)
    assert cache.entry("kind", {"version": 1}, pytest.fail) == first
    assert (first / "content").read_text() == "made"
    assert (first / LABEL).read_text() == '{"version": 1}'


def test_what_it_is_made_from_tells_entries_apart(cache: Cache) -> None:
    places = {cache.entry("kind", {"version": n}, fill) for n in (1, 2)}
    assert len(places) == 2


def test_a_build_that_fails_leaves_nothing(cache: Cache, tmp_path: Path) -> None:
    def fail(place: Path) -> None:
        fill(place)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        cache.entry("kind", {}, fail)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_folder_without_a_label_is_built_anew(cache: Cache) -> None:
    place = cache.entry("kind", {}, fill)
    (place / LABEL).unlink()
    (place / "content").write_text("half")
    assert cache.entry("kind", {}, fill) == place
    assert (place / "content").read_text() == "made"


def test_two_at_once_build_it_once(cache: Cache) -> None:
    built: list[Path] = []
    together = threading.Barrier(2)

    def build(place: Path) -> None:
        built.append(place)
        fill(place)

    def want() -> None:
        together.wait(5)
        cache.entry("kind", {}, build)

    threads = [threading.Thread(target=want) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(built) == 1
