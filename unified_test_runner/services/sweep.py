"""Removes what earlier runs left behind; called at the start of each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unified_test_runner.services.lease import FoundLease, leases_directory, take_over

if TYPE_CHECKING:
    from collections.abc import Mapping


def sweep(environ: Mapping[str, str]) -> list[str]:
    """Remove everything that leases of runs that ended without cleaning up still hold.

    Leases whose run lives are left alone. Returns one line for each such run and one for
    each thing that could not be removed; a lease that still holds something stays for the
    next sweep.

    Raises:
        RunnerError: the state directory cannot be written.
    """
    lines: list[str] = []
    for path in sorted(leases_directory(environ).glob("*.jsonl")):
        found = take_over(path)
        if found is not None:
            lines += clear(found)
    return lines


def clear(found: FoundLease) -> list[str]:
    """Remove what a free lease holds, then the lease; returns texts as `sweep` does."""
    # Late: most sweeps find nothing, and this brings in half of the networking.
    from unified_test_runner.services.removal import remove_all

    errors, kept = remove_all(found.holdings, found.run_id, has_processes=found.is_this_boot)
    found.close(keep=kept)
    removed = len(found.holdings) - len(kept)
    summary = f"removed what run {found.run_id} left behind: {removed} of {len(found.holdings)}"
    return [summary, *errors]
