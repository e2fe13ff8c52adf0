"""Outcomes of a whole run as a multiset, and what two multisets differ in. Runs nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: From the worst to the best; an entry is as bad as its worst phase.
SEVERITY = ("crashed", "timed_out", "failed", "error", "xpassed", "xfailed", "skipped", "passed")

#: Nothing is known of the phases of a test that never came to its end.
_CUT = ("crashed", "timed_out", "not_run")

#: What an entry stands for (`test` or `file`) and its node id.
Name = tuple[str, str]
#: How often each (name, outcome) occurred; an outcome names its phases as well (`told`).
Outcomes = Counter[tuple[Name, str]]


def fold(phases: Iterable[Sequence[object]]) -> str:
    """Return the outcome of (when, pytest's word, whether xfail applies) triples."""
    found = {_phase(str(when), str(word), bool(expected)) for when, word, expected in phases}
    return next((outcome for outcome in SEVERITY if outcome in found), "not_run")


def told(phases: Iterable[Sequence[object]], outcome: str = "") -> str:
    """Return an outcome with what each phase came to: `failed (passed, failed, passed)`.

    Args:
        phases: (when, pytest's word, whether xfail applies) triples, in order.
        outcome: what the test came to, where that is known; else it is folded.
    """
    triples = [(str(when), str(word), bool(expected)) for when, word, expected in phases]
    outcome = outcome or fold(triples)
    if outcome in _CUT:
        return outcome
    words = (f"{when} {word}{' xfail' * expected}" for when, word, expected in triples)
    return f"{outcome} ({', '.join(words)})"


def _phase(when: str, word: str, expected: bool) -> str:
    if word == "failed":
        return "failed" if when == "call" else "error"
    if word == "skipped":
        return "xfailed" if expected else "skipped"
    return "xpassed" if expected and when == "call" else "passed"


@dataclass(frozen=True)
class Difference:
    """An entry whose outcomes are not plain pytest's. `proof` is empty where there is none."""

    name: Name
    plain: tuple[str, ...]
    ours: tuple[str, ...]
    proof: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether it failed in ours."""
        return any(word.startswith(("failed", "error", "crashed")) for word in self.ours)

    def __str__(self) -> str:
        kind, nodeid = self.name
        shown = nodeid if kind == "test" else f"[{kind}] {nodeid}"
        return f"{shown}: plain {_said(self.plain)}, ours {_said(self.ours)}"


def _said(outcomes: tuple[str, ...]) -> str:
    return "+".join(outcomes) or "absent"


def by_name(outcomes: Outcomes) -> dict[Name, tuple[str, ...]]:
    """Return the sorted outcomes of each entry."""
    found: dict[Name, list[str]] = defaultdict(list)
    for (name, outcome), number in outcomes.items():
        found[name] += [outcome] * number
    return {name: tuple(sorted(words)) for name, words in found.items()}


def compare(plain: dict[str, Outcomes], ours: Outcomes) -> list[Difference]:
    """Compare with the first of plain pytest's runs; the others are proofs of its variance."""
    runs = {label: by_name(outcomes) for label, outcomes in plain.items()}
    first = next(iter(runs.values()))
    mine = by_name(ours)
    names = sorted(name for name in first.keys() | mine.keys() if first.get(name) != mine.get(name))
    moving = _moving_stems(runs.values(), ours)
    return [
        Difference(
            name,
            first.get(name, ()),
            mine.get(name, ()),
            _proof(name, mine.get(name, ()), runs) or moving.get(stem(name), ""),
        )
        for name in names
    ]


def _proof(name: Name, mine: tuple[str, ...], runs: dict[str, dict[Name, tuple[str, ...]]]) -> str:
    return next((f"plain: {label}" for label, run in runs.items() if run.get(name, ()) == mine), "")


def stem(name: Name) -> Name:
    """Return the entry without its parameters."""
    return (name[0], name[1].partition("[")[0])


def _moving_stems(runs: Iterable[dict[Name, tuple[str, ...]]], ours: Outcomes) -> dict[Name, str]:
    """Tests whose parameters' ids plain pytest does not hold constant, if the numbers agree."""
    everything = list(runs)
    changing = {
        stem(name)
        for run in everything
        for name in run
        if any(name not in other for other in everything)
    }
    wanted, found = _per_stem(everything[0]), _per_stem(by_name(ours))
    return {
        name: "plain: ids differ between its runs"
        for name in changing
        if wanted.get(name) == found.get(name)
    }


def _per_stem(run: dict[Name, tuple[str, ...]]) -> dict[Name, Counter[str]]:
    found: dict[Name, Counter[str]] = defaultdict(Counter)
    for name, words in run.items():
        found[stem(name)].update(words)
    return dict(found)
