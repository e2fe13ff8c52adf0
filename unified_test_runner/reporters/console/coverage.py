"""The table of what the tests covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.reporters.console.lines import Line, rule
from unified_test_runner.reporters.text import clipped, one_line
from unified_test_runner.verdict import counted, shown_coverage

if TYPE_CHECKING:
    from unified_test_runner.events import CoverageMeasured, Covered, FileCovered

_FILES = 15
_PATH_AT_MOST = 60


def coverage_table(found: CoverageMeasured, width: int, verbosity: int) -> list[Line]:
    """Return the files with most lines missing (with `-v` every file), and the total."""
    lines = [rule("coverage", width)]
    if verbosity >= 0:
        lines += _table(found, width, is_whole=verbosity > 0)
    lines += [Line(f"written: {one_line(each)}") for each in found.written]
    if found.lost_workers:
        lost = counted(found.lost_workers, "worker")
        lines.append(Line(f"coverage is incomplete: the data of {lost} is lost", "bad"))
    style = "" if found.minimum is None else "good"
    if found.is_below:
        style = "doubt" if found.excuse else "bad"
    excuse = f" (not judged: {one_line(found.excuse)})" if found.excuse else ""
    lines.append(Line(f"coverage {shown_coverage(found)}{excuse}", style))
    return lines


def _table(found: CoverageMeasured, width: int, *, is_whole: bool) -> list[Line]:
    short = [file for file in found.files if any(_shortfall(file))]
    shown = sorted(short, key=_shortfall, reverse=True)[:_FILES]
    if is_whole:
        shown = list(found.files)
    has_branches = found.total.branches > 0
    names = [_name(file.path) for file in shown]
    wide = max(map(len, (*names, "total")))
    head = f"{'statements':>10} {'missing':>7}" + (
        f" {'branches':>8} {'partial':>7}" if has_branches else ""
    )
    lines = [Line(f"{'':{wide}} {head} {'covered':>8}", "faint")]
    for name, file in zip(names, shown, strict=True):
        text = f"{name:{wide}} {_cells(file.counts, found, has_branches=has_branches)}"
        missing = one_line(f"  {file.missing_lines}" if file.missing_lines else "")
        lines.append(Line(clipped(text + missing, max(width, 60))))
    if left := len(found.files) - len(shown):
        lines.append(Line(f"... and {counted(left, 'file')} with less missing", "faint"))
    total = f"{'total':{wide}} {_cells(found.total, found, has_branches=has_branches)}"
    return [*lines, Line(total)]


def _shortfall(file: FileCovered) -> tuple[int, int]:
    return file.counts.missing, file.counts.partial


def _name(path: str) -> str:
    name = one_line(path)
    return name if len(name) <= _PATH_AT_MOST else f"...{name[-_PATH_AT_MOST + 3 :]}"


def _cells(counts: Covered, found: CoverageMeasured, *, has_branches: bool) -> str:
    text = f"{counts.statements:10} {counts.missing:7}"
    if has_branches:
        text += f" {counts.branches:8} {counts.partial:7}"
    return f"{text} {counts.percent:6.{found.precision}f} %"
