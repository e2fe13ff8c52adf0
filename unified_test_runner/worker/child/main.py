"""Entry point of a template process: `python main.py CONTROL_FD BELL_FD`.

Stays importable without effect, because a `multiprocessing` child with the spawn method
imports the main module of its parent again.
"""

from __future__ import annotations

import importlib
import os
import sys


def _import_child_side() -> None:
    """Import `utr_child` and leave `sys.path` as the `pytest` command would have it."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and sys.path[0] == here:
        del sys.path[0]
    sys.path.insert(0, here)
    importlib.import_module("utr_child.template")
    sys.path.remove(here)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(sys.executable))


def _main() -> int:
    _import_child_side()
    template = sys.modules["utr_child.template"]
    return int(template.serve(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    sys.exit(_main())
