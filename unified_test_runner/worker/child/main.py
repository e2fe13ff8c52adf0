"""Entry point of the child side.

    python main.py template CONTROL_FD START            the process that workers come from
    python main.py worker CHANNEL_FD BELL_FD SPEC_FD    a worker that was not forked

Stays importable without effect, because a `multiprocessing` child with the spawn method
imports the main module of its parent again.
"""

from __future__ import annotations

import importlib
import os
import sys


def _import_child_side(name: str) -> None:
    """Import from `utr_child` and leave `sys.path` as the `pytest` command would have it."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and sys.path[0] == here:
        del sys.path[0]
    sys.path.insert(0, here)
    importlib.import_module(f"utr_child.{name}")
    sys.path.remove(here)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(sys.executable))


def _main() -> int:
    role, *rest = sys.argv[1:]
    _import_child_side(role)
    if role == "template":
        return int(sys.modules["utr_child.template"].serve(int(rest[0]), rest[1]))
    return int(sys.modules["utr_child.worker"].run_spawned(*map(int, rest)))


if __name__ == "__main__":
    sys.exit(_main())
