"""Times in all forms of ISO 8601 that logs have, against the standard library."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.read.iso import moments
from folkways.read.numbers import times

TEN = 1_709_287_200_000_000_000  # 2024-03-01 10:00 UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))


@pytest.mark.parametrize(
    ("text", "nanoseconds", "zoned"),
    [
        ("2024-03-01T10:00:00Z", TEN, True),
        ("2024-03-01t10:00:00z", TEN, True),
        ("2024-03-01 10:00:00 UTC", TEN, True),
        ("2024-03-01T11:00:00+01:00", TEN, True),
        ("2024-03-01T11:00:00+0100", TEN, True),
        ("2024-03-01T11:00:00+01", TEN, True),
        ("2024-03-01 04:30:00 -05:30", TEN, True),
        ("2024-03-01T10:00Z", TEN, True),
        ("2024-03-01T10:00:00,25Z", TEN + 250_000_000, True),
        ("2024-03-01T10:00:00.2500000000000Z", TEN + 250_000_000, True),
        ("2024-03-01T10:00:00", TEN, False),
        ("2024-03-01 10:00", TEN, False),
        ("2024-02-30T10:00:00Z", None, False),
        ("2024-03-01T10:00:60Z", None, False),
        ("2024-03-01T25:00:00Z", None, False),
        ("2024-03-01T10:00:00+01:60", None, False),
        ("2024-03-01T10:00:00+1", None, False),
        ("2024-03-01T10:00:00.Z", None, False),
        ("1969-12-31T23:59:59Z", None, False),
        ("1970-01-01T00:00:00+01:00", None, False),
        ("2262-04-12T00:00:00Z", None, False),
        ("9999-12-31T00:00:00Z", None, False),
        ("2024-03-01", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_forms(text: str | None, nanoseconds: int | None, zoned: bool) -> None:  # noqa: FBT001  # a case's value
    # A neighbour that is bad must not change what a good one says, nor the other way round.
    for texts in ([text], ["x", text, None, "2024-03-01T10:00:00Z"]):
        found = moments(pa.array(texts, pa.string()))
        place = texts.index(text)
        value = int(found.nanoseconds[place]) if found.known[place] else None
        assert value == nanoseconds
        assert found.zoned[place] == zoned


@settings(deadline=None)
@given(
    st.lists(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2200, 1, 1), timezones=ZONES)),  # noqa: DTZ001  # hypothesis takes bounds without a zone
    st.sampled_from("Tt "),
    st.sampled_from(".,"),
)
def test_moments_are_those_of_the_standard_library(
    given_moments: list[dt.datetime], separator: str, point: str
) -> None:
    texts = [
        m.isoformat(separator, timespec="microseconds").replace(".", point) for m in given_moments
    ]
    found = moments(pa.array(texts, pa.string()))
    wanted = [(m - EPOCH) // dt.timedelta(microseconds=1) * 1000 for m in given_moments]
    assert found.nanoseconds.tolist() == wanted
    assert found.zoned.all()


def test_units_are_rounded_down_and_zones_kept_apart() -> None:
    found = moments(pa.array(["2024-03-01T10:00:00.9999999Z", "2024-03-01T10:00:00", "x"]))
    assert found.column(zoned=True, unit=1_000_000).to_pylist() == [TEN // 10**6 + 999, None, None]
    assert found.column(zoned=False, unit=10**9).to_pylist() == [None, TEN // 10**9, None]


def test_times_without_an_offset_are_in_utc_where_the_format_says_so() -> None:
    value, known = times(pa.array(["2024-03-01T11:00:00+0100", "2024-03-01 10:00:00,0", "1.5"]))
    assert np.array_equal(value, [TEN, TEN, 1_500_000_000])
    assert known.all()
