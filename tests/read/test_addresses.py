"""Columns of text addresses, held against the standard library, value by value."""

import ipaddress

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import MAPPED_PREFIX
from folkways.read.addresses import addresses


def wanted(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        packed = ipaddress.ip_address(text).packed
    except ValueError:
        return None
    return packed if len(packed) == 16 else MAPPED_PREFIX + packed


def found(texts: list[str | None]) -> list[bytes | None]:
    values: list[bytes | None] = addresses(pa.array(texts, pa.string())).to_pylist()
    return values


@pytest.mark.parametrize(
    "texts",
    [
        ["1.2.3.4"],
        ["::ffff:1.2.3.4"],
        ["::FFFF:1.2.3.4"],
        ["1.2.3.4", "::ffff:1.2.3.4"],
        ["64:ff9b::1.2.3.4"],
        ["::ffff:1.2.3.4", None, "2001:db8::1"],
        ["::ffff:1.2.3.400", "::ffff:01.2.3.4", "::ffff:1.2.3", "::ffff:1..2.3"],
    ],
)
def test_every_way_to_write_an_address(texts: list[str | None]) -> None:
    assert found(texts) == [wanted(text) for text in texts]


ODD = ["", "-", "a.b.c.d", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:5", "::", ":::", "::ffff:"]
TEXTS = st.one_of(
    st.none(),
    st.sampled_from(ODD),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.ip_addresses(v=4).map(lambda address: f"64:ff9b::{address}"),
)


@given(st.lists(TEXTS, max_size=12))
def test_a_value_does_not_depend_on_its_column(texts: list[str | None]) -> None:
    assert found(texts) == [wanted(text) for text in texts]


DOTTED = [f"{n % 250}.{n % 7}.{n // 250 % 256}.{n % 251}" for n in range(20_000)]


@pytest.mark.parametrize("odd", [None, *ODD, "2001:db8::1", "::ffff:1.2.3.4", "1.2.3.04"])
@pytest.mark.parametrize("distinct", [50, 20_000])
def test_long_columns_of_few_and_of_many_distinct_values(odd: str | None, distinct: int) -> None:
    texts: list[str | None] = [DOTTED[n % distinct] for n in range(20_000)]
    texts[9_999] = odd
    assert found(texts) == [wanted(text) for text in texts]


def test_dots_that_only_in_sum_are_three_a_text() -> None:
    texts: list[str | None] = ["1.2.3.4.5", "1.2.3", "1.2.3.4"]
    assert found(texts) == [None, None, wanted("1.2.3.4")]


def test_a_slice_of_a_column() -> None:
    column = pa.array(DOTTED, pa.string()).slice(7, 10_001)
    assert addresses(column).to_pylist() == [wanted(text) for text in DOTTED[7:10_008]]
