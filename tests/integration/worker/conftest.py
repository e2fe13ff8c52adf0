"""A template process with its project, for the tests of both of its sides."""

from __future__ import annotations

import os
import select
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from unified_test_runner.bell import Bell
from unified_test_runner.worker import protocol
from unified_test_runner.worker.launch import launch
from unified_test_runner.worker.template import ForkRequest, Template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from unified_test_runner.worker.process import WorkerProcess

PATIENCE_S = 30.0
#: What a worker's environment has and a template's lacks here.
OWN = {"UTR_RUN_ID": "a-run"}


class Scene:
    """A template with its project, and everything heard so far."""

    def __init__(
        self, root: Path, interpreter: str = sys.executable, start: str = "fork", **environ: str
    ) -> None:
        self.root = root
        self.environ = {"PATH": os.environ["PATH"], "UTR_SLOT": "none", **environ}
        launched = launch(interpreter, self.environ, root, start)
        self.bell = Bell()
        self.template = Template(
            group=0, launched=launched, output=root / "template.log", bell_rope=self.bell.rope
        )
        self.heard: list[protocol.Message] = []
        self.workers: list[WorkerProcess] = []

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(textwrap.dedent(text))

    def fork(
        self, *arguments: str, slot: int = 0, is_spawned: bool = False, **environ: str
    ) -> WorkerProcess:
        number = len(self.workers)
        worker = self.template.fork(
            ForkRequest(
                coverage=self.root / f"cov{number}",
                worker=number, slot=slot, group=0, arguments=("-p", "no:cacheprovider", *arguments),
                environ={**self.environ, **OWN, "UTR_SLOT": str(slot), **environ}, root=self.root,
                basetemp=self.root / "tmp" / f"w{number}", output=self.root / f"w{number}.log",
                stacks=self.root / f"w{number}.stacks", is_spawned=is_spawned, tells_modules=True,
            )
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def hear(self, source: Template | WorkerProcess, kind: type) -> list:
        """Take messages of one source until one is of `kind` (None: until end of file)."""
        taken = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if not select.select([source], [], [], PATIENCE_S)[0]:
                break
            received = source.receive()
            if received is None:
                assert kind is type(None), f"end of file after {taken}"
                return taken
            for item in received:
                message = item.message if isinstance(item, protocol.Received) else item
                taken += self._spelt_out(message)
            if any(isinstance(message, kind) for message in taken):
                return taken
        raise AssertionError(f"no {kind.__name__} in time, only {taken}\n{self.logs()}")

    def _spelt_out(self, message: protocol.Message) -> list[protocol.Message]:
        """Return what a short message says of each test, as the long ones would."""
        match message:
            case protocol.UnitCollected():
                self.collected = message
            case protocol.TestBegun(index=index, limit_s=limit_s):
                return [self.collected.started(index, limit_s)]
            case protocol.TestsPassed(first=first, measured=measured, following=following):
                found: list[protocol.Message] = []
                for index, each in enumerate(measured, start=first):
                    found += [self.collected.started(index)] if index > first else []
                    found.append(protocol.TestEnded.of(each))
                last = [] if following is None else [self.collected.started(following)]
                return [*found, *last]
        return [message]

    def the(self, source: Template | WorkerProcess, kind: type):
        """Return the first message of a kind."""
        return next(item for item in self.hear(source, kind) if isinstance(item, kind))

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.root.glob("*.log"))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.template.close(PATIENCE_S)
        self.bell.close()


@pytest.fixture
def make_scene(tmp_path) -> Iterator[Callable[..., Scene]]:
    """Return a maker of scenes, all of which are closed in the end."""
    made: list[Scene] = []

    def make(**settings: str) -> Scene:
        made.append(Scene(tmp_path, **settings))
        return made[-1]

    yield make
    for scene in made:
        scene.close()
