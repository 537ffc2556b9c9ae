from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cogx.format.timestamps import UnreadableTimestamp, format_timestamp, parse_timestamp

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment", "codes"),
    [
        ("2026-01-02T12:00:00Z", NOON, ()),
        ("2026-01-02t12:00z", NOON, ()),
        ("2026-01-02 13:00:00 +01", NOON, ()),
        ("2026-01-02T12:00:00", NOON, ("time.naive",)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC), ("time.naive",)),
        ("2026-01-02T12:00:00.0000009Z", NOON, ("time.precision",)),
        ("2026-01-02T12:00:00.0000000Z", NOON, ()),
        (1767355200, NOON, ("time.numeric",)),
        (1767355200_000, NOON, ("time.numeric",)),
        (1767355200_000_000, NOON, ("time.numeric",)),
        (1767355200_000_000_000, NOON, ("time.numeric",)),
        ("1767355200.0", NOON, ("time.numeric",)),
    ],
)
def test_a_timestamp_is_read(
    value: str | int | float, moment: datetime, codes: tuple[str, ...]
) -> None:
    assert parse_timestamp(value) == (moment, codes)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2026-02-30",
        "2026-01-02T24:00:00Z",
        "2026-01-02T12:00:00+24:00",
        "\u0662026-01-02",
        "0001-01-01T00:00:00+01:00",
        "2026-01-02\n",
        "2026-01-02T12:00:00\tZ",
        "1e9",
    ],
)
def test_other_texts_are_unreadable(value: str) -> None:
    with pytest.raises(UnreadableTimestamp):
        parse_timestamp(value)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 10**400])
def test_numbers_out_of_range_are_unreadable(value: float) -> None:
    with pytest.raises(UnreadableTimestamp):
        parse_timestamp(value)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-01-02T12:00:00Z"),
        (NOON.replace(tzinfo=None), "2026-01-02T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-02T12:00:00Z"),
        (NOON.replace(microsecond=10), "2026-01-02T12:00:00.000010Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_output_is_utc_with_z(moment: datetime, text: str) -> None:
    assert format_timestamp(moment) == text
