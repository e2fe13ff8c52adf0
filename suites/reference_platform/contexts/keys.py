"""Names of keys in Redis, which has no notion of a user.

The user id is encoded so that nothing in it can act as separator or glob: "a:b" and
"a" with key "b:…" stay apart, and the user "*" matches nobody but itself.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_GLOB = re.compile(r"([*?\[\]\\^-])")


class KeySpace:
    """All keys of one user, and no other's."""

    __slots__ = ("_prefix",)

    def __init__(self, user_id: str) -> None:
        self._prefix = f"user:{quote(user_id, safe='')}:"

    def key(self, name: str) -> str:
        return self._prefix + name

    def name(self, key: str) -> str:
        return key[len(self._prefix) :]

    def pattern(self, name_prefix: str = "") -> str:
        """A SCAN pattern for the names that begin so, taken literally."""
        return escaped(self.key(name_prefix)) + "*"


def escaped(text: str) -> str:
    return _GLOB.sub(r"\\\1", text)
