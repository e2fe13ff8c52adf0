"""What a provider is asked for: one server for one service, or for one slot of it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from unified_test_runner.kinds import KindInfo, ProviderChoice
    from unified_test_runner.model import ServiceSpec
    from unified_test_runner.services.lease import Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """What all services of a run have in common.

    `run_id` stands in the environment of every process started, as UTR_RUN_ID. `root` is the
    working directory of `prepare`. Server logs go to `services/` under `run_dir`. `environ` is
    the calling environment. `slots` is how many slots may exist at once. `scrubbed` are
    variables that `prepare` must not inherit. `within_s` is how long a server may take to
    answer.
    """

    run_id: str
    root: Path
    run_dir: Path
    environ: Mapping[str, str] = field(repr=False)
    choice: ProviderChoice
    slots: int
    scrubbed: frozenset[str]
    within_s: float = 30.0


def free_port() -> int:
    """Return a port of 127.0.0.1 that the kernel says is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One server to be had.

    `slot` is set for a server of one slot alone. `cancel` ends every wait. `choose_port` names
    the port to try next.
    """

    spec: ServiceSpec
    info: KindInfo
    settings: BrokerSettings
    lease: Lease
    cancel: threading.Event
    slot: int | None = None
    choose_port: Callable[[], int] = free_port

    @property
    def log(self) -> Path:
        """File that takes what the server writes."""
        suffix = "" if self.slot is None else f"-{self.slot}"
        return self.settings.run_dir / "services" / f"{self.spec.name}{suffix}.log"
