from __future__ import annotations

import pytest

from unified_test_runner.errors import UsageError
from unified_test_runner.failures import Recall
from unified_test_runner.planning.pytest_options import concerns_whole_run, read_options


@pytest.mark.parametrize(
    ("given", "recall"),
    [
        ((), Recall.NONE),
        (("--lf",), Recall.ONLY), (("--last-failed",), Recall.ONLY),
        (("--ff",), Recall.FIRST), (("--failed-first",), Recall.FIRST),
        (("--sw",), Recall.FROM), (("--stepwise",), Recall.FROM),
        (("--ff", "--lf"), Recall.ONLY), (("--lf", "--sw", "--ff"), Recall.FROM),
        (("-k", "lf", "-vs", "--lfx"), Recall.NONE),
        (("--lfnf=none",), Recall.NONE),
    ],
)  # fmt: skip
def test_what_is_done_with_earlier_failures(given, recall):
    assert read_options(given).recall is recall
    assert read_options((), addopts=given).recall is recall
    assert read_options((), variable=" ".join(given)).recall is recall


@pytest.mark.parametrize(
    ("given", "is_debugging"),
    [
        (("--pdb",), True), (("--trace",), True), (("--pdbcls=a:B",), False),
        (("--tb=short", "-x"), False), (("--pdb-no",), False), (("-m", "pdb"), False),
    ],
)  # fmt: skip
def test_who_needs_the_terminal(given, is_debugging):
    options = read_options(given)
    assert options.is_debugging is is_debugging
    assert options.needs_one_worker is is_debugging


@pytest.mark.parametrize(
    ("given", "is_none"),
    [
        (("--lf", "--lfnf", "none"), True), (("--lf", "--lfnf=none"), True),
        (("--last-failed-no-failures", "none", "--lf"), True), (("--lfnf", "all"), False),
        (("--lfnf", "--lf", "none"), False), (("--lfnf",), False), ((), False),
    ],
)  # fmt: skip
def test_what_runs_without_a_failure(given, is_none):
    assert read_options(given).runs_none_without is is_none


def test_the_command_line_has_the_last_word():
    options = read_options(("--lfnf=all",), addopts=("--lfnf=none",))
    assert not options.runs_none_without


@pytest.mark.parametrize("name", ["--nf", "--new-first", "--sw-skip", "--stepwise-skip"])
def test_what_is_not_honoured_is_refused_or_said(name):
    with pytest.raises(UsageError, match=f"{name} has no meaning here"):
        read_options((name,))
    (told,) = read_options((), addopts=(name,)).ignored
    assert told.startswith(f"{name} of the project's own options is ignored: ")


def test_a_variable_that_no_shell_could_read_is_an_error():
    with pytest.raises(UsageError, match="PYTEST_ADDOPTS cannot be read"):
        read_options((), variable="-k 'open")


def test_earlier_failures_can_be_forgotten():
    assert read_options(("--cache-clear",)).forgets
    assert not read_options(("--cache-show",)).forgets


@pytest.mark.parametrize(
    ("args", "is_concerned"),
    [(("--lf",), True), (("--pdb",), True), (("--nf",), True), (("-s", "-p", "x"), False)],
)
def test_arguments_of_one_suite(args, is_concerned):
    assert concerns_whole_run(args) is is_concerned
