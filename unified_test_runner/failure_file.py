"""The record of earlier failures on disk: one small file per project, replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unified_test_runner.codec import from_plain
from unified_test_runner.errors import UtrError
from unified_test_runner.failures import FailureRecord
from unified_test_runner.reporters.destination import replace_file
from unified_test_runner.rundir import FOLDER, make_home

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "last-failed.json"
_VERSION = 1


def read_failures(root: Path) -> FailureRecord:
    """Return what is known in a project; nothing where there is no record that can be read."""
    try:
        plain: Any = json.loads((root / FOLDER / _NAME).read_bytes())
        if plain["version"] != _VERSION:
            return FailureRecord()
        return _present(from_plain(FailureRecord, plain), root)
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        return FailureRecord()


def write_failures(root: Path, record: FailureRecord) -> str:
    """Keep a record for the next run; returns why that was not possible, else nothing."""
    try:
        kept = _present(record, root)
        plain = {"version": _VERSION, "failed": kept.failed, "stopped_at": kept.stopped_at}
        replace_file(make_home(root) / _NAME, [json.dumps(plain, indent=1).encode("ascii")])
    except (OSError, ValueError, UtrError) as error:
        return str(error)
    return ""


def _present(record: FailureRecord, root: Path) -> FailureRecord:
    """Return the record without files that are gone."""
    failed = {path: names for path, names in record.failed.items() if (root / path).is_file()}
    stop = record.stopped_at
    is_there = stop is not None and (root / stop[0]).is_file()
    return replace(record, failed=failed, stopped_at=stop if is_there else None)
