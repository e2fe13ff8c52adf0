"""`unified-test-runner bisect`: which earlier tests make a test fail that passes alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from unified_test_runner.cli import options

if TYPE_CHECKING:
    from unified_test_runner.model import ExitCode


class BisectCommand(click.Command):
    """The command; its help has exit codes of its own."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_text(
                "0 found and reproduced, 1 no order to blame: it fails alone, or ends after all of "
                "them as it does alone, or what was found does not show again, 2 interrupted, 3 "
                "internal error, 4 usage or catalogue, 5 there is no such test, 10 a service "
                "failed, 12 --max-trials came first"
            )


@click.command(cls=BisectCommand)
@click.argument("nodeid", metavar="NODEID")
@options.selection
@click.option(
    "--from",
    "run",
    metavar="RUN",
    help="Look among the tests that ran before it in RUN: the id of a run of this project, a run "
    "directory or an events.jsonl. Without it the last run in which it failed; where none is "
    "kept, all selected files before it.",
)
@click.option(
    "--max-trials",
    type=click.IntRange(min=2),
    default=200,
    show_default=True,
    metavar="N",
    help="Give up after so many trials.",
)
@options.services
@options.timeout
@options.collect
@options.seed
@options.configuration
@options.synonyms
@click.pass_obj
def command(
    pytest_args: tuple[str, ...], /, nodeid: str, run: str | None, max_trials: int, **params: Any
) -> ExitCode:
    """Find the smallest set of earlier tests after which the test NODEID fails.

    For a test that passes alone and fails after others; any bad outcome counts, a crash and a
    time limit too. A test that fails alone and passed in a run is searched for what makes it
    pass. Each trial runs in one fresh worker. Trials are kept in .unified-test-runner/bisect/.
    """
    from unified_test_runner import settings
    from unified_test_runner.cli.shown import say
    from unified_test_runner.investigation import Question, investigate

    return investigate(
        settings.Settings(
            selectors=options.selectors_of(params, pytest_args),
            services=params["services"],
            timeout_s=params["timeout"],
            collect=params["collect"],
            seed=params["seed"],
            python=params["python"],
            catalogue=params["catalogue"],
            argv=tuple(sys.argv[1:]),
            environ=settings.calling_environment(),
            cwd=settings.calling_directory(),
        ),
        Question(nodeid=nodeid, run=run, max_trials=max_trials),
        say,
    )
