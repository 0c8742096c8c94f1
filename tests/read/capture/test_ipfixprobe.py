"""Packet-to-flow arithmetic against ipfixprobe's own outputs; see tests/cases/capture."""

import csv
import tomllib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from folkways.model.addresses import address_from_text

Read = Callable[..., SimpleNamespace]
CASES = Path(__file__).parents[2] / "cases" / "capture" / "ipfixprobe_differences.toml"
OUTPUTS: dict[str, dict[str, str]] = tomllib.loads(CASES.read_text(encoding="utf-8"))
# ipfixprobe's defaults.
TIMEOUTS = {"active_timeout_s": 300, "idle_timeout_s": 65}


def milliseconds(text: str) -> int:
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(time.timestamp()) * 1000 + time.microsecond // 1000


def their_flows(path: Path) -> Counter[tuple[Any, ...]]:
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    # The lines are sorted, so that the one with the names stands anywhere.
    head = next(line for line in lines if line[0].startswith("ipaddr"))
    names = [column.split()[1] for column in head]
    rows = [dict(zip(names, line, strict=True)) for line in lines if line is not head]
    return Counter(
        (
            (address_from_text(r["SRC_IP"]), int(r["SRC_PORT"])),
            (address_from_text(r["DST_IP"]), int(r["DST_PORT"])),
            int(r["PROTOCOL"]),
            *(
                (int(r[f"BYTES{way}"]), int(r[f"PACKETS{way}"]), int(r[f"TCP_FLAGS{way}"]))
                for way in ("", "_REV")
            ),
            milliseconds(r["TIME_FIRST"]),
            milliseconds(r["TIME_LAST"]),
        )
        for r in rows
    )


def our_flows(found: SimpleNamespace) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            (r["source_address"], r["source_port"] or 0),
            (r["destination_address"], r["destination_port"] or 0),
            r["protocol"],
            *(
                (r[f"bytes_{way}"], r[f"packets_{way}"], r[f"tcp_flags_{way}"] or 0)
                for way in ("forward", "reverse")
            ),
            r["start_ms"],
            r["end_ms"],
        )
        for r in found.rows
    )


def sums(flows: Counter[tuple[Any, ...]]) -> dict[Any, Counter[Any]]:
    """Bytes and packets by the flow's ends and by who sent them."""
    total: dict[Any, Counter[Any]] = {}
    for (source, destination, protocol, out, back, *_), times in flows.items():
        count = total.setdefault((frozenset([source, destination]), protocol), Counter())
        for end, (octets, packets, _flags) in ((source, out), (destination, back)):
            count[end, "bytes"] += octets * times
            count[end, "packets"] += packets * times
    return total


@pytest.mark.external
@pytest.mark.parametrize("output", OUTPUTS)
def test_flows_are_those_of_ipfixprobe(shared_data: Path, read: Read, output: str) -> None:
    case = OUTPUTS[output]
    folder = shared_data / "captures" / "ipfixprobe"
    found = read(folder / "inputs" / f"{case.get('capture', output)}.pcap", **TIMEOUTS)
    ours, theirs = our_flows(found), their_flows(folder / "outputs" / output)
    assert theirs
    if case["compare"] == "equal":
        assert ours == theirs
    elif case["compare"] == "named":
        assert theirs.keys() <= ours.keys()
        assert ours != theirs  # else the reason is no longer one
    else:
        our_sums, their_sums = sums(ours), sums(theirs)
        assert {key: our_sums.get(key) for key in their_sums} == their_sums
        assert not theirs.keys() <= ours.keys()
