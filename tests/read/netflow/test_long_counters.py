"""Counters of more octets than numbers have here."""

from types import SimpleNamespace

import pytest
from tests.read.netflow.decoding import decode, pack

KEY = [(8, 4), (12, 4)]


@pytest.mark.parametrize("octets", [8, 9, 12, 16, 100, 0xFFFF])
@pytest.mark.parametrize("element", [1, 2, 85])
def test_what_fits_is_right_and_what_does_not_is_said(
    write: SimpleNamespace, octets: int, element: int
) -> None:
    fields = [*KEY, (element, octets)]
    records = b""
    for size, number in ((max(octets % 0xFFFF, 9), 25_058_321), (9, 2**64 + 7), (100, 2**790 + 7)):
        if octets == 0xFFFF:
            records += pack(KEY, 1, 2) + bytes([size]) + number.to_bytes(size, "big")
        elif number < 1 << 8 * octets:
            records += pack(fields, 1, 2, number)
    count = {8: 1, 9: 2, 12: 2, 16: 2}.get(octets, 3)
    layout = write.flow_set(2, write.template(256, fields))
    rows, tally = decode(write.ipfix(layout, write.flow_set(256, records)))
    column = "packets_forward" if element == 2 else "bytes_forward"
    assert [row[column] for row in rows] == [25_058_321, None, None][:count]
    assert tally.flagged["counter beyond 64 bits"] == count - 1
    assert any("64 bits" in note for note in tally.notes) == (count > 1)


def test_what_stands_behind_a_long_counter_is_right(write: SimpleNamespace) -> None:
    fields = [(1, 0xFFFF), *KEY, (7, 2), (2, 9)]
    record = bytes([11]) + (5).to_bytes(11, "big") + pack(fields[1:], 1, 2, 443, 3)
    layout = write.flow_set(2, write.template(256, fields))
    rows, _ = decode(write.ipfix(layout, write.flow_set(256, record * 2)))
    for row in rows:
        assert (row["bytes_forward"], row["packets_forward"]) == (5, 3)


def test_impossible_counters_of_eight_octets(write: SimpleNamespace) -> None:
    fields = [*KEY, (1, 8)]
    layout = write.flow_set(2, write.template(256, fields))
    data = write.flow_set(256, pack(fields, 1, 2, 2**63))
    rows, tally = decode(write.ipfix(layout, data))
    assert (rows[0]["bytes_forward"], dict(tally.flagged)["impossible counter"]) == (None, 1)
