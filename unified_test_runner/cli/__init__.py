"""The command line: one error boundary, one module per command, imported when it is called."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
import traceback
from typing import TYPE_CHECKING

import click

from unified_test_runner.errors import PlatformError, UtrError
from unified_test_runner.exitcodes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Subcommand → module that holds it as `command`. Anything else is an argument of `run`.
COMMANDS: Mapping[str, str] = {
    "run": "unified_test_runner.cli.run",
    "list": "unified_test_runner.cli.list",
    "plan": "unified_test_runner.cli.plan",
    "replay": "unified_test_runner.cli.replay",
    "bisect": "unified_test_runner.cli.bisect",
}
PROGRAM = "unified-test-runner"


def main(argv: Sequence[str]) -> ExitCode:
    """Run one command line, without the program's name, and return the exit code."""
    name = argv[0] if argv and argv[0] in COMMANDS else "run"
    own = argv[1:] if argv and argv[0] == name else argv
    ours, pytest_args = split_at_dashes(own)
    program = PROGRAM if name == "run" else f"{PROGRAM} {name}"
    try:
        _check_platform()
        command: click.Command = importlib.import_module(COMMANDS[name]).command
        result = command.main(
            args=[*ours], prog_name=program, standalone_mode=False, obj=tuple(pytest_args)
        )
    except click.exceptions.Exit as stop:
        return ExitCode(stop.exit_code)
    except (click.Abort, KeyboardInterrupt, BrokenPipeError, SystemExit):
        # click answers a reader that has gone with an exit of its own.
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        return _refuse(error.format_message(), ExitCode.USAGE)
    except UtrError as error:
        return _refuse(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the one boundary: no traceback reaches a user
        return _confess(error)
    return result if isinstance(result, ExitCode) else ExitCode.OK


def _confess(error: Exception) -> ExitCode:
    """A fault of this program: say so, and keep the traceback where it can be fetched."""
    what = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
    with contextlib.suppress(OSError):
        handle, path = tempfile.mkstemp(prefix=f"{PROGRAM}-", suffix=".log")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as log:  # noqa: PTH123
            traceback.print_exception(error, file=log)
        what = f"{what} (hint: please report {path})"
    return _refuse(what, ExitCode.INTERNAL)


def _check_platform() -> None:
    if sys.platform == "win32":
        raise PlatformError("Windows is not supported", hint="use WSL, Linux or macOS")


def split_at_dashes(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split at the first `--`: what stands behind it is pytest's."""
    arguments = [*argv]  # once imported, the command `list` hides the type in this module
    if "--" not in arguments:
        return arguments, []
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def _refuse(message: str, code: ExitCode) -> ExitCode:
    """Say what is wrong, one line a fault, in any encoding."""
    from unified_test_runner.reporters.text import encodable, one_line

    encoding = sys.stderr.encoding or "ascii"
    for line in message.strip("\n").split("\n"):
        sys.stderr.write(f"error: {encodable(one_line(line), encoding)}\n")
    return code
