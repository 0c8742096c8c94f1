"""Argus's binetflow, field by field against the csv module."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkways.model.addresses import address_from_text
from folkways.model.errors import FormatError

ZONE = "Europe/Prague"
MAPPING = f'name = "own"\npreset = "argus"\nzone = "{ZONE}"\n'
PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "igmp": 2, "ipv6-icmp": 58}
BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
FILES = {
    "test2-malicious.binetflow": (",", 6751),
    "test4-malicious.binetflow": (",", 392),
    "test5-mixed.binetflow": ("\t", 296),
}


def expected(row: dict[str, str]) -> dict[str, Any]:
    """One row of binetflow by hand."""
    local = dt.datetime.fromisoformat(row["StartTime"].replace("/", "-"))
    start = int(local.replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1000 + 1e-4)
    total, forward = int(row["TotBytes"]), int(row["SrcBytes"])
    packets, sent = int(row["TotPkts"]), int(row["SrcPkts"]) if row.get("SrcPkts") else None
    if sent is None and total == forward:
        sent = packets
    flags: list[int | None] = [None, None]
    if "_" in row["State"]:
        parts = row["State"].split("_")
        flags = [sum(BITS[letter] for letter in part) or None for part in parts]
    ported = row["Proto"] in {"tcp", "udp"}
    return {
        "start_ms": start,
        "end_ms": start + int(row["Dur"].replace(".", "")) // 1000,
        "source_address": address_from_text(row["SrcAddr"]),
        "destination_address": address_from_text(row["DstAddr"]),
        "protocol": PROTOCOLS[row["Proto"]],
        "source_port": int(row["Sport"]) if ported else None,
        "destination_port": int(row["Dport"]) if ported else None,
        "initiator": {"->": "source", "<-": "destination"}.get(row["Dir"].strip()),
        "bytes_forward": forward,
        "bytes_reverse": total - forward,
        "packets_forward": sent,
        "packets_reverse": None if sent is None else packets - sent,
        "tcp_flags_forward": flags[0],
        "tcp_flags_reverse": flags[1],
        "flaws": "frame-bytes",
        "begins": None,
        "sampling": None,
    }


@pytest.mark.external
@pytest.mark.parametrize("name", FILES)
def test_every_field_of_real_files(
    shared_data: Path, name: str, read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    path = shared_data / "exports/slips" / name
    delimiter, count = FILES[name]
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=delimiter))
    used = [row for row in rows if row["Proto"] in PROTOCOLS]
    found, tally = read(path, write(MAPPING, "own.toml"))
    assert len(found) == len(used) == count
    wanted = [expected(row) for row in used]
    assert [{key: row[key] for key in wanted[0]} for row in found] == wanted
    total = sum(row["bytes_forward"] + row["bytes_reverse"] for row in found)
    assert total == sum(int(row["TotBytes"]) for row in used)
    left_out = Counter(row["Proto"] for row in rows if row["Proto"] not in PROTOCOLS)
    assert tally.skipped == {f"left out: Proto is {p}": n for p, n in left_out.items()}
    assert not tally.flagged
    assert tally.records == tally.versions["mapping own"] == len(rows)


@pytest.mark.external
def test_local_times_are_not_guessed(
    shared_data: Path, read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    path = shared_data / "exports/slips/test2-malicious.binetflow"
    with pytest.raises(FormatError, match=r'argus has local times.*preset = "argus"'):
        read(path)
    with pytest.raises(FormatError, match=r"own has local times.*say in it zone"):
        read(path, write('name = "own"\npreset = "argus"\n', "own.toml"))


def test_times_as_numbers_need_no_zone_and_who_opened_is_told_by_the_arrow(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    head = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,TotPkts,TotBytes,SrcBytes\n"
    row = "1554387780.325010,0.5,tcp,192.0.2.1,1024,   {},198.51.100.1,80,S_SA,{},{},{}\n"
    text = head + "".join(
        row.format(*values)
        for values in [("->", 2, 120, 60), ("<-", 9, 0, 0), ("?>", 1, 60, 61), ("=>", 1, "x", 60)]
    )
    found, tally = read(write(text))
    assert [r["initiator"] for r in found] == ["source", "destination", None, None]
    assert (found[0]["start_ms"], found[0]["end_ms"]) == (1554387780325, 1554387780825)
    assert [(r["bytes_forward"], r["bytes_reverse"]) for r in found] == [
        (60, 60),
        (0, 0),
        (61, None),
        (60, None),
    ]
    # Two packets, of which way is not said; nine of which no way can be: 0 bytes each.
    assert (found[0]["packets_forward"], found[0]["packets_reverse"]) == (None, None)
    assert (found[0]["tcp_flags_forward"], found[0]["tcp_flags_reverse"]) == (2, 18)
    assert tally.flagged == {
        "bad value: opener": 1,
        "bad value: bytes_total": 1,
        "bad value: bytes of one way exceed the total": 1,
    }


def test_the_overhead_of_frames_is_taken_off_where_packets_are_known(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    head = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,TotBytes,SrcBytes,SrcPkts,DstPkts\n"
    row = "1554387780,0,tcp,192.0.2.1,1024,->,198.51.100.1,80,{},{},{},{}\n"
    text = head + row.format(300, 200, 2, 1) + row.format(300, 200, 2, "") + row.format(9, 9, 1, 0)
    mapping = write(MAPPING + "frame_overhead = 14\n", "own.toml")
    found, _ = read(write(text), mapping)
    assert [(r["bytes_forward"], r["bytes_reverse"], r["flaws"]) for r in found] == [
        (172, 86, None),
        (172, 100, "frame-bytes"),
        (9, 0, "frame-bytes"),
    ]
