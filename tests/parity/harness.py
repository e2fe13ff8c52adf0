"""Compares plain pytest's outcomes with ours, test by test, on any suite.

    python tests/parity/harness.py FOLDER [PATH...] [--python PATH] [-n 2 -n 8] [--spawn]
                                   [-k EXPR] [-m EXPR] [--deselect ID] [-x] [--json OUT]
                                   [-- ARGUMENT OF PYTEST...]

An outcome is that of the test with what each of its phases came to.

Where a difference is found, plain pytest runs again, then with its files in reversed order,
then on the differing files alone, then with several of these at once: what it does not hold
constant itself is explained, with the run that came to our outcome as its proof. Each `-k`,
`-m`, `--deselect` and `-x` is a variant of its own, the last one on a single worker: where
several run, others are under way when a test fails. `--spawn` adds workers that are spawned.
Exit status 1 when a difference is left unexplained.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from outcomes import Difference, Name, Outcomes, by_name, compare
from runs import Run, Suite, run_ours, run_plain

#: Files that are run alone to explain a difference; more would say that it is no variance.
_ALONE_AT_MOST = 8
_AT_ONCE = 4
#: Differences of one kind that are listed for a row.
_SHOWN = 20
#: Workers for variants of the selection, and for those that are spawned.
_VARIANTS_ON = 2
_WHOLE = "as under plain pytest with --collect whole: it hangs on when files are imported"
#: The variant that stops at the first failure.
STOPPING = "-x"


@dataclass(frozen=True)
class Row:
    """A line of the table: one variant of a suite under one of our modes."""

    suite: str
    mode: str
    tests: int
    plain_s: float
    plain_processor_s: float
    ours_s: float
    ours_processor_s: float
    differences: tuple[Difference, ...]
    note: str = ""

    @property
    def explained(self) -> list[Difference]:
        return [difference for difference in self.differences if difference.proof]

    @property
    def unexplained(self) -> list[Difference]:
        return [difference for difference in self.differences if not difference.proof]


class Plain:
    """Plain pytest's runs of one variant: the first at once, the others when they are needed."""

    def __init__(self, suite: Suite, *options: str) -> None:
        self.suite = suite
        self.options = options
        self.first = run_plain(suite, "first run", *options)
        self._others: dict[str, Run] = {}

    def compare(self, ours: Run) -> list[Difference]:
        """Compare, with as many further runs as it takes to explain what differs."""
        runs = {self.first.label: self.first.outcomes}
        differences = compare(runs, ours.outcomes)
        for more in (self._again, self._reversed, self._alone, self._at_once):
            left = _files_of([found for found in differences if not found.proof])
            if not left:
                break
            runs.update(more(left))
            differences = compare(runs, ours.outcomes)
        return _after_the_stop(differences) if STOPPING in self.options else differences

    def _again(self, _: list[str]) -> dict[str, Outcomes]:
        return self._other("second run")

    def _reversed(self, _: list[str]) -> dict[str, Outcomes]:
        return self._other("files reversed")

    def _alone(self, files: list[str]) -> dict[str, Outcomes]:
        if len(files) > _ALONE_AT_MOST:
            return {}
        return {"file alone": run_alone(self.suite, files, *self.options)}

    def _at_once(self, files: list[str]) -> dict[str, Outcomes]:
        """Run copies beside each other: what hangs on timing shows under load."""
        if len(files) > _ALONE_AT_MOST:
            return {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            started = [
                pool.submit(run_alone, self.suite, files, *self.options) for _ in range(_AT_ONCE)
            ]
        return {
            f"file alone, under load ({number})": each.result()
            for number, each in enumerate(started, 1)
        }

    def _other(self, label: str) -> dict[str, Outcomes]:
        if label not in self._others:
            is_reversed = label == "files reversed"
            run = run_plain(self.suite, label, *self.options, is_reversed=is_reversed)
            self._others[label] = run
        return {label: self._others[label].outcomes}


def rows(
    name: str,
    suite: Suite,
    workers: tuple[int, ...] = (2, 8),
    variants: tuple[str, ...] = (),
    *,
    is_spawned: bool = False,
) -> list[Row]:
    """Run everything and compare; with `is_spawned` in spawned workers as well."""
    found = []
    if workers or is_spawned:
        plain = Plain(suite)
        found = [_row(name, plain, number) for number in workers]
        if is_spawned:
            found.append(_row(name, plain, _VARIANTS_ON, start="spawn"))
    for variant in variants:
        number = 1 if variant == STOPPING else _VARIANTS_ON
        found.append(_row(name, Plain(suite, variant), number))
    return found


def _row(name: str, plain: Plain, workers: int, start: str = "fork") -> Row:
    ours = run_ours(plain.suite, workers, *plain.options, start=start)
    differences = plain.compare(ours)
    if any(not found.proof for found in differences):
        # What hangs on all files being imported before the first test does not show here.
        whole = run_ours(plain.suite, workers, "--collect", "whole", *plain.options, start=start)
        differences = [_with_whole(found, by_name(whole.outcomes)) for found in differences]
    variant = " ".join(plain.options)
    return Row(
        suite=name,
        mode=f"{ours.label} {variant}".strip(),
        tests=plain.first.tests,
        plain_s=plain.first.wall_s,
        plain_processor_s=plain.first.processor_s,
        ours_s=ours.wall_s,
        ours_processor_s=ours.processor_s,
        differences=tuple(differences),
        note=_note(plain.first, ours),
    )


def _with_whole(found: Difference, whole: dict[Name, tuple[str, ...]]) -> Difference:
    if found.proof or whole.get(found.name, ()) != found.plain:
        return found
    return replace(found, proof=_WHOLE)


def _after_the_stop(differences: list[Difference]) -> list[Difference]:
    """Where ours stopped at a failure that is explained, so is all that it did not run."""
    stops = [found for found in differences if found.proof and found.is_bad]
    return [
        replace(found, proof=f"{stops[0].proof}, where ours stopped")
        if stops and not found.proof and not found.ours
        else found
        for found in differences
    ]


def _files_of(differences: list[Difference]) -> list[str]:
    return sorted({found.name[1].partition("::")[0] for found in differences})


def run_alone(suite: Suite, files: list[str], *options: str) -> Outcomes:
    """Run each of some files alone under plain pytest."""
    every: Outcomes = Counter()
    for path in files:
        if (suite.folder / path).is_file():
            only = replace(suite, paths=(path,))
            every += run_plain(only, "file alone", *options).outcomes
    return every


def _note(plain: Run, ours: Run) -> str:
    """Say when nothing was compared: two empty runs do not differ."""
    for run in (plain, ours):
        if not run.outcomes:
            last = " | ".join(run.output.strip().splitlines()[-4:])
            return f"{run.label} (exit {run.exit_code}) recorded nothing: {last}"
    return ""


HEADINGS = "suite", "mode", "tests", "plain s", "ours s", "wall", "processor", "expl.", "unexpl."


def table(found: list[Row]) -> str:
    """Return the table, then every unexplained difference and every note."""
    lines = [HEADINGS, *(_cells(row) for row in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    for row in found:
        said = [row.note] if row.note else []
        said += _some([f"unexplained: {each}" for each in row.unexplained])
        said += _some([f"{each.proof}: {each}" for each in row.explained])
        shown += [f"{row.suite}, {row.mode}: {each}" for each in said]
    return "\n".join(line.rstrip() for line in shown)


def _some(lines: list[str]) -> list[str]:
    left = len(lines) - _SHOWN
    return lines if left <= 0 else [*lines[:_SHOWN], f"and {left} more"]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.suite,
        row.mode,
        str(row.tests),
        f"{row.plain_s:.2f}",
        f"{row.ours_s:.2f}",
        f"{row.ours_s / row.plain_s:.2f}",
        f"{row.ours_processor_s / row.plain_processor_s:.2f}",
        str(len(row.explained)),
        str(len(row.unexplained)),
    )


def main() -> int:
    """Run one suite as the command line says."""
    argv, _, arguments = (sys.argv[1:], "", []) if "--" not in sys.argv else _split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("-n", dest="workers", type=int, action="append")
    for option in ("-k", "-m", "--deselect"):
        parser.add_argument(option, dest="variants", action=_Variant, default=[])
    parser.add_argument(STOPPING, dest="is_stopping", action="store_true")
    parser.add_argument("--spawn", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(argv)
    suite = Suite(given.folder.resolve(), tuple(given.paths), tuple(arguments), given.python)
    variants = (*given.variants, *([STOPPING] if given.is_stopping else []))
    workers = tuple(given.workers or (2, 8))
    found = rows(suite.folder.name, suite, workers, variants, is_spawned=given.spawn)
    print(table(found))
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in found], indent=1))
    return int(any(row.unexplained or row.note for row in found))


def _split(argv: list[str]) -> tuple[list[str], str, list[str]]:
    at = argv.index("--")
    return argv[:at], "--", argv[at + 1 :]


class _Variant(argparse.Action):
    """Keeps an option with its value in one word, as both sides take it."""

    def __call__(self, parser, namespace, value, option=None) -> None:
        joined = f"{option}={value}" if option.startswith("--") else f"{option}{value}"
        namespace.variants = [*namespace.variants, joined]


if __name__ == "__main__":
    sys.exit(main())
