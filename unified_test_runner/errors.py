"""Every error this program raises on purpose, each with the exit code it ends in.

    UtrError
    ├── UsageError                 4  an option or argument that cannot be honoured
    │   ├── CatalogueError         4  all faults of a catalogue, each with its place
    │   └── PlatformError          4  this platform cannot run what was asked
    ├── NothingSelectedError       5  the selectors lead to no test
    ├── ServiceError              10  a service could not be had
    │   ├── ProviderUnavailableError  no provider can serve it here
    │   ├── StartError                it was started and did not become ready
    │   ├── PrepareError              its `prepare` command failed
    │   └── NamespaceError            no namespace could be made for a slot
    └── RunnerError                3  the runner itself could not do its work
        ├── RunDirectoryError         the run directory cannot be written
        └── ProtocolError             a worker sent what cannot be understood

A failing test is data (see `model.Outcome`), never one of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from unified_test_runner.exitcodes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


class UtrError(Exception):
    """Base of all errors raised on purpose.

    Args:
        message: what is wrong, lower case, without a full stop.
        hint: what would be right; shown as `(hint: …)`.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class UsageError(UtrError):
    """An option, argument or configuration value that cannot be honoured."""

    exit_code = ExitCode.USAGE


class CatalogueError(UsageError):
    """Every fault found in a catalogue, one line each, in the order of the file.

    Args:
        faults: lines of the form `path:line:column: message (hint: …)`.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class PlatformError(UsageError):
    """This platform cannot run what was asked."""


class NothingSelectedError(UtrError):
    """The selectors lead to no test."""

    exit_code = ExitCode.NOTHING_RAN


class ServiceError(UtrError):
    """A service could not be had.

    Args:
        service: name of the service in the catalogue.
        log_tail: the last lines of the server's own log, oldest first.
    """

    exit_code = ExitCode.SERVICE

    def __init__(
        self, service: str, message: str, *, hint: str = "", log_tail: Sequence[str] = ()
    ) -> None:
        super().__init__(f"service '{service}': {message}", hint=hint)
        self.service = service
        self.log_tail = tuple(log_tail)


class ProviderUnavailableError(ServiceError):
    """No provider can serve it on this machine; the message says what was tried."""


class StartError(ServiceError):
    """It was started and ended, or did not become ready in time."""


class PrepareError(ServiceError):
    """The `prepare` command of the service failed."""


class NamespaceError(ServiceError):
    """No namespace (database, instance) could be made for a worker slot."""


class RunnerError(UtrError):
    """The runner itself could not do its work."""


class RunDirectoryError(RunnerError):
    """The run directory cannot be made or written."""


class ProtocolError(RunnerError):
    """A worker sent something that cannot be understood."""
