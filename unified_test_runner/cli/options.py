"""Every option of the command line, once. Commands pick groups of them as decorators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from unified_test_runner.settings import Selectors

    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # generic in newer versions only

F = TypeVar("F", bound="Callable[..., Any]")


class _Workers(_ParamType):
    name = "auto|N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | None:
        if value == "auto":
            return None
        try:
            number = int(value)
        except ValueError:
            number = 0
        if number < 1:
            self.fail(f"'{value}' is neither 'auto' nor a number from 1 on", param, ctx)
        return number


class _Duration(_ParamType):
    name = "DUR"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from unified_test_runner.catalogue.units import parse_duration

        try:
            seconds = value if isinstance(value, float) else parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if seconds <= 0:
            self.fail(f"'{value}' is not above 0", param, ctx)
        return float(seconds)


class _Preload(_ParamType):
    name = "off|auto|NAMES"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        if value in {"off", "auto"}:
            return ("*",) if value == "auto" else ()
        names = tuple(name.strip() for name in value.split(","))
        if not all(name.isidentifier() for name in names):
            self.fail(f"'{value}' is neither 'off', 'auto' nor names with commas", param, ctx)
        return names


WORKERS = _Workers()
PRELOAD = _Preload()
DURATION = _Duration()


class _Synonym(click.Option):
    """An option other tools have: answered with the right name instead of a guess."""

    def __init__(self, names: list[str], *, answer: str) -> None:
        # With a value or without one: half of them are flags where they come from.
        super().__init__(
            names,
            hidden=True,
            expose_value=False,
            is_flag=False,
            flag_value="",
            callback=self._refuse,
        )
        self._answer = answer

    def _refuse(self, ctx: click.Context, param: click.Parameter, value: Any) -> None:
        if value is not None:
            raise click.UsageError(f"there is no {param.opts[0]}; {self._answer}", ctx)


def _together(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _split_commas(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for item in value for name in item.split(",") if name.strip())


selection = _together(
    click.argument("arguments", metavar="[PATH|NODEID]...", nargs=-1),
    click.option(
        "--category", "-c", "categories", metavar="NAME", multiple=True, callback=_split_commas,
        help="Suites of this category. Repeatable, or with commas.",
    ),
    click.option(
        "--suite", "suites", metavar="NAME", multiple=True, callback=_split_commas,
        help="This suite. Repeatable, or with commas.",
    ),
    click.option(
        "--test-pattern", "patterns", metavar="GLOB", multiple=True,
        help="Tests whose suite name, path or node id matches; `*` crosses `/`, no wildcard "
        "means `*GLOB*`.",
    ),
    click.option("-k", "keyword", metavar="EXPR", help="As in pytest."),
    click.option("-m", "markexpr", metavar="EXPR", help="As in pytest."),
    click.option("--deselect", metavar="NODEID", multiple=True, help="As in pytest."),
    click.option(
        "--real-services", is_flag=True,
        help="Bring up the servers that the selected suites need. Without it such suites are "
        "withheld, and counted.",
    ),
)  # fmt: skip

services = click.option(
    "--services", type=click.Choice(["auto", "embedded", "external"]), default="auto",
    envvar="UTR_SERVICES", show_default=True,
    help="Where servers come from: local processes, or ones that already run.",
)  # fmt: skip

timeout = click.option(
    "--timeout", type=DURATION, envvar="UTR_TIMEOUT",
    help="Time limit of each test, e.g. 60s or 1.5m; else the catalogue's, else 300s.",
)  # fmt: skip

collect = click.option(
    "--collect", type=click.Choice(["auto", "lazy", "whole"]),
    help="Collect files one by one as they are run (lazy) or all of them in each worker, for "
    "plugins that must see every test (whole); else the catalogue's, else by the plugins.",
)  # fmt: skip

seed = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), metavar="N",
    help="Seed of pytest-randomly, where it is installed; else one is drawn for the run.",
)  # fmt: skip

running = _together(
    services,
    click.option(
        "--workers", "-n", type=WORKERS, default="auto", envvar="UTR_WORKERS",
        show_default=True,
        help="How many worker processes; auto: one per processor, fewer where memory is short.",
    ),
    click.option("--fail-fast", "-x", is_flag=True, help="Stop after the first failure."),
    click.option("--maxfail", type=click.IntRange(min=1), metavar="N", help="Stop after N."),
    timeout,
    click.option(
        "--leaks", type=click.Choice(["report", "fail", "off"]), envvar="UTR_LEAKS",
        help="What it is when tests leave threads, processes, descriptors or temporary files "
        "behind; else what the catalogue says, else report.",
    ),
    collect,
    click.option("--run-timeout", type=DURATION, help="Time limit of the whole run."),
    click.option(
        "--retries", type=click.IntRange(min=0), metavar="N",
        help="Run a failed test again up to N times, alone in a fresh worker, once all have run; "
        "else the catalogue's, else 0.",
    ),
    click.option(
        "--retries-max-failures", type=click.IntRange(min=1), metavar="N",
        help="Retry nothing after more than N failures. [default: 10, or 5 % of all tests]",
    ),
    click.option(
        "--flaky", type=click.Choice(["report", "fail"]), default="report", show_default=True,
        help="What tests that passed only on a retry are: listed, or exit code 1.",
    ),
    click.option(
        "--repeat", type=click.IntRange(min=1), metavar="N", help="Run every test N times."
    ),
    click.option(
        "--repeat-until-fail", is_flag=True,
        help="Repeat every test until one fails; with --repeat, at most N times.",
    ),
    seed,
    click.option(
        "--no-tests", type=click.Choice(["fail", "warn", "pass"]), default="fail",
        show_default=True, help="What a run without any test is.",
    ),
    click.option(
        "--preload", type=PRELOAD, envvar="UTR_PRELOAD",
        help="Packages imported once, ahead of all workers, where earlier runs show that it "
        "makes no difference; else the catalogue's, else off.",
    ),
    click.option(
        "--start", type=click.Choice(["auto", "fork", "spawn"]), default="auto",
        envvar="UTR_START", show_default=True,
        help="How workers are started; auto: forked, or spawned where forking is not safe.",
    ),
)  # fmt: skip

order = click.option(
    "--order-from", metavar="RUN",
    help="Run the same files in the same order on the same workers as RUN did: the id of a run "
    "of this project, a run directory or an events.jsonl.",
)  # fmt: skip

passed_on = _together(
    click.option("-s", "uncaptured", is_flag=True,
                 help="Capture nothing: show what tests print as it comes, marked [wN]."),
    click.option("--pdb", is_flag=True,
                 help="Open the debugger where a test fails. One worker, which has the terminal."),
    click.option("--trace", is_flag=True, help="Open the debugger where each test starts."),
    click.option("--pdbcls", metavar="MODULE:CLASS", help="As in pytest."),
    click.option("--lf", "--last-failed", "--failed", "last_failed", is_flag=True,
                 help="Only what failed when it last ran; all if nothing did."),
    click.option("--ff", "--failed-first", "failed_first", is_flag=True,
                 help="All, with files and tests that failed last time first."),
    click.option("--lfnf", "--last-failed-no-failures", "no_failures",
                 type=click.Choice(["all", "none"]), default="all", show_default=True,
                 help="What --lf runs where no failure is known."),
    click.option("--sw", "--stepwise", "stepwise", is_flag=True,
                 help="Stop at the first failure, and go on from there next time. One worker."),
)  # fmt: skip

coverage = _together(
    click.option(
        "--coverage", "coverage", is_flag=True,
        help="Measure what the tests run, as the project's configuration of coverage says.",
    ),
    click.option(
        "--coverage-source", "coverage_sources", metavar="NAME", multiple=True,
        help="Measure this package or folder. Repeatable; implies --coverage.",
    ),
    click.option(
        "--coverage-min", type=click.FloatRange(0, 100), metavar="PERCENT",
        help="Fail a whole run that covers less. Implies --coverage.",
    ),
)  # fmt: skip

output = _together(
    click.option(
        "--format", "format_", type=click.Choice(["auto", "live", "plain"]), default="auto",
        envvar="UTR_FORMAT", show_default=True, help="Console output.",
    ),
    click.option(
        "--output", "shown", type=click.Choice(["failed", "all", "none"]), default="failed",
        show_default=True, help="Whose captured output is shown.",
    ),
    click.option("--junit-xml", "--junitxml", type=click.Path(path_type=Path, dir_okay=False),
                 metavar="PATH", help="Write a JUnit report."),
    click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False),
                 metavar="PATH", help="Write a JSON report."),
    click.option("-q", "quiet", is_flag=True, help="Outcomes only."),
    click.option("-v", "verbose", is_flag=True, help="A line per test."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto",
                 show_default=True),
)  # fmt: skip

configuration = _together(
    click.option("--catalogue", metavar="PATH", help="The suite catalogue (UTR_CATALOGUE)."),
    click.option("--python", metavar="PATH", help="Interpreter that has the project's packages."),
)

run_directory = _together(
    click.option("--events", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH",
                 help="Write the event log here as well as into the run directory."),
    click.option("--run-dir", type=click.Path(path_type=Path, file_okay=False), metavar="PATH",
                 help="Directory of this run."),
)  # fmt: skip

synonyms = _together(
    click.option("--list-tests", cls=_Synonym, answer="use the command: unified-test-runner list"),
    click.option("--dry-run", cls=_Synonym, answer="use the command: unified-test-runner plan"),
    click.option("--test-file", cls=_Synonym, answer="give the path as an argument"),
    click.option("--filter", cls=_Synonym, answer="use --test-pattern or -k"),
    click.option("--reruns", cls=_Synonym, answer="use --retries"),
    click.option("--count", cls=_Synonym, answer="use --repeat"),
    click.option("--level", cls=_Synonym, answer="use --category"),
    click.option("--nf", "--new-first", cls=_Synonym, answer="use --ff"),
)


def passed_on_of(params: dict[str, Any]) -> tuple[str, ...]:
    """Take pytest's own options out of a command's parameters, as pytest spells them."""
    flags = {
        "-s": params.pop("uncaptured"),
        "--pdb": params.pop("pdb"),
        "--trace": params.pop("trace"),
        "--lf": params.pop("last_failed"),
        "--ff": params.pop("failed_first"),
        "--sw": params.pop("stepwise"),
    }
    values = {
        "--lfnf": params.pop("no_failures"),
        "--pdbcls": params.pop("pdbcls") or "",
    }
    given = [f"{name}={value}" for name, value in values.items() if value not in {"", "all"}]
    return (*(name for name, is_given in flags.items() if is_given), *given)


def selectors_of(params: dict[str, Any], pytest_args: tuple[str, ...]) -> Selectors:
    """Take the selection out of a command's parameters."""
    from unified_test_runner.settings import Selectors

    return Selectors(
        categories=params.pop("categories"),
        suites=params.pop("suites"),
        patterns=params.pop("patterns"),
        arguments=params.pop("arguments"),
        keyword=params.pop("keyword"),
        markexpr=params.pop("markexpr"),
        deselect=params.pop("deselect"),
        real_services=params.pop("real_services"),
        pytest_args=pytest_args,
    )
