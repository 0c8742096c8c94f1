"""SiLK's flow files: what the header says, and how records of each format are laid out.

A file is a header, then records of one length, plain or in compressed blocks. The layouts are data,
in ``records.toml``. Sources: the comments and headers of SiLK's public sources (libsilk 3.19).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

MAGIC = b"\xde\xad\xbe\xef"
START = np.dtype(
    [("magic", "S4"), ("flags", "u1"), ("format", "u1"), ("version", "u1"), ("compression", "u1")]
)
MORE = np.dtype([("silk", ">u4"), ("record_size", ">u2"), ("record_version", ">u2")])
"""Follows ``START`` in files of version ``ENTRIES_FROM``; then come the header entries."""
BIG_ENDIAN = 1
"""The flag of a file whose records are big-endian; headers always are, blocks too."""
ENTRIES_FROM = 16
"""The file version with header entries. Below it, record and file version are one."""
ENTRY = np.dtype([("id", ">u4"), ("length", ">u4")])
"""The head of a header entry; the length counts it in. Id 0 is the last entry."""
END_ENTRY, PACKED_FILE_ENTRY, PROBE_ENTRY = 0, 1, 4
PACKED_FILE = np.dtype([("hour_ms", ">i8"), ("flowtype", ">u4"), ("sensor", ">u4")])
NO_FLOWTYPE, NO_SENSOR = 0xFF, 0xFFFF

BLOCK = np.dtype([("size", ">u4"), ("plain_size", ">u4")])
"""The head of a compressed block; a size of 0 ends the records."""
MAX_BLOCK = 1 << 20
COMPRESSIONS = ("none", "zlib", "lzo1x", "snappy")

FORMATS = {
    0x0B: "FT_RWIPV6",
    0x0C: "FT_RWIPV6ROUTING",
    0x0D: "FT_RWAUGSNMPOUT",
    0x0E: "FT_RWAUGROUTING",
    0x10: "FT_RWROUTED",
    0x11: "FT_RWNOTROUTED",
    0x12: "FT_RWSPLIT",
    0x13: "FT_RWFILTER",
    0x14: "FT_RWAUGMENTED",
    0x15: "FT_RWAUGWEB",
    0x16: "FT_RWGENERIC",
    0x1C: "FT_FLOWCAP",
    0x1F: "FT_RWWWW",
}
OTHER_FORMATS = {
    0x09: "FT_AGGREGATEBAG",
    0x19: "FT_RWSCAN",
    0x1D: "FT_IPSET",
    0x21: "FT_RWBAG",
    0x22: "FT_BLOOM",
    0x25: "FT_PREFIXMAP",
}
"""SiLK files that hold no flows."""


class TcpState:
    """Bits of ``tcp_state``."""

    EXPANDED = 0x01
    """The flags of the first packet and those of the rest are known apart."""
    CONTINUES = 0x40
    """The flow goes on where an earlier one was cut by the active timeout."""
    IPV6 = 0x80


WEB_PORTS = (80, 443, 8080, 0)
"""Ports that ``server_port`` stands for; 0 is none of them."""


@dataclass(frozen=True)
class Bits:
    """Where a field lies: the word, how far from its lowest bit, how wide.

    ``big``: the word is big-endian whatever the file's byte order is.
    """

    word: str
    shift: int
    width: int
    big: bool


@dataclass(frozen=True)
class Layout:
    """One record: its words as a numpy dtype in both byte orders, and its fields."""

    little: np.dtype[np.void]
    big: np.dtype[np.void]
    fields: Mapping[str, Bits]


@cache
def layout(name: str, version: int) -> Layout | None:
    """The layout of the records of a format (``FT_...``) and version; None: not known."""
    texts = tomllib.loads(files(__package__).joinpath("records.toml").read_text("utf-8"))
    for versions, text in texts.get(name, {}).items():
        first, _, last = versions.partition("-")
        if int(first) <= version <= int(last or first):
            return _layout(text.format(**texts["parts"]))
    return None


def _layout(text: str) -> Layout:
    little: list[tuple[str, str]] = []
    big: list[tuple[str, str]] = []
    fields: dict[str, Bits] = {}
    for order, inside in _words(text):
        word, left = f"w{len(little)}", sum(width for _, width in inside)
        little.append((word, _type(order or "<", left // 8)))
        big.append((word, _type(">", left // 8)))
        for name, width in inside:
            left -= width
            if name != "-":
                fields[name] = Bits(word, left, width, big=bool(order))
    return Layout(np.dtype(little), np.dtype(big), fields)


def _words(text: str) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """(byte order if it is fixed, fields with their widths) of each word."""
    for order, group, alone in re.findall(r"(>?)\(([^)]*)\)|(\S+)", text):
        pairs = [field.split(":") for field in (group or alone).split()]
        yield order, [(name, int(width)) for name, width in pairs]


def _type(order: str, octets: int) -> str:
    """Words as numbers where numpy has such; three octets, and addresses, as octets."""
    if octets in (1, 2, 4, 8):
        return f"{order}u{octets}"
    return f"{octets}u1"
