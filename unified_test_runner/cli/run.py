"""`unified-test-runner [OPTIONS] [PATH|NODEID]... [-- PYTEST ARGS]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from unified_test_runner import __version__
from unified_test_runner.cli import options

if TYPE_CHECKING:
    from unified_test_runner.model import ExitCode

_EPILOG = (
    ("list", "what would run, by suite"),
    ("plan", "what would run, on what, and why"),
    ("replay", "the reports of a stored run again"),
    ("bisect", "which earlier tests make a test fail"),
)


class RunCommand(click.Command):
    """The main command; its help names the other ones."""

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands beside `run`, and the exit codes."""
        with formatter.section("Commands"):
            formatter.write_dl(_EPILOG)
        with formatter.section("Exit codes"):
            formatter.write_text(
                "0 all passed, 1 a test failed, 2 interrupted, 3 internal error, 4 usage or "
                "catalogue, 5 nothing ran, 10 a service failed, 11 time limit of the run, "
                "12 incomplete, 13 a gate failed"
            )


@click.command(cls=RunCommand, options_metavar="[OPTIONS]")
@options.selection
@options.running
@options.order
@options.passed_on
@options.coverage
@options.output
@options.run_directory
@options.configuration
@options.synonyms
@click.version_option(__version__, prog_name="unified-test-runner")
@click.pass_obj
def command(pytest_args: tuple[str, ...], /, **params: Any) -> ExitCode:
    """Run pytest suites in parallel, each worker on databases of its own.

    Paths and node ids narrow the selection; what follows `--` goes to pytest.
    """
    from unified_test_runner.early import begin

    settings = _settings(pytest_args, params)
    with begin(settings) as begun:
        # These take as long to load as a template takes to start.
        from unified_test_runner.execution import execute, with_output_paths
        from unified_test_runner.preparation import prepare

        settings = with_output_paths(settings)
        return execute(settings, prepare(settings), begun)


def _repeat(params: dict[str, Any]) -> int:
    """Return how often every test runs, 0 for as often as it takes."""
    number: int = params["repeat"] or (0 if params["repeat_until_fail"] else 1)
    if number != 1 and params["retries"]:
        option = "--repeat" if params["repeat"] else "--repeat-until-fail"
        raise click.UsageError(
            f"--retries and {option} exclude each other: a retry hides what a repetition looks for"
        )
    return number


def _settings(pytest_args: tuple[str, ...], params: dict[str, Any]) -> Any:
    from unified_test_runner import settings

    repeat = _repeat(params)
    is_first_enough = params["fail_fast"] or params["repeat_until_fail"]
    pytest_args = (*options.passed_on_of(params), *pytest_args)
    return settings.Settings(
        selectors=options.selectors_of(params, pytest_args),
        output=settings.Output(
            format=params["format_"],
            color=params["color"],
            output=params["shown"],
            verbosity=int(params["verbose"]) - int(params["quiet"]),
            junit_xml=params["junit_xml"],
            json=params["json_path"],
            events=params["events"],
            run_dir=params["run_dir"],
        ),
        coverage=settings.Coverage(
            is_wanted=params["coverage"]
            or bool(params["coverage_sources"])
            or params["coverage_min"] is not None,
            sources=params["coverage_sources"],
            minimum=params["coverage_min"],
        ),
        services=params["services"],
        workers=params["workers"],
        max_failures=1 if is_first_enough else params["maxfail"] or 0,
        timeout_s=params["timeout"],
        run_timeout_s=params["run_timeout"],
        retries=params["retries"],
        retries_max_failures=params["retries_max_failures"],
        flaky=params["flaky"],
        repeat=repeat,
        leaks=params["leaks"],
        collect=params["collect"],
        no_tests=params["no_tests"],
        order_from=params["order_from"],
        start=params["start"],
        preload=params["preload"],
        seed=params["seed"],
        python=params["python"],
        catalogue=params["catalogue"],
        has_terminal=settings.is_at_terminal(),
        argv=tuple(sys.argv[1:]),
        environ=settings.calling_environment(),
        cwd=settings.calling_directory(),
    )
