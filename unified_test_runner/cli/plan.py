"""`unified-test-runner plan`: what would run, on what, and why. Starts nothing."""

from __future__ import annotations

import json
from typing import Any

import click

from unified_test_runner.cli import options


@click.command()
@options.selection
@options.services
@click.option("--workers", "-n", type=options.WORKERS, default="auto", envvar="UTR_WORKERS")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@options.configuration
@options.synonyms
@click.pass_obj
def command(pytest_args: tuple[str, ...], /, as_json: bool, services: str, **params: Any) -> None:
    """Show what would run, on how many workers and which services, and why."""
    from unified_test_runner.cli.shown import describe, plan_for, render, say

    described = describe(plan_for(pytest_args, params), services)
    say(json.dumps(described, indent=2) if as_json else render(described))
