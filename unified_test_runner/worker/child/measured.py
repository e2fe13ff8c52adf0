"""Entry point of the program that makes one coverage of many: `python measured.py ORDER`.

Runs under the project's interpreter, in the project's root. ORDER is a JSON file; the answer
is written beside it. Imports the standard library and, by name, the project's `coverage`.
"""

from __future__ import annotations

import glob
import importlib
import json
import os
import sys
import warnings
from typing import Any

#: pytest-cov's kinds of report that are files, each with the method that writes it.
_WRITERS = {
    "html": ("html_report", "directory"),
    "xml": ("xml_report", "outfile"),
    "json": ("json_report", "outfile"),
    "lcov": ("lcov_report", "outfile"),
    "annotate": ("annotate", "directory"),
}
_NOT_ASKED: dict[str, Any] = {"config": True, "branch": None, "is_appended": False, "reports": {}}


def check(_order: dict[str, Any]) -> dict[str, Any]:
    """Tell whether coverage can be had, and can read its configuration."""
    try:
        coverage = importlib.import_module("coverage")
    except ImportError as error:
        return {"error": f"no coverage package: {error}", "is_missing": True}
    try:
        coverage.Coverage()
    except coverage.CoverageException as error:
        return {"error": str(error)}
    return {"error": ""}


def combine(order: dict[str, Any]) -> dict[str, Any]:
    """Combine the workers' data into the project's data file, and write what is asked for."""
    folders = sorted(glob.glob(os.path.join(glob.escape(order["folder"]), "w*")))
    asked = _asked(folders) or {**_NOT_ASKED, "source": order["sources"] or None}
    coverage = importlib.import_module("coverage")
    measured = coverage.Coverage(
        source=asked["source"], config_file=asked["config"], branch=asked["branch"]
    )
    data_file = os.path.abspath(measured.get_option("run:data_file"))
    minimum, precision = asked.get("minimum"), asked.get("precision")
    answer: dict[str, Any] = {
        "data_file": data_file,
        "lost": sum(not os.path.exists(os.path.join(each, "complete")) for each in folders),
        "minimum": measured.get_option("report:fail_under") if minimum is None else minimum,
        "precision": measured.get_option("report:precision") if precision is None else precision,
        "written": [],
    }
    found = [path for each in folders for path in _data_files(os.path.join(each, ".coverage"))]
    # Processes that tests started and that read the project's own configuration.
    found += [path for path in _data_files(data_file + ".") if _is_new(path, order["since"])]
    try:
        if asked["is_appended"]:
            measured.load()
        measured.combine(found or [order["folder"]])
        measured.save()
        answer["total"], answer["files"] = _figures(measured, order["figures"])
        if not (asked.get("is_for_success_only") and order["is_failing"]):
            answer["written"] = _write(measured, asked["reports"])
    except (coverage.CoverageException, OSError) as error:
        answer["error"] = str(error)
    return answer


def _asked(folders: list[str]) -> dict[str, Any] | None:
    """Return what pytest-cov was told; every worker was told the same."""
    for folder in folders:
        path = os.path.join(folder, "pytest-cov.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return dict(json.load(file))
    return None


def _data_files(start: str) -> list[str]:
    found = glob.glob(glob.escape(start) + "*")
    return sorted(path for path in found if not path.endswith(("-journal", "-wal", "-shm")))


def _is_new(path: str, since: float) -> bool:
    try:
        return os.stat(path).st_mtime >= since
    except OSError:
        return False


def _figures(measured: Any, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    measured.json_report(outfile=path, ignore_errors=True)
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    files = [
        {"path": name, "lines": each["missing_lines"], **_counts(each["summary"])}
        for name, each in report["files"].items()
    ]
    return _counts(report["totals"]), files


def _counts(summary: dict[str, Any]) -> dict[str, Any]:
    return {
        "percent": float(summary["percent_covered"]),
        "statements": summary["num_statements"],
        "missing": summary["missing_lines"],
        "branches": summary.get("num_branches", 0),
        "partial": summary.get("num_partial_branches", 0),
    }


def _write(measured: Any, reports: dict[str, str | None]) -> list[str]:
    written = []
    for kind, place in reports.items():
        if kind in _WRITERS:
            method, argument = _WRITERS[kind]
            getattr(measured, method)(ignore_errors=True, **{argument: place})
        elif kind.startswith("markdown") and place:
            mode = "a" if kind.endswith("append") else "w"
            with open(place, mode, encoding="utf-8") as file:
                measured.report(ignore_errors=True, file=file, output_format="markdown")
        else:
            continue  # the terminal is the runner's
        written.append(f"{kind} {place}" if place else kind)
    return written


def _main() -> int:
    path = sys.argv[1]
    sys.path[0] = os.getcwd()  # plugins of coverage may belong to the project
    with open(path, encoding="utf-8") as file:
        order = json.load(file)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = {"check": check, "combine": combine}[order["do"]](order)
    answer["warnings"] = [
        str(each.message) for each in caught if each.category.__module__.startswith("coverage")
    ]
    with open(path + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
