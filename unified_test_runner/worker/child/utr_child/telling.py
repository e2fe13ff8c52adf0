"""What a worker says of its tests: which there are, that one begins, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import record, wire
from .originals import os

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from .channel import Channel
    from .record import Reading

#: What is measured of a test, in the order in which it is sent.
_MEASURED = ("duration_s", "cpu_s", "rss_before_bytes", "rss_after_bytes", "peak_rss_bytes")

#: Stands for the place of a test that is told when it begins.
_NO_PLACE: dict[str, Any] = {"line": -1, "classname": "", "name": ""}


class Teller:
    """Speaks of the tests of one unit at a time.

    Where a test is written is told once for all tests of the unit, so that what is said while
    they run can be short.

    Args:
        channel: leads to the runner.
        root: the project root, from which paths are told.
    """

    def __init__(self, channel: Channel, root: str) -> None:
        self._channel = channel
        self._root = root
        self._ids: list[str] = []
        self._known: dict[int, str] = {}
        self._index = 0
        self._passed = b""

    def collected(self, items: list[pytest.Item], run: range, **about: object) -> None:
        """Tell which tests a unit has, and where those are written that run here.

        Args:
            items: all tests of the unit.
            run: the numbers of those that this worker is to run.
            about: further fields of the message.
        """
        self._ids = [item.nodeid for item in items]
        found = [self._place(items[index]) for index in run]
        path = next((place["path"] for place in found if place), "")
        known = [place if place and place["path"] == path else _NO_PLACE for place in found]
        self._known = {
            index: path for index, place in zip(run, known, strict=True) if place is not _NO_PLACE
        }
        self._channel.send(
            wire.UNIT_COLLECTED,
            ids=self._ids,
            path=path,
            places_from=run.start,
            lines=[place["line"] for place in known],
            classnames=[place["classname"] for place in known],
            names=[place["name"] for place in known],
            **about,
        )
        self._channel.flush()

    def _place(self, item: pytest.Item) -> dict[str, Any] | None:
        """Where a test is written; none where its own class fails to say, until it runs."""
        try:
            return record.place(item, self._root)
        except Exception:  # noqa: BLE001 - whatever a custom item raises
            return None

    def begun(self, index: int, item: pytest.Item) -> str:
        """A test of the unit begins; returns the path of its file, from the project root."""
        limit_s = record.time_limit(item)
        path = self._known.get(index)
        if path is not None and item.nodeid == self._ids[index]:
            after = wire.followed(self._passed, index) if self._passed and not limit_s else b""
            if not after or not self._channel.replace_last(self._passed, after):
                self._channel.send_line(wire.begun(os.getpid(), index, limit_s))
        else:
            place = record.place(item, self._root)
            path = str(place["path"])
            self._channel.send(
                wire.TEST_STARTED, index=index, nodeid=item.nodeid, limit_s=limit_s, **place
            )
        self._channel.flush()
        self._index, self._passed = index, b""
        return path

    def ended(  # noqa: PLR0913 - everything that is known of its end
        self,
        item: pytest.Item,
        phases: list[dict[str, Any]],
        *,
        duration_s: float,
        before: Reading,
        after: Reading,
        printed: Mapping[str, int],
    ) -> None:
        """The running test is over."""
        measured = (
            round(duration_s, 6),
            round(after.cpu_s - before.cpu_s, 6),
            before.rss_bytes,
            after.rss_bytes,
            after.peak_bytes,
        )
        passed = record.passed(phases)
        properties = record.properties(item)
        if passed is not None and not properties and not printed:
            self._passed = wire.passed(os.getpid(), self._index, measured, passed)
            self._channel.send_line(self._passed)
            return
        how = {"phases": phases} if passed is None else {"passed": passed}
        told = dict(zip(_MEASURED, measured, strict=True))
        self._channel.send(wire.TEST_ENDED, **how, **told, **properties, **printed)
