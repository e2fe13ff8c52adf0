"""A terminal reporter that says nothing.

pytest's own costs an eighth of a run. Its place stays filled, because plugins look it up and
`-q`, `-v` and `config.get_terminal_writer()` hang on it.
"""

from __future__ import annotations

import io
from typing import Any, TextIO

from _pytest.terminal import TerminalReporter


class _Nowhere(io.StringIO):
    def write(self, text: str, /) -> int:
        """Forget the text."""
        return len(text)


def quiet_reporter(config: Any, file: TextIO | None = None) -> Any:
    """Return a reporter of pytest's own class in which no hook is implemented.

    What plugins, or pytest's debugger, write by way of it goes to `file`, else nowhere.
    """
    # A hook name bound to None is no hook implementation in pluggy's eyes.
    hooks = {name: None for name in dir(TerminalReporter) if name.startswith("pytest_")}
    quiet = type("QuietReporter", (TerminalReporter,), hooks)
    return quiet(config, file or _Nowhere())


def silence(reporter: Any) -> None:
    """Let a reporter that is about to be replaced print no header."""
    if isinstance(reporter, TerminalReporter):
        reporter.__class__ = type("Silenced", (type(reporter),), {"showheader": False})
