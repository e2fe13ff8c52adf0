"""Keeps generated secrets out of everything the runner shows or stores."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "****"
#: Shorter values are no secrets of ours, and masking them would rewrite ordinary words.
_SHORTEST = 6


class Mask:
    """Replaces known secrets in texts. Nothing else is rewritten."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()

    def learn(self, variables: Mapping[str, str]) -> None:
        """Take note of the passwords in a slot's variables: whole values or user-info."""
        for name, value in variables.items():
            if "PASSWORD" in name.upper():
                self._add(value)
            elif "://" in value:
                written = _password(value)
                self._add(unquote(written), written)

    def _add(self, secret: str, *spellings: str) -> None:
        if len(secret) >= _SHORTEST:
            known = {*self._secrets, secret, quote(secret, safe=""), *spellings}
            # Of two secrets that begin alike the longer one must go first, or its end stays.
            self._secrets = tuple(sorted(known, key=lambda text: (-len(text), text)))

    def apply(self, text: str) -> str:
        """Return the text with every known secret replaced."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


def _password(url: str) -> str:
    """The password as the URL spells it, empty without one."""
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
