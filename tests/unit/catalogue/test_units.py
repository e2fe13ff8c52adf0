from __future__ import annotations

import pytest

from unified_test_runner.catalogue.units import parse_duration, parse_size

DURATIONS = [("60s", 60), ("1.5m", 90), ("250ms", 0.25), ("2h", 7200), (" 3 s ", 3)]
SIZES = [("512MiB", 512 << 20), ("1KiB", 1024), ("2GB", 2 * 10**9), ("1.5GiB", 3 << 29), ("7B", 7)]


@pytest.mark.parametrize(("text", "seconds"), DURATIONS)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["60", "", "s", "1.5", "-3s", "3 days", "1e3s", "٣s", "60S", "nan"]
)
def test_what_is_no_duration_is_refused_with_its_units(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration such as 60s .*\(units: ms, s, m, h\)"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["512", "512M", "mib", "1 MIB", "-1B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 512MiB"):
        parse_size(text)
