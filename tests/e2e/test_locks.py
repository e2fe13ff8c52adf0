"""Files that must not run at the same time: locks, and suites that run alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Project, Result

    Make = Callable[..., Project]

TEST = """
    import pathlib, time
    def test_{name}():
        inside = pathlib.Path("inside")
        inside.mkdir(exist_ok=True)
        mine = inside / "{name}"
        mine.touch()
        end = time.monotonic() + 0.3
        met = set()
        while time.monotonic() < end:
            met |= {{path.name for path in inside.iterdir()}} - {{"{name}"}}
        mine.unlink()
        pathlib.Path("met_{name}").write_text(" ".join(sorted(met)))
    """
CATALOGUE = """
    version: 1
    suites:
      free: {paths: [free]}
      one: {paths: [one], locks: [port]}
      two: {paths: [two], locks: [port, other], env: {A: b}}
      alone: {paths: [alone], serial: true}
    """
FILES = {
    "config/catalogue.yaml": CATALOGUE,
    **{
        f"{folder}/test_{folder}{n}.py": TEST.format(name=f"{folder}{n}")
        for folder in ("free", "one", "two", "alone")
        for n in range(2)
    },
}


def met(made: Project, name: str) -> set[str]:
    return set((made.root / f"met_{name}").read_text().split())


@pytest.mark.parametrize("workers", ["1", "4"])
def test_files_with_a_lock_in_common_and_serial_ones_meet_nobody_they_must_not(
    project: Make, workers: str
) -> None:
    made = project(FILES)
    result = made.run("-n", workers)
    assert result.counts == {"passed": 8}, result
    for name in ("one0", "one1", "two0", "two1"):
        assert all(not other.startswith(("one", "two", "alone")) for other in met(made, name))
    assert not met(made, "alone0")
    assert not met(made, "alone1")


def test_a_retry_holds_the_locks_of_its_file(project: Make) -> None:
    files: dict[str, Any] = {
        "config/catalogue.yaml": CATALOGUE,
        "one/test_x.py": TEST.format(name="one0") + "    assert 0\n",
        "two/test_y.py": TEST.format(name="two0") + "    assert 0\n",
        "free/test_z.py": "",
        "alone/test_w.py": "",
    }
    made = project(files)
    result: Result = made.run("-n", "2", "--retries", "1")
    assert result.counts == {"failed": 2}, result
    assert not met(made, "one0")
    assert not met(made, "two0")
