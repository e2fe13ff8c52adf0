"""The project's coverage, combined over all workers by the project's own interpreter.

Workers leave data files in the run directory (see `worker/child`); a short program made
of the same side combines them at the end and gives the figures.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unified_test_runner import events
from unified_test_runner.errors import UsageError
from unified_test_runner.last_words import last_words
from unified_test_runner.model import ExitCode, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from unified_test_runner.report import RunReport
    from unified_test_runner.settings import Selectors

_PROGRAM = Path(__file__).parent / "worker" / "child" / "measured.py"
#: Options of pytest that narrow what is run.
_NARROWING = ("-k", "-m", "--deselect", "--ignore", "--lf", "--last-failed", "--sw", "--stepwise")
_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Combining:
    """What the combined coverage is made from, and how it is judged.

    `folder` has one folder of data for each worker that measured. `sources` as given by the
    user; `since` is when the run began, in seconds of the system's clock. `minimum` None: what
    the project's configuration says. `excuse`: why a low figure says nothing of the project.
    """

    interpreter: str
    root: Path
    environ: Mapping[str, str]
    folder: Path
    since: float
    sources: tuple[str, ...] = ()
    minimum: float | None = None
    excuse: str = ""
    is_failing: bool = False


def check(interpreter: str, root: Path, environ: Mapping[str, str]) -> None:
    """Make sure that the interpreter can measure.

    Raises:
        UsageError: it has no coverage package, or that cannot read its configuration.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = _call(interpreter, root, environ, Path(folder), {"do": "check"})
    error = answer["error"]
    if answer.get("is_missing"):
        hint = f"{interpreter} -m pip install coverage"
        raise UsageError(f"--coverage: {interpreter} has {error}", hint=hint)
    if error:
        raise UsageError(f"--coverage: {error}")


def combine(order: Combining) -> Iterator[events.Event]:
    """Combine what the workers measured; yields what there is to say about it."""
    if not any(order.folder.glob("w*")):
        return
    request = {
        "do": "combine",
        "folder": str(order.folder),
        "sources": order.sources,
        "since": order.since,
        "figures": str(order.folder / "coverage.json"),
        "is_failing": order.is_failing,
    }
    answer = _call(order.interpreter, order.root, order.environ, order.folder, request)
    for text in dict.fromkeys(answer.get("warnings", ())):
        yield events.NoticeGiven(level="warning", message=f"coverage: {text}")
    minimum = order.minimum if order.minimum is not None else answer.get("minimum") or None
    if "total" in answer:
        yield _measured(order, answer, minimum)
        return
    message = f"coverage: {answer['error'] or 'nothing was measured'}"
    hint = "see what `source` and `omit` of its configuration leave" if not order.excuse else ""
    if minimum is not None and not order.excuse:
        yield events.ErrorRaised(message=message, hint=hint, exit_code=ExitCode.GATE)
    else:
        yield events.NoticeGiven(level="error", message=message, hint=hint)


def _measured(
    order: Combining, answer: Mapping[str, Any], minimum: float | None
) -> events.CoverageMeasured:
    total = _covered(answer["total"])
    precision = int(answer["precision"] or 0)
    is_below = minimum is not None and falls_short(total.percent, minimum, precision)
    return events.CoverageMeasured(
        total=total,
        files=tuple(
            events.FileCovered(
                path=str(each["path"]),
                counts=_covered(each),
                missing_lines=ranges(each["lines"]),
            )
            for each in answer["files"]
        ),
        data_file=str(answer["data_file"]),
        precision=precision,
        minimum=minimum,
        is_below=is_below,
        excuse=order.excuse if is_below else "",
        lost_workers=int(answer["lost"]),
        written=tuple(map(str, answer["written"])),
    )


def _covered(counts: Mapping[str, Any]) -> events.Covered:
    return events.Covered(
        percent=float(counts["percent"]),
        statements=int(counts["statements"]),
        missing=int(counts["missing"]),
        branches=int(counts["branches"]),
        partial=int(counts["partial"]),
    )


def falls_short(percent: float, minimum: float, precision: int) -> bool:
    """Whether coverage itself would say so: rounded as shown, but 100 means every line."""
    if minimum >= _WHOLE:
        return percent < minimum
    return round(percent, precision) < minimum


def ranges(lines: Sequence[int]) -> str:
    """Return `3-5, 9` for 3, 4, 5 and 9."""
    parts: list[list[int]] = []
    for line in sorted(lines):
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in parts)


def excuse(selectors: Selectors, report: RunReport) -> str:
    """Return why the tests that ran are not all there are; empty where they are."""
    if report.interrupted is not None or report.errors:
        return "the run did not come to its end"
    if report.withheld:
        return f"{len(report.withheld)} suites were withheld"
    given = {
        "--category": selectors.categories,
        "--suite": selectors.suites,
        "--test-pattern": selectors.patterns,
        "paths": selectors.arguments,
        "-k": selectors.keyword,
        "-m": selectors.markexpr,
        "--deselect": selectors.deselect,
    }
    narrowed = [name for name, value in given.items() if value]
    narrowed += [each for each in selectors.pytest_args if each.startswith(_NARROWING)]
    if narrowed:
        return f"the selection was narrowed by {narrowed[0]}"
    if report.totals()[Outcome.NOT_RUN] or report.files_unfinished:
        return "some tests did not run"
    return ""


def _call(
    interpreter: str,
    root: Path,
    environ: Mapping[str, str],
    folder: Path,
    order: Mapping[str, object],
) -> dict[str, Any]:
    """Run the program on an order and return its answer."""
    folder.mkdir(parents=True, exist_ok=True)
    path, log = folder / f"{order['do']}.order", folder / f"{order['do']}.log"
    path.write_text(json.dumps(order))
    answer = path.with_name(path.name + ".answer")
    try:
        with log.open("wb") as out:
            subprocess.run(
                [interpreter, str(_PROGRAM), str(path)],
                cwd=root,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            )
        found: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    except (OSError, ValueError) as error:
        lines = last_words(log).strip().splitlines()
        return {"error": lines[-1] if lines else f"it gave no figures: {error}"}
    return found
