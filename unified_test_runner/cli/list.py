"""`unified-test-runner list`: what would run, by suite, without importing a test module."""

from __future__ import annotations

from typing import Any

import click

from unified_test_runner.cli import options


@click.command()
@options.selection
@options.configuration
@options.synonyms
@click.pass_obj
def command(pytest_args: tuple[str, ...], /, **params: Any) -> None:
    """List the files that would run, by suite, with the reason for each."""
    from unified_test_runner.cli.shown import plan_for, say

    plan = plan_for(pytest_args, params).plan
    for group in plan.groups:
        for suite in group.suites:
            services = ", ".join(use.name for use in suite.services) or "none"
            say(f"{suite.name}  [{suite.category or 'no category'}]  services: {services}")
            for unit in suite.units:
                say(f"  {unit.path}  ({unit.reason})")
    for withheld in plan.withheld:
        say(f"{withheld.name}: withheld, {withheld.files} files; add {withheld.flag}")
    say(f"{len(plan.units)} files in {sum(len(g.suites) for g in plan.groups)} suites")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
