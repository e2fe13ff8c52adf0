"""Runs the `prepare` command of a service, once for each server."""

from __future__ import annotations

import shutil
import signal
import threading
from typing import TYPE_CHECKING

from unified_test_runner.errors import PrepareError
from unified_test_runner.services.children import Child, Program
from unified_test_runner.services.waiting import CancelledError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.model import PrepareSpec
    from unified_test_runner.services.order import Order


def run_prepare(order: Order, prepare: PrepareSpec, variables: Mapping[str, str]) -> None:
    """Run `prepare` in the project root with `variables` in its environment.

    The rest of its environment is the caller's without the scrubbed variables; what it writes
    goes to `services/<service>-prepare.log` of the run directory.

    Raises:
        PrepareError: it cannot be started or ends with another status than 0.
        CancelledError: the run is ending.
    """
    name, settings = order.spec.name, order.settings
    environ = {key: settings.environ[key] for key in settings.environ.keys() - settings.scrubbed}
    environ.update(variables)
    program = shutil.which(prepare.run[0], path=environ.get("PATH"))
    if program is None:
        raise PrepareError(name, f"prepare: '{prepare.run[0]}' is not found on the PATH")
    log = settings.run_dir / "services" / f"{name}-prepare.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        child = Child(
            Program(
                arguments=(program, *prepare.run[1:]),
                environ=environ,
                directory=settings.root,
                log=log,
                stop_signal=signal.SIGTERM,
            ),
            order.lease,
        )
    except OSError as error:
        raise PrepareError(name, f"prepare cannot be started: {error.strerror}") from error
    _await_end(order, child)


def _await_end(order: Order, child: Child) -> None:
    # The thread that waits must be the one that started it; this one carries the news.
    ended = threading.Event()
    threading.Thread(target=_end_on_cancel, args=(order, child, ended), daemon=True).start()
    try:
        how = child.wait()
    finally:
        ended.set()
        child.finish()
    if order.cancel.is_set():
        raise CancelledError
    if child.exit_status != 0:
        raise PrepareError(
            order.spec.name,
            f"prepare {how}",
            hint="its output is in the run directory",
            log_tail=child.log_tail(),
        )


def _end_on_cancel(order: Order, child: Child, ended: threading.Event) -> None:
    while not ended.wait(0.05):
        if order.cancel.is_set():
            child.ask_to_end()
            return
