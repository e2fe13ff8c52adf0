"""What a test's phases have to say, fit to be shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from unified_test_runner.model import PhaseResult, Section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.masking import Mask


def masked(mask: Mask, phase: PhaseResult) -> PhaseResult:
    """Return a phase without the secrets in its texts."""
    if not (phase.longrepr or phase.message or phase.sections):
        return phase
    clean = mask.apply
    return replace(
        phase,
        message=clean(phase.message),
        longrepr=clean(phase.longrepr),
        sections=tuple(Section(title=s.title, text=clean(s.text)) for s in phase.sections),
    )


def reason_of(phases: Iterable[PhaseResult]) -> str:
    """Return one line on why a test did not simply pass: the first phase that has one."""
    for phase in phases:
        if phase.message or phase.expected:
            return phase.expected or phase.message
    return ""
