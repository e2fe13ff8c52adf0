"""Copies of standard modules, made before any test ran.

A test may replace `os.write` or `time.perf_counter` and forget about it; what this program
calls through here stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    import resource
    import time
else:
    import types

    def _copy(name: str) -> types.SimpleNamespace:
        return types.SimpleNamespace(**vars(__import__(name)))

    os, resource, time = _copy("os"), _copy("resource"), _copy("time")

__all__ = ["os", "resource", "time"]
