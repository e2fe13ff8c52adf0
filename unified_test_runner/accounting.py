"""Where the wall time went: what each slot was busy with, integrated over the run. Pure."""

from __future__ import annotations

import enum

from unified_test_runner.events import WallTime


class Activity(enum.Enum):
    """What a slot is doing."""

    SERVICES = "services"
    STARTUP = "startup"
    COLLECTION = "collection"
    TESTS = "tests"
    IDLE = "idle"
    SHUTDOWN = "shutdown"


class WallClock:
    """Adds up the seconds each slot spends on each activity.

    Args:
        slots: number of slots; all begin with start-up.
        now: seconds on the run's clock.
    """

    def __init__(self, slots: int, now: float) -> None:
        self._began = now
        self._doing = [(Activity.STARTUP, now)] * max(slots, 1)
        self._spent = dict.fromkeys(Activity, 0.0)

    def turn(self, slot: int, activity: Activity, now: float) -> None:
        """The slot stops what it did and does something else from now on."""
        before, since = self._doing[slot]
        self._spent[before] += now - since
        self._doing[slot] = (activity, now)

    def split(self, now: float) -> WallTime:
        """Return the average over all slots; the parts add up to the time since the start."""
        spent = dict(self._spent)
        for activity, since in self._doing:
            spent[activity] += now - since
        slots = len(self._doing)
        share = {activity.value: seconds / slots for activity, seconds in spent.items()}
        return WallTime(**{f"{name}_s": seconds for name, seconds in share.items()})
