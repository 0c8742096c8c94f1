"""An nfcapd file of some million flows read to batches, beside nfdump's text and its top list.

Flows are laid out here and written by nfdump itself; a fifth of them is IPv6, in between the
others. Our time is taken inside the process, without the start of the interpreter.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout2
from measure import cost_of, python

FLOWS = 5_000_000
BLOCK_FLOWS = 8_000
REPEATS = 3
START_MS = 1_700_000_000_000
COMPRESSIONS = {"not compressed": (), "LZO": ("-z",), "LZ4": ("-y",)}
FASTEST = {"one address alone": ("-o", "fmt:%sa")}
THEIRS = {
    "pipe, its fastest form of a whole flow": ("-o", "pipe"),
    "csv": ("-o", "csv"),
    "-s srcip/bytes": ("-s", "srcip/bytes"),
    **FASTEST,
}
OURS = """
import sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
source, tally = Source("bench", Path(sys.argv[1])), Tally()
began = time.monotonic()
rows = sum(b.rows.num_rows for b in NfcapdReader().read(source, ReadOptions(), tally))
print(time.monotonic() - began)
assert rows == int(sys.argv[2]), (rows, tally)
"""


def write_file(path: Path, nfdump: str) -> None:
    """``FLOWS`` flows, laid out in blocks and then written by nfdump."""
    random = np.random.default_rng(1)
    plain = path.with_suffix(".plain")
    blocks = -(-FLOWS // BLOCK_FLOWS)
    with plain.open("wb") as out:
        out.write(_struct(layout2.FILE_HEADER, magic=nfcapd.MAGIC, layout=2, blocks=blocks))
        for first in range(0, FLOWS, BLOCK_FLOWS):
            content, count = _flows(random, min(BLOCK_FLOWS, FLOWS - first))
            if not first:
                content, count = _exporter() + content, count + 1
            head = {"records": count, "size": len(content), "type": layout2.FLOW_BLOCK}
            out.write(_struct(nfcapd.BLOCK_HEADER, **head) + content)
    subprocess.run([nfdump, "-r", plain, "-w", path], check=True, stdout=subprocess.DEVNULL)
    plain.unlink()


def _struct(dtype: np.dtype[np.void], **values: int) -> bytes:
    row = np.zeros(1, dtype)
    for name, value in values.items():
        row[name] = value
    return row.tobytes()


def _exporter() -> bytes:
    row = np.zeros(1, nfcapd.EXPORTER)
    row["type"], row["size"], row["version"] = nfcapd.EXPORTER_RECORD, row.itemsize, 9
    row["address"][0, 1], row["family"], row["exporter"] = 0x7F000001, 2, 1
    return row.tobytes()


def _flows(random: np.random.Generator, count: int) -> tuple[bytes, int]:
    """Records of IPv4 and IPv6 in random order."""
    six = random.random(count) < 0.2
    records = np.empty(count, object)
    for kind, use in ((layout2.IPV4, ~six), (layout2.IPV6, six)):
        table = _table(random, int(use.sum()), kind)
        records[use] = [row.tobytes() for row in table]
    return b"".join(records), count


def _table(random: np.random.Generator, count: int, addresses: int) -> npt.NDArray[np.void]:
    kinds = (layout2.GENERIC, addresses, layout2.MISCELLANEOUS, 7, layout2.ROUTER_V4)
    parts: list[tuple[str, np.dtype[np.void]]] = [("head", layout2.RECORD_HEADER)]
    for kind in kinds:
        parts += [(f"e{kind}", layout2.ELEMENT_HEADER), (f"v{kind}", layout2.ELEMENTS[kind])]
    table = np.zeros(count, np.dtype(parts))
    head = {"type": layout2.FLOW_RECORD, "size": table.itemsize, "elements": len(kinds)}
    for name, value in (head | {"exporter": 1, "export_version": 9}).items():
        table["head"][name] = value
    for kind in kinds:
        table[f"e{kind}"]["type"] = kind
        table[f"e{kind}"]["length"] = 4 + layout2.ELEMENTS[kind].itemsize
    packets = random.integers(1, 1000, count)
    start = START_MS + random.integers(0, 300_000, count)
    generic = {
        "first_ms": start,
        "last_ms": start + random.integers(0, 60_000, count),
        "received_ms": start + 90_000,
        "packets": packets,
        "bytes": packets * random.integers(40, 1500, count),
        "source_port": random.integers(1024, 65_536, count),
        "destination_port": random.choice([53, 80, 443], count),
        "protocol": random.choice([6, 17], count),
        "tcp_flags": random.integers(0, 32, count),
    }
    for name, values in generic.items():
        table[f"v{layout2.GENERIC}"][name] = values
    sides = (0xC612_0000 + random.integers(0, 1_000, count), random.integers(1, 1 << 18, count))
    for name, values in zip(layout2.ELEMENTS[addresses].names or (), sides, strict=True):
        field = table[f"v{addresses}"][name]
        if addresses == layout2.IPV6:
            field[:, 0], field[:, 1] = 0x2001_0DB8 << 32, values
        else:
            field[:] = values
    for name in ("source_asn", "destination_asn"):
        table["v7"][name] = random.integers(1, 65_000, count)
    return table


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    nfdump = shutil.which("nfdump")
    if nfdump is None:
        return ["nfcapd: left out, nfdump is not installed"]
    path = folder / "five-million.nfcapd"
    if not path.exists():
        write_file(path, nfdump)
    files = {}
    for name, option in COMPRESSIONS.items():
        files[name] = path if not option else path.with_suffix(f".{name}")
        if not files[name].exists():
            command = [nfdump, "-r", str(path), *option, "-w", str(files[name])]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    lines = []
    for name, file in files.items():
        seconds = [
            float(subprocess.check_output(python(OURS, str(file), str(FLOWS))))
            for _ in range(REPEATS)
        ]
        ours = min(seconds)
        lines.append(
            f"nfcapd file of {FLOWS:,} flows, {file.stat().st_size / 1e6:.0f} MB, {name}: "
            f"{FLOWS / ours:,.0f} flows/s ({ours:.2f} s)"
        )
        for told, options in (THEIRS if file == path else FASTEST).items():
            command = [nfdump, "-r", str(file), *options]
            theirs = min(cost_of(command).wall_s for _ in range(REPEATS))
            lines.append(f"  nfdump, {told}: {theirs:.2f} s, {theirs / ours:.2f} times our time")
    return lines
