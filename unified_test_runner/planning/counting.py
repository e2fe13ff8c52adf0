"""How many tests a file has at least, by its lines; fast enough for thousands of files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unified_test_runner.planning.pytest_ini import PytestIni


def count_tests(source: bytes, ini: PytestIni) -> int:
    """Return the number of test functions and methods written in `source`.

    Parametrised tests count once and inherited ones not at all, so a run finds this many or
    more. Tests inside `if` and `try`, and classes with bases, are counted by their names.
    """
    lines = re.compile(
        rb"^(?:async +)?def +(?P<function>" + _prefixes(ini.python_functions) + rb")"
        rb"|^class +(?P<test_class>" + _prefixes(ini.python_classes) + rb")\w*"
        rb"|^(?P<other>[^\W\d]|@)"
        rb"|^(?: {1,4}|\t)(?:async +)?def +(?P<method>" + _prefixes(ini.python_functions) + rb")",
        re.MULTILINE,
    )
    count, in_class = 0, False
    for line in lines.finditer(source):
        kind = line.lastgroup
        count += kind == "function" or (kind == "method" and in_class)
        if kind in {"function", "test_class", "other"}:
            in_class = kind == "test_class"
    return count


def _prefixes(patterns: Iterable[str]) -> bytes:
    # A glob is counted by its literal beginning.
    heads = (re.escape(re.split(r"[*?\[]", pattern)[0]) for pattern in patterns)
    return b"(?:" + "|".join(heads).encode() + b")"
