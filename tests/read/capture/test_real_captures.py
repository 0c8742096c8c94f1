"""All captures of nDPI, Zeek and ipfixprobe: no crash, every packet counted, sums as tshark's."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from folkways.model.addresses import address_from_text

Read = Callable[..., SimpleNamespace]
ENDED = ("cut record", "damaged record", "cut compressed stream")


def captures(shared_data: Path) -> list[Path]:
    folder = shared_data / "captures"
    parts = ("ndpi/pcap", "zeek/traces", "ipfixprobe/inputs")
    return sorted(p for part in parts for p in (folder / part).rglob("*") if p.is_file())


@pytest.mark.external
def test_every_packet_of_every_capture_is_counted(
    shared_data: Path, read: Read, tool: Callable[[str], str]
) -> None:
    paths = captures(shared_data)
    assert len([p for p in paths if "ndpi" in p.parts]) >= 348
    # Captures cut at their end make capinfos fail after it has counted.
    counted = subprocess.run(
        [tool("capinfos"), "-TMrc", *map(str, paths)], capture_output=True, text=True, check=False
    )
    theirs = {
        Path(name): int(count)
        for name, _, count in (line.rpartition("\t") for line in counted.stdout.splitlines())
    }
    assert theirs.keys() == set(paths)
    ours, skipped = {}, Counter[str]()
    for path in paths:
        tally = read(path).tally
        ours[path] = tally.records - sum(tally.skipped[cause] for cause in ENDED)
        skipped += tally.skipped
    assert ours == theirs
    print(f"{len(paths)} captures, {sum(ours.values())} packets, not used: {dict(skipped)}")  # noqa: T201  # the measured counts


End = tuple[bytes, int]


def add(total: dict[tuple[End, End], list[int]], one: End, other: End, counts: list[int]) -> None:
    """Packets from one and from the other end, whichever is named first."""
    if one > other:
        one, other, counts = other, one, counts[::-1]
    found = total.setdefault((one, other), [0, 0])
    found[0] += counts[0]
    found[1] += counts[1]


def end_of(text: str) -> End:
    address, _, port = text.rpartition(":")
    found = address_from_text(address.strip("[]"))
    assert found is not None
    return found, int(port)


@pytest.mark.external
@pytest.mark.parametrize("kind", ["tcp", "udp"])
@pytest.mark.parametrize(
    "name",
    [
        "ndpi/pcap/skype-conference-call.pcap",
        "ndpi/pcap/WebattackRCE.pcap",
        "ndpi/pcap/instagram.pcap",
        "ndpi/pcap/facebook.pcap",
        "ndpi/pcap/ethereum.pcap",
        "zeek/traces/wikipedia.pcap",
        "ipfixprobe/inputs/mixed.pcap",
    ],
)
def test_conversations_are_those_of_tshark(
    shared_data: Path, read: Read, tool: Callable[[str], str], name: str, kind: str
) -> None:
    path = shared_data / "captures" / name
    printed = subprocess.run(
        [tool("tshark"), "-n", "-q", "-r", str(path), "-z", f"conv,{kind}"],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs: dict[tuple[End, End], list[int]] = {}
    for line in printed.stdout.splitlines():
        words = line.split()
        if "<->" in words[:2]:
            # Columns: end, arrow, end, packets and bytes back (with a unit), packets ahead.
            add(theirs, end_of(words[0]), end_of(words[2]), [int(words[6]), int(words[3])])
    ours: dict[tuple[End, End], list[int]] = {}
    for row in read(path).rows:
        if row["protocol"] == {"tcp": 6, "udp": 17}[kind]:
            ends = [(row[f"{s}_address"], row[f"{s}_port"]) for s in ("source", "destination")]
            add(ours, ends[0], ends[1], [row["packets_forward"], row["packets_reverse"]])
    assert ours == theirs
