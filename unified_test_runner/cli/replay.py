"""`unified-test-runner replay`: any report from a stored event log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unified_test_runner.cli import options

if TYPE_CHECKING:
    from unified_test_runner.model import ExitCode


@click.command()
@click.argument("log", type=click.Path(path_type=Path, exists=True))
@options.output
@click.pass_obj
def command(pytest_args: tuple[str, ...], /, log: Path, **params: Any) -> ExitCode:
    """Show a stored run again: LOG is a run directory or an events.jsonl.

    The exit code is the run's own; a log that was cut short never gives 0.
    """
    from unified_test_runner import settings
    from unified_test_runner.reporters import make_reporters
    from unified_test_runner.reporters.replay import replay_into
    from unified_test_runner.verdict import reach

    if pytest_args:
        raise click.UsageError("replay runs no pytest, so nothing can follow --")
    path = log / "events.jsonl" if log.is_dir() else log
    output = settings.Output(
        format="plain" if params["format_"] == "auto" else params["format_"],
        color=params["color"],
        output=params["shown"],
        verbosity=int(params["verbose"]) - int(params["quiet"]),
        junit_xml=params["junit_xml"],
        json=params["json_path"],
    )
    wanted = settings.reporter_settings(output, settings.calling_environment(), None)
    with path.open(encoding="ascii", errors="replace") as lines:
        return reach(replay_into(lines, make_reporters(wanted), str(path))).code
