"""What a firewall or router says of packets that it let through or not."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import decode, pack


def one(write: SimpleNamespace, extra: list[tuple[int, int]], *values: int) -> dict[str, Any]:
    fields = [(8, 4), (12, 4), (152, 8), (153, 8), (1, 4), *extra]
    base = write.NOW * 1000
    data = pack(fields, 1, 2, base - 10, base, 100, *values)
    layout = write.flow_set(2, write.template(256, fields))
    rows, _ = decode(write.ipfix(layout, write.flow_set(256, data)))
    return rows[0]


@pytest.mark.parametrize(
    ("status", "denied"),
    [
        (0, None),  # unknown
        (64, False),  # forwarded
        (65, False),  # forwarded in fragments
        (66, False),
        (128, True),  # dropped, no reason
        (129, True),  # by an access list
        (145, True),
        (191, True),
        (192, None),  # consumed: neither
        (195, None),
    ],
)
@pytest.mark.parametrize("octets", [1, 4])
def test_forwarding_status(
    write: SimpleNamespace, *, status: int, denied: bool | None, octets: int
) -> None:
    row = one(write, [(89, octets)], status)
    assert (row["denied"], row["flaws"]) == (denied, "rejected" if denied else None)
    # A router drops what answers as well: its source is not who asked.
    assert row["initiator"] is None


def test_a_status_that_does_not_fit_an_octet_is_unknown(write: SimpleNamespace) -> None:
    assert one(write, [(89, 4)], 0x80000000)["denied"] is None
    assert one(write, [(89, 4)], 0x180)["denied"] is None


@pytest.mark.parametrize(
    ("event", "denied", "initiator"),
    [
        (0, None, None),
        (1, False, None),
        (2, False, None),
        (3, True, "source"),
        (4, None, None),
        (5, False, None),
    ],
)
def test_firewall_events_of_flows_of_one_direction(
    write: SimpleNamespace, *, event: int, denied: bool | None, initiator: str | None
) -> None:
    row = one(write, [(233, 1)], event)
    assert (row["denied"], row["initiator"]) == (denied, initiator)


def test_a_denial_is_stronger_than_forwarding(write: SimpleNamespace) -> None:
    assert one(write, [(233, 1), (89, 1)], 3, 64)["denied"] is True
    assert one(write, [(233, 1), (89, 1)], 1, 130)["denied"] is True


def test_nothing_is_said_where_nothing_is_carried(write: SimpleNamespace) -> None:
    assert one(write, [])["denied"] is None
