"""Starts a template before the plan is made: it imports pytest while this program still loads.

A guess that costs little: where the plan wants another interpreter or environment the process
is ended, and one that is right is started.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from unified_test_runner.catalogue.discovery import find_root
from unified_test_runner.errors import UtrError
from unified_test_runner.machine import choose_interpreter
from unified_test_runner.rundir import new_run_id
from unified_test_runner.worker.launch import Launched, launch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from unified_test_runner.settings import Settings


@dataclass(slots=True, kw_only=True)
class EarlyTemplate:
    """A template process that is there for the first group it suits."""

    launched: Launched | None
    interpreter: str
    environ: Mapping[str, str]
    root: Path

    def claim(self, interpreter: str, environ: Mapping[str, str], root: Path) -> Launched | None:
        """Return the process, once, if it is as one started with these arguments."""
        is_fit = (interpreter, environ, root) == (self.interpreter, self.environ, self.root)
        if not is_fit:
            return None
        launched, self.launched = self.launched, None
        return launched

    def close(self) -> None:
        """End the process if nobody wanted it."""
        if self.launched is not None:
            self.launched.abandon()
            self.launched = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A run that has begun: when, by which name, and with which template."""

    run_id: str
    at: datetime
    template: EarlyTemplate | None = None


@contextlib.contextmanager
def begin(settings: Settings) -> Iterator[Begun]:
    """Begin a run; what is wrong with the settings is for planning to say."""
    now = datetime.now(timezone.utc)
    run_id = new_run_id(now)
    template = None
    with contextlib.suppress(UtrError, OSError):
        template = _start(settings, run_id)
    try:
        yield Begun(run_id=run_id, at=now, template=template)
    finally:
        if template is not None:
            template.close()


def _start(settings: Settings, run_id: str) -> EarlyTemplate:
    root = find_root(settings.cwd)
    interpreter, _ = choose_interpreter(settings.python, settings.environ, settings.cwd)
    environ = {**settings.environ, "UTR_RUN_ID": run_id}
    return EarlyTemplate(
        launched=launch(interpreter, environ, root, settings.start),
        interpreter=interpreter,
        environ=environ,
        root=root,
    )
