"""Suricata's own form of time stamps, read in whole columns, and all others."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.read.suricata.times import microseconds

USUAL = "2024-02-29T23:59:59.999999+0530"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOMENTS = st.datetimes(
    dt.datetime(1960, 1, 1),  # noqa: DTZ001  # hypothesis takes bounds without a zone
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m))),
)


def read(*texts: str | None) -> list[int | None]:
    value, known = microseconds(pa.array(texts, pa.string()))
    return [int(v) if k else None for v, k in zip(value, known, strict=True)]


@settings(max_examples=60, deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=5))
def test_moments(moments: list[dt.datetime]) -> None:
    texts = [m.strftime("%Y-%m-%dT%H:%M:%S.%f%z").zfill(31) for m in moments]
    spans = [(m - EPOCH) // dt.timedelta(microseconds=1) for m in moments]
    wanted = [span if span >= 0 else None for span in spans]
    assert read(*texts) == wanted
    # One of another form sends the whole column the other way.
    assert read(*texts, None) == [*wanted, None]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (USUAL.replace("T", " "), True),
        (USUAL.replace("T", "t"), True),
        (USUAL.replace(".9", ",9"), True),
        (USUAL.replace("+0530", "+05:30"), True),
        (USUAL.replace("+0530", "+05"), True),
        (USUAL.replace("+0530", "z"), True),
        (USUAL.replace("+0530", " +0530"), True),
        (USUAL.replace("+0530", ""), False),
        (USUAL.replace("+0530", "+2030"), False),
        (USUAL.replace("+0530", "+0560"), False),
        (USUAL.replace("+0530", "     "), False),
        (USUAL.replace("59.9", "60.9"), False),
        (USUAL.replace("29T", "30T"), False),
        (USUAL.replace("+", "."), False),
        (USUAL.replace("+0530", "0+053"), False),
        (USUAL[:-1], False),
        (USUAL.replace(".999999", ""), True),
        (USUAL.replace("+0530", "-05:30"), True),
        ("", False),
        ("x" * 31, False),
    ],
)
def test_other_forms(text: str, known: bool) -> None:  # noqa: FBT001  # a case's value
    assert (read(USUAL, text)[1] is not None) == known
    assert (read(text)[0] is not None) == known


def test_no_times_at_all() -> None:
    assert read() == []
