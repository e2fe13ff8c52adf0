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
        self._secrets: set[str] = set()

    def learn(self, variables: Mapping[str, str]) -> None:
        """Take note of the passwords in a slot's variables: whole values or user-info."""
        for name, value in variables.items():
            if "PASSWORD" in name.upper():
                self._add(value)
            elif "://" in value:
                self._add(_password(value))

    def _add(self, secret: str) -> None:
        if len(secret) >= _SHORTEST:
            self._secrets.update({secret, quote(secret, safe="")})

    def apply(self, text: str) -> str:
        """Return the text with every known secret replaced."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""
