"""What of pytest's own options concerns the runner, wherever they are given.

Options reach pytest from the command line behind `--`, from `addopts` and from the variable
`PYTEST_ADDOPTS`. Those that only one process can honour are honoured by the runner.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unified_test_runner.errors import UsageError
from unified_test_runner.failures import Recall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Letters whose value may follow in the same word, so that `-ks` is no `-s`.
_WITH_VALUE = "kmpcoWrnD"
#: What we do not do, and what to do instead.
_ANSWERS: Mapping[str, str] = {
    "--nf": "use --ff, which runs what failed first",
    "--new-first": "use --ff, which runs what failed first",
    "--sw-skip": "deselect the failing test, with --deselect",
    "--stepwise-skip": "deselect the failing test, with --deselect",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestOptions:
    """What was asked for.

    `is_debugging`: a debugger may open, so that one worker needs the terminal for itself.
    `runs_none_without`: where no failure is recorded, `--lf` runs nothing instead of all.
    `forgets`: earlier failures are forgotten first. `ignored` are options of the project that
    are not honoured, in words.
    """

    is_debugging: bool = False
    recall: Recall = Recall.NONE
    runs_none_without: bool = False
    forgets: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def needs_one_worker(self) -> bool:
        """Whether tests must run one after another."""
        return self.is_debugging or self.recall is Recall.FROM


def read_options(
    given: Iterable[str], *, addopts: Iterable[str] = (), variable: str = ""
) -> PytestOptions:
    """Return what a run's pytest options ask of the runner.

    Args:
        given: what stood behind `--`.
        addopts: what the project's configuration adds.
        variable: the value of `PYTEST_ADDOPTS`.

    Raises:
        UsageError: an option on the command line that is not honoured.
    """
    theirs = [*addopts, *_words(variable)]
    mine = list(_options(given))
    for name, _ in mine:
        if name in _ANSWERS:
            raise UsageError(f"{name} has no meaning here", hint=_ANSWERS[name])
    found = dict([*_options(theirs), *mine])
    return PytestOptions(
        is_debugging=bool({"--pdb", "--trace"} & found.keys()),
        recall=_recall(found.keys()),
        runs_none_without="none"
        in {found.get("--lfnf", ""), found.get("--last-failed-no-failures", "")},
        forgets="--cache-clear" in found,
        ignored=tuple(
            f"{name} of the project's own options is ignored: {_ANSWERS[name]}"
            for name in found
            if name in _ANSWERS
        ),
    )


def concerns_whole_run(args: Iterable[str]) -> bool:
    """Whether a suite's own arguments hold what cannot be honoured for one suite alone."""
    found = read_options((), addopts=args)
    return bool(found.ignored) or found.needs_one_worker or found.recall is not Recall.NONE


def _recall(names: Iterable[str]) -> Recall:
    """Return the strictest that is asked for: pytest lets them be combined."""
    asked = set(names)
    for recall, spellings in (
        (Recall.FROM, {"--sw", "--stepwise"}),
        (Recall.ONLY, {"--lf", "--last-failed"}),
        (Recall.FIRST, {"--ff", "--failed-first"}),
    ):
        if spellings & asked:
            return recall
    return Recall.NONE


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"PYTEST_ADDOPTS cannot be read: {error}") from error


def _options(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values, empty where none is given or it cannot be told."""
    all_words = list(words)
    for place, word in enumerate(all_words):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            following = all_words[place + 1] if place + 1 < len(all_words) else ""
            yield name, value if equals or following.startswith("-") else following
        elif word.startswith("-"):
            for letter in word[1:]:
                yield f"-{letter}", ""
                if letter in _WITH_VALUE:
                    break
