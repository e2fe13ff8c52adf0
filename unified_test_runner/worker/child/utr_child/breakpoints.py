"""Answers `breakpoint()` in a worker that has no terminal: the test fails and says how to debug.

Only pytest's own chain of hooks is replaced, at its last link. A test that sets a hook of its
own (`sys.breakpointhook`, `PYTHONBREAKPOINT`, a replaced `pdb.set_trace`) never comes here.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.debugging import pytestPDB

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse_breakpoints(config: pytest.Config, whereabouts: Callable[[], str]) -> None:
    """Let breakpoints of a session fail what reaches them.

    Args:
        config: of this session; one that a test runs inside of it keeps its debugger.
        whereabouts: node id, from the project root, of what is running.
    """
    original: Any = pytestPDB._init_pdb

    def refuse(cls: type[pytestPDB], method: str, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if cls._config is not config:
            return original(method, *args, **kwargs)
        command = f"unified-test-runner --pdb {shlex.quote(whereabouts())}"
        raise pytest.fail.Exception(
            f"a breakpoint was reached, and there is no debugger without --pdb; run: {command}"
        )

    pytestPDB._init_pdb = classmethod(refuse)  # type: ignore[assignment]
