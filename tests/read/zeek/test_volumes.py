"""Each side of each row by the best counter that it has, whatever its neighbours have."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.zeek.written import CONN, Row, as_json, as_text, read, row

Write = Callable[[Iterable[Row]], bytes]
NO_IP = {"orig_ip_bytes": None, "resp_ip_bytes": None, "orig_pkts": None, "resp_pkts": None}
forms = pytest.mark.parametrize("write", [as_json, as_text])


def volumes(rows: list[Row]) -> list[tuple[int | None, int | None, str | None]]:
    return [(r["bytes_forward"], r["bytes_reverse"], r["flaws"]) for r in rows]


@forms
@pytest.mark.parametrize("place", [0, 1, 7, 39])
def test_a_row_without_ip_bytes_among_others(write: Write, place: int) -> None:
    rows = [CONN] * 40
    rows[place] = row(**NO_IP)
    found, tally = read(write(rows))
    wanted: list[tuple[int, int, str | None]] = [(1000, 9000, None)] * 40
    wanted[place] = (500, 8000, "payload-bytes")
    assert volumes(found) == wanted
    assert tally.flagged == {"payload-bytes": 1}


@forms
def test_a_row_with_ip_bytes_among_others(write: Write) -> None:
    rows = [row(**NO_IP)] * 40
    rows[7] = CONN
    found, tally = read(write(rows))
    assert volumes(found)[6:8] == [(500, 8000, "payload-bytes"), (1000, 9000, None)]
    assert tally.flagged == {"payload-bytes": 39}


@forms
def test_each_side_by_itself(write: Write) -> None:
    rows = [
        row(orig_ip_bytes=None),
        row(resp_ip_bytes=None),
        row(orig_ip_bytes=None, orig_bytes=None),
        row(**NO_IP, orig_bytes=None, resp_bytes=None),
        row(orig_ip_bytes=0, orig_bytes=7),
    ]
    found, _ = read(write(rows))
    assert volumes(found) == [
        (500, 9000, "payload-bytes"),
        (1000, 8000, "payload-bytes"),
        (None, 9000, None),
        (None, None, None),
        (0, 9000, None),
    ]


@forms
@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        # A gap that the history tells of.
        ({"history": "ShADadgFf"}, (500, 7000, "missed-bytes,payload-bytes")),
        ({"history": "^hADadgFf"}, (500, 7000, "missed-bytes,payload-bytes")),
        ({"history": "ShAdDGFf", "orig_bytes": 5000}, (4000, 8000, "missed-bytes,payload-bytes")),
        # A side that sent nothing can have lost nothing.
        ({"orig_bytes": 0}, (0, 7000, "missed-bytes,payload-bytes")),
        ({"resp_bytes": 0, "orig_bytes": 1000}, (0, 0, "missed-bytes,payload-bytes")),
        # Of which side is not said.
        ({}, (None, None, "missed-bytes")),
        ({"history": None}, (None, None, "missed-bytes")),
        ({"history": "ShADGdagFf"}, (None, None, "missed-bytes")),
        ({"history": "ShADag^Ff"}, (None, None, "missed-bytes")),
        ({"orig_bytes": None}, (None, None, "missed-bytes")),
        # More than there was: then the sequence numbers are none.
        ({"history": "ShADadgFf", "resp_bytes": 900}, (500, None, "missed-bytes,payload-bytes")),
    ],
)
def test_missed_bytes_are_no_volume(
    write: Write, values: Row, wanted: tuple[int | None, int | None, str]
) -> None:
    found, tally = read(write([CONN, row(**NO_IP | values, missed_bytes=1000), CONN]))
    assert volumes(found) == [(1000, 9000, None), wanted, (1000, 9000, None)]
    assert tally.flagged == dict.fromkeys(wanted[2].split(","), 1)


@forms
def test_ip_bytes_do_not_hold_what_was_missed(write: Write) -> None:
    found, tally = read(write([row(missed_bytes=1000)]))
    assert volumes(found) == [(1000, 9000, "missed-bytes")]
    assert tally.flagged == {"missed-bytes": 1}


@forms
def test_missed_bytes_where_one_side_has_ip_bytes(write: Write) -> None:
    known = row(resp_ip_bytes=None, missed_bytes=1000, history="ShADadgFf")
    other = row(resp_ip_bytes=None, missed_bytes=1000, history="ShADGadFf")
    untold = row(resp_ip_bytes=None, missed_bytes=1000)
    found, _ = read(write([known, other, untold]))
    assert volumes(found) == [
        (1000, 7000, "missed-bytes,payload-bytes"),
        (1000, 8000, "missed-bytes,payload-bytes"),
        (1000, None, "missed-bytes"),
    ]


@forms
def test_a_bad_number_that_is_not_needed_costs_nothing(write: Write) -> None:
    found, tally = read(write([row(orig_bytes="x"), row(**NO_IP), row(**NO_IP, orig_bytes="x")]))
    assert volumes(found) == [(1000, 9000, None), (500, 8000, "payload-bytes")]
    assert tally.skipped == {"bad number": 1}


COUNTS = st.none() | st.integers(0, 10**6)
ROWS = st.builds(
    row,
    **{f"{side}_{kind}": COUNTS for side in ("orig", "resp") for kind in ("bytes", "ip_bytes")},
    missed_bytes=st.sampled_from([0, 5, None]),
    history=st.sampled_from(["ShADad", "ShADadg", "SGhADad", "gG", None]),
)


@settings(deadline=None, max_examples=20)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_no_row_depends_on_its_neighbours(rows: list[Row]) -> None:
    alone = [volumes(read(as_json([r]))[0])[0] for r in rows]
    assert volumes(read(as_json(rows))[0]) == alone
    assert volumes(read(as_text(rows))[0]) == alone
