"""Holds services like a runner would, until it is killed. Says what it has as JSON."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from pathlib import Path

from unified_test_runner.kinds import ProviderChoice
from unified_test_runner.model import ServiceSpec, ServiceUse
from unified_test_runner.services.broker import Broker, BrokerSettings
from unified_test_runner.services.lease import Lease
from unified_test_runner.services.notes import SlotFailed, SlotOpened
from unified_test_runner.services.watcher import Watcher

SPECS = (
    ServiceSpec(name="postgres", kind="postgres"),
    ServiceSpec(name="redis", kind="redis"),
    ServiceSpec(name="pg2", kind="postgres", external="PG_ADDRESS", provides={"PG2": "{database}"}),
    ServiceSpec(
        name="redis2", kind="redis", external="REDIS_ADDRESS", provides={"REDIS2": "{database}"}
    ),
)


def main(run_id: str, folder: Path) -> None:
    environ = dict(os.environ)
    lease = Lease.acquire(run_id, environ)
    watcher = Watcher.start(lease.path, run_id)
    notes: queue.Queue[object] = queue.Queue()
    settings = BrokerSettings(
        run_id=run_id,
        root=folder,
        run_dir=folder,
        environ=environ,
        choice=ProviderChoice.AUTO,
        slots=2,
        scrubbed=frozenset(),
    )
    broker = Broker(SPECS, settings=settings, lease=lease, notify=notes.put)
    broker.start()
    broker.open_slot(0, [ServiceUse(name=spec.name) for spec in SPECS])
    note: object = None
    while not isinstance(note, (SlotOpened, SlotFailed)):
        note = notes.get(timeout=60)
    worker = subprocess.Popen(
        ["sleep", "600"], env={**environ, "UTR_RUN_ID": run_id}, start_new_session=True
    )
    lease.record_process(worker.pid)
    stray = subprocess.Popen(
        ["sleep", "600"], env={**environ, "UTR_RUN_ID": run_id}, start_new_session=True
    )
    said = {
        "variables": dict(note.variables) if isinstance(note, SlotOpened) else repr(note),
        "watcher": watcher.pid,
        "lease": str(lease.path),
        "strays": [worker.pid, stray.pid],
    }
    print(json.dumps(said), flush=True)
    sys.stdin.read()
    if os.environ.get("FAKE_RUNNER_ENDS_IN_ORDER"):
        worker.kill()
        stray.kill()
        for held in [h for h in lease.holdings if getattr(h, "pid", None) == worker.pid]:
            lease.forget(held)
        broker.close()
        lease.release()
        watcher.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
