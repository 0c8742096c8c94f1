"""Totals that repeat, and a firewall's reports of one connection: each octet counts once."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.read.netflow.decoding import A, decode, pack

from folkways.model.addresses import address_to_text
from folkways.read.netflow import running as running_module
from folkways.read.netflow.running import Running

TOTALS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (152, 8), (153, 8), (85, 8), (86, 8)]
NSEL = [
    *((148, 4), (8, 4), (7, 2), (12, 4), (11, 2), (4, 1), (225, 4), (227, 2), (226, 4), (228, 2)),
    *((233, 1), (33002, 2), (323, 8), (152, 8), (231, 4), (232, 4)),
]
CREATED, DELETED, DENIED, UPDATED = 1, 2, 3, 5


def totals(
    write: SimpleNamespace, *flows: tuple[int, int, int, int], number: int = 0, domain: int = 7
) -> bytes:
    """A packet of (source port, seconds of the start and end, octets)."""
    base = write.NOW * 1000
    records = b"".join(
        pack(
            TOTALS, 1, 2, port, 443, 6, base + 1000 * start, base + 1000 * end, octets, octets // 9
        )
        for port, start, end, octets in flows
    )
    layout = write.flow_set(2, write.template(256, TOTALS))
    now = write.NOW + max(end for _, _, end, _ in flows)
    return bytes(
        write.ipfix(layout, write.flow_set(256, records), sequence=number, now=now, domain=domain)
    )


def seen(rows: list[dict[str, Any]], write: SimpleNamespace) -> list[tuple[int, int, int, int]]:
    base = write.NOW * 1000
    return [
        (
            row["source_port"],
            (row["start_ms"] - base) // 1000,
            (row["end_ms"] - base) // 1000,
            row["bytes_forward"],
        )
        for row in rows
    ]


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_totals_are_differenced_flow_by_flow(write: SimpleNamespace, batch_rows: int) -> None:
    rows, tally = decode(
        totals(write, (1, 0, 60, 900), (2, 10, 60, 50), number=0),
        totals(write, (1, 0, 120, 1500), number=2),
        totals(write, (2, 10, 120, 50), (3, 100, 120, 7), number=3),
        totals(write, (1, 0, 180, 1500), (1, 150, 180, 80), number=5),
        totals(write, (1, 0, 240, 2000), number=7),
        batch_rows=batch_rows,
    )
    assert seen(rows, write) == [
        (1, 0, 60, 900),
        (2, 10, 60, 50),
        (1, 60, 120, 600),
        (3, 100, 120, 7),
        (1, 150, 180, 80),  # the same ports, but another start: a flow of its own
        (1, 180, 240, 500),
    ]
    assert tally.skipped == {"report of a flow without new traffic": 2}
    assert all(row["flaws"] is None for row in rows)
    assert tally.gaps == []


def test_a_total_below_the_last_is_a_new_flow(write: SimpleNamespace) -> None:
    rows, _ = decode(
        totals(write, (1, 0, 60, 900)),
        totals(write, (1, 0, 90, 100), number=1),
        totals(write, (1, 0, 99, 300), number=2),
    )
    assert [row["bytes_forward"] for row in rows] == [900, 100, 200]


def test_domains_and_exporters_have_flows_of_their_own(write: SimpleNamespace) -> None:
    one = totals(write, (1, 0, 60, 900))
    rows, _ = decode(one, totals(write, (1, 0, 60, 900), domain=8), (one, ("192.0.2.2", 2055)))
    assert [row["bytes_forward"] for row in rows] == [900, 900, 900]


def test_what_was_forgotten_is_flagged(
    write: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "MAX_FLOWS", 8)
    flows = [(port, 0, 60, 100) for port in range(12)]
    later = [(port, 0, 120, 150) for port in range(12)]
    rows, tally = decode(
        totals(write, *flows),
        totals(write, *later, (99, 90, 120, 5), number=12),
        batch_rows=1,
    )
    unsure = [row for row in rows if row["flaws"] == "total-counters"]
    assert sum(row["bytes_forward"] == 150 for row in rows) == len(unsure) > 0
    assert tally.flagged["totals of a flow forgotten"] > 0
    assert tally.flagged["total-counters"] == len(unsure)
    assert rows[-1]["flaws"] is None


def test_flows_without_a_time_cannot_be_told_apart(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (85, 8)]
    layout = write.flow_set(2, write.template(256, fields))
    fed = [
        write.ipfix(layout, write.flow_set(256, pack(fields, 1, 2, n)), sequence=i)
        for i, n in enumerate((500, 700))
    ]
    rows, tally = decode(*fed)
    assert [(row["bytes_forward"], row["flaws"]) for row in rows] == [
        (500, "total-counters"),
        (700, "total-counters"),
    ]
    assert tally.flagged["total-counters"] == 2


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_differences_sum_to_the_last_totals(size: int) -> None:
    chosen = random.Random(size)  # noqa: S311  # the same each time, and no secret
    flows = 40
    last = np.zeros((flows, 2), np.int64)
    table = Running(2)
    summed = np.zeros((flows, 2), np.int64)
    for _ in range(30):
        keys = np.array([chosen.randrange(flows) for _ in range(size)])
        rows = []
        for key in keys:
            last[key] += [chosen.randrange(1000), chosen.randrange(3)]
            rows.append(last[key].copy())
        added, since = table.differences(
            keys.astype(np.uint64) * 77, np.array(rows), np.arange(size)
        )
        np.add.at(summed, keys, added)
        assert (added >= 0).all()
        assert len(since) == size
    assert (summed == last).all()


def nsel(
    write: SimpleNamespace, *events: tuple[int, ...], number: int = 0, begun: bool = True
) -> bytes:
    """A packet of (connection, event, seconds of the event, octets of initiator and responder)."""
    base = write.NOW * 1000
    records = b"".join(
        pack(
            NSEL,
            *(connection, 0x0A000001, 1000 + connection, 0x0A000002, 443, 6),
            *(0xC0000201, 40_000 + connection, 0x0A000002, 443),
            *(event, 0, base + 1000 * second, base * begun, initiator, responder),
        )
        for connection, event, second, initiator, responder in events
    )
    sets = write.flow_set(0, write.template(263, NSEL)), write.flow_set(263, records)
    return bytes(write.v9(*sets, sequence=number, now=write.NOW + 600))


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_a_firewall_s_connection_counts_once(write: SimpleNamespace, batch_rows: int) -> None:
    rows, tally = decode(
        nsel(write, (1, CREATED, 0, 0, 0), (2, CREATED, 1, 0, 0)),
        nsel(write, (1, UPDATED, 60, 2557, 1117), number=1),
        nsel(write, (2, DELETED, 70, 300, 4000), (1, UPDATED, 120, 31, 0), number=2),
        nsel(write, (1, UPDATED, 150, 12, 13), (1, DELETED, 150, 2600, 1130), number=3),
        nsel(write, (3, DENIED, 200, 0, 0), number=4),
        batch_rows=batch_rows,
    )
    by_port: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        by_port.setdefault(row["source_port"], []).append(
            (row["bytes_forward"], row["bytes_reverse"])
        )
    assert by_port == {1001: [(2557, 1117), (31, 0), (12, 13)], 1002: [(300, 4000)], 1003: [(0, 0)]}
    assert tally.skipped == {
        "firewall event without traffic": 2,
        "report of a flow without new traffic": 1,
    }
    spans = [
        ((row["start_ms"] - write.NOW * 1000) // 1000, (row["end_ms"] - write.NOW * 1000) // 1000)
        for row in rows
        if row["source_port"] == 1001
    ]
    assert spans == [(0, 60), (60, 120), (120, 150)]
    denied = rows[-1]
    assert denied["flaws"] == "rejected,payload-bytes"
    assert {row["initiator"] for row in rows} == {"source"}
    assert address_to_text(rows[0]["translated_source_address"]) == "192.0.2.1"
    assert rows[0]["translated_source_port"] == 40_001
    assert rows[0]["translated_destination_address"] is None
    assert rows[0]["translated_destination_port"] is None


def test_a_firewall_that_does_not_tell_when_it_began(write: SimpleNamespace) -> None:
    rows, _ = decode(
        nsel(write, (1, UPDATED, 60, 2557, 1117), begun=False),
        nsel(write, (1, UPDATED, 120, 31, 0), number=1, begun=False),
        nsel(write, (1, DELETED, 150, 2600, 1130), number=2, begun=False),
    )
    base = write.NOW * 1000
    assert [
        (row["start_ms"] - base, row["end_ms"] - base, row["bytes_forward"]) for row in rows
    ] == [(60_000, 60_000, 2557), (60_000, 120_000, 31), (120_000, 150_000, 12)]


def test_a_firewall_whose_updates_told_more_than_its_end(write: SimpleNamespace) -> None:
    rows, _ = decode(
        nsel(write, (1, UPDATED, 60, 2557, 1117)),
        nsel(write, (1, DELETED, 150, 2500, 1200), number=1),
    )
    assert sum(row["bytes_forward"] for row in rows) == 2557
    assert sum(row["bytes_reverse"] for row in rows) == 1200


def test_updates_that_come_behind_the_end_count_once_in_a_batch(write: SimpleNamespace) -> None:
    rows, _ = decode(
        nsel(write, (1, DELETED, 150, 100, 200)),
        nsel(write, (1, UPDATED, 60, 40, 50), number=1),
    )
    assert sum(row["bytes_forward"] for row in rows) == 100
    assert sum(row["bytes_reverse"] for row in rows) == 200


def test_deltas_of_other_firewalls_are_all_counted(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (233, 1), (1, 4), (2, 4), (152, 8), (153, 8)]
    base = write.NOW * 1000
    records = b"".join(
        pack(fields, 1, 2, event, octets, 1, base, base + second)
        for event, octets, second in ((CREATED, 0, 0), (UPDATED, 70, 9), (DELETED, 30, 12))
    )
    rows, _ = decode(
        (
            write.ipfix(
                write.flow_set(2, write.template(256, fields)), write.flow_set(256, records)
            ),
            A,
        )
    )
    assert [row["bytes_forward"] for row in rows] == [70, 30]


def test_numbers_of_older_firewalls(write: SimpleNamespace) -> None:
    fields = [(148, 4), (8, 4), (7, 2), (12, 4), (11, 2), (4, 1), (40_001, 4), (40_003, 2)]
    fields += [(40_005, 1), (323, 8), (85, 4)]
    data = b"".join(
        pack(fields, 1, 1, 1000, 2, 443, 6, 3, 4000, event, write.NOW * 1000, octets)
        for event, octets in ((CREATED, 0), (DELETED, 900))
    )
    sets = write.flow_set(0, write.template(263, fields)), write.flow_set(263, data)
    rows, tally = decode(write.v9(*sets))
    assert [(row["bytes_forward"], row["translated_source_port"]) for row in rows] == [(900, 4000)]
    assert tally.skipped == {"firewall event without traffic": 1}


@pytest.mark.external
def test_a_real_firewall_s_connections_count_once(shared_data: Path) -> None:
    """Each connection that ends was told by an update at that moment and by its deletion."""
    folder = shared_data / "exports" / "logstash_codec_netflow"
    names = "tpl_26x", "tpl_27x", "data"
    packets = [(folder / f"netflow9_test_cisco_asa_2_{name}.dat").read_bytes() for name in names]
    rows, tally = decode(*packets)
    connections = {(row["source_port"], row["start_ms"]) for row in rows}
    assert len(rows) == len(connections) == 8
    assert tally.skipped == {
        "report of a flow without new traffic": 7,
        "firewall event without traffic": 4,
    }
    assert tally.records == len(rows) + sum(tally.skipped.values())
