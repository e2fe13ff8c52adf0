"""The only place that exits."""

from __future__ import annotations

import sys


def run() -> None:
    """Entry point of the console scripts."""
    from unified_test_runner.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
