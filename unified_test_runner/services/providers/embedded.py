"""Real servers as local processes, from programs of a wheel or of the system."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import ProviderUnavailableError, StartError
from unified_test_runner.services.binaries import (
    find_binaries,
    how_to_install,
    what_was_tried,
)
from unified_test_runner.services.children import Child
from unified_test_runner.services.directories import PrivateDirectory
from unified_test_runner.services.kinds.base import Access, RefusedError, Site
from unified_test_runner.services.places import roomiest, server_account
from unified_test_runner.services.relocation import readable_source
from unified_test_runner.services.waiting import (
    CancelledError,
    DeadError,
    NotReadyError,
    TooSlowError,
    wait_ready,
)

if TYPE_CHECKING:
    from unified_test_runner.services.binaries import BinarySource
    from unified_test_runner.services.kinds.base import Kind
    from unified_test_runner.services.order import Order
    from unified_test_runner.services.places import Account

_PORT_ATTEMPTS = 5
_SOCKET_PATH_LIMIT = 80  # of 107 (Linux) or 103 (macOS) bytes; the socket's own name comes on top
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A server that we started, with everything that must go when it ends."""

    access: Access
    version: str
    child: Child
    stack: contextlib.ExitStack

    def wait(self) -> str:
        """Wait until the process has ended; returns how."""
        return self.child.wait()

    def ask_to_end(self) -> None:
        """Send its stop signal; KILL follows within a second."""
        self.child.ask_to_end()

    def finish(self) -> list[str]:
        """End the process and remove its data."""
        try:
            self.stack.close()
        except OSError as error:
            return [f"cannot remove the data of {self.access.endpoint.address}: {error}"]
        return []

    def log_tail(self) -> tuple[str, ...]:
        """Return the last lines of its log."""
        return self.child.log_tail()


class EmbeddedProvider:
    """Starts servers from programs on this machine, each in a private directory."""

    def start(self, order: Order, kind: Kind) -> EmbeddedServer:
        """Return a server on a port of 127.0.0.1 that nobody else knows the password of.

        Raises:
            ServiceError: no program works here, or the server does not come up.
            CancelledError: the run is ending.
        """
        with contextlib.ExitStack() as stack:
            try:
                site = _site(order, kind, stack)
                kind.recipe.lay_out(site)
                server = _start(site, kind, stack)
            except OSError as error:
                what = f": {error.filename}" if error.filename else ""
                raise StartError(
                    order.spec.name, f"cannot be set up: {error.strerror or error}{what}"
                ) from error
            stack.pop_all()
            return server


def _site(order: Order, kind: Kind, stack: contextlib.ExitStack) -> Site:
    account = server_account()
    source = _working_source(order, kind, account, stack)
    order.log.parent.mkdir(parents=True, exist_ok=True)
    parent = roomiest([order.log.parent], kind.recipe.space_bytes(order), account)
    if len(os.fsencode(parent.absolute())) + 40 > _SOCKET_PATH_LIMIT:
        parent = Path(tempfile.gettempdir())
    directory = PrivateDirectory.make(order.lease, parent, account)
    stack.callback(directory.remove)
    environ = order.settings.environ
    return Site(
        order=order,
        folder=directory.path,
        source=source,
        account=account,
        environ={
            **{name: environ[name] for name in _PASSED_ON if name in environ},
            "HOME": str(directory.path),
            "LANG": "C.UTF-8",
        },
        password=secrets.token_urlsafe(24),
    )


def _working_source(
    order: Order, kind: Kind, account: Account | None, stack: contextlib.ExitStack
) -> BinarySource:
    """Return the first source whose program runs here; else say why each did not."""
    failures: list[str] = []
    for source in find_binaries(order.spec, order.info, order.settings.environ):
        found = _try_source(order, kind, account, stack, source)
        if not isinstance(found, str):
            return found
        failures.append(f"{source.origin}: {found}")
    raise ProviderUnavailableError(
        order.spec.name,
        "no server program works here: " + ("; ".join(failures) or what_was_tried(order.info)),
        hint=how_to_install(order.info),
    )


def _try_source(
    order: Order,
    kind: Kind,
    account: Account | None,
    stack: contextlib.ExitStack,
    source: BinarySource,
) -> BinarySource | str:
    """Return a source that `account` can run, or why this one is not."""
    try:
        kind.recipe.version(source)
        return readable_source(order, source, account, stack)
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:]
        return last[0] if last else str(error)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)


def _start(site: Site, kind: Kind, stack: contextlib.ExitStack) -> EmbeddedServer:
    taken: list[int] = []
    for _ in range(_PORT_ATTEMPTS):
        port = site.order.choose_port()
        server = _start_on(port, site, kind, stack)
        if server is not None:
            return server
        taken.append(port)
    ports = ", ".join(map(str, taken))
    raise StartError(site.order.spec.name, f"every port tried was taken: {ports}")


def _start_on(
    port: int, site: Site, kind: Kind, stack: contextlib.ExitStack
) -> EmbeddedServer | None:
    """Return the server, or None when somebody else has the port."""
    with contextlib.ExitStack() as attempt:
        child = Child(kind.recipe.program(site, port), site.order.lease)
        attempt.callback(child.finish)
        access = Access(endpoint=kind.recipe.endpoint(site, port), is_ours=True)
        try:
            version = _await_answer(site, kind, child, access)
        except DeadError as error:
            if _is_port_taken(child):
                return None
            raise StartError(
                site.order.spec.name, f"{error} before it was ready", log_tail=child.log_tail()
            ) from error
        attempt.pop_all()
        stack.callback(child.finish)
        return EmbeddedServer(access=access, version=version, child=child, stack=stack.pop_all())


def _await_answer(site: Site, kind: Kind, child: Child, access: Access) -> str:
    order = site.order

    def attempt() -> str:
        if not is_bootstrapped:
            kind.recipe.bootstrap(site, access.endpoint.port)
            is_bootstrapped.append(True)
        try:
            return kind.probe(access)
        except RefusedError as error:  # somebody else on our port; our server will say so
            raise NotReadyError(str(error)) from error

    is_bootstrapped: list[bool] = []
    try:
        return wait_ready(
            attempt,
            ending=lambda: child.ending,
            within_s=order.settings.within_s,
            cancel=order.cancel,
        )
    except TooSlowError as error:
        raise StartError(
            order.spec.name,
            f"not ready after {order.settings.within_s:g} s: {error}",
            log_tail=child.log_tail(),
        ) from error
    except CancelledError:
        child.ask_to_end()
        raise


def _is_port_taken(child: Child) -> bool:
    return any("ddress already in use" in line for line in child.log_tail())
