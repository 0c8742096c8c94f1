"""NetFlow v5, v9 and IPFIX: header layouts, set numbers, and the information elements by name.

Sources: Cisco's NetFlow Export Datagram Format (v5), RFC 3954 (v9), RFC 7011 (IPFIX), RFC 5103
(reverse elements), RFC 5655 (files); ``elements.toml`` for the elements.
"""

import struct
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

V5, V9, IPFIX = 5, 9, 10
VERSIONS = (V5, V9, IPFIX)

V5_HEADER = struct.Struct(">HHIIIIBBH")
"""version, count, uptime ms, seconds, nanoseconds, sequence, engine type, engine id, sampling."""
V9_HEADER = struct.Struct(">HHIIII")
"""version, count of records, uptime ms, seconds, sequence, source id."""
IPFIX_HEADER = struct.Struct(">HHIII")
"""version, octets of the message, seconds, sequence, observation domain."""
SET_HEADER = struct.Struct(">HH")
"""set id, octets of the set with this header."""

V5_RECORD_OCTETS = 48
V5_MAX_RECORDS = 30
V5_RATE = 0x3FFF
"""The bits of v5's sampling that are the interval; the upper two are the mode."""
V9_TEMPLATES, V9_OPTIONS_TEMPLATES = 0, 1
IPFIX_TEMPLATES, IPFIX_OPTIONS_TEMPLATES = 2, 3
MIN_DATA_SET = 256
VARIABLE = 0xFFFF
"""Field length that says: the length stands in the record (RFC 7011 7)."""
ENTERPRISE_BIT = 0x8000
REVERSE_PEN = 29305
MAX_DATAGRAM = 65_535


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("elements.toml").read_text("utf-8"))


def elements() -> dict[str, int]:
    """Numbers of the information elements that are used, by IANA name."""
    return dict(_tables()["elements"])


def aliases() -> dict[int, int]:
    """Numbers that exporters use for elements with other numbers."""
    return {int(number): other for number, other in _tables()["aliases"].items()}


def enterprise_elements() -> dict[str, tuple[int, int]]:
    """Number and enterprise of the vendors' elements that are used, by their name."""
    return {name: (number, pen) for name, (number, pen) in _tables()["enterprise"].items()}


def forwarding() -> tuple[int, int]:
    """What the upper two bits of forwardingStatus say: forwarded, dropped (RFC 7270 4.12)."""
    table = _tables()["forwarding"]
    return table["forwarded"], table["dropped"]


@cache
def biflow_exporter(number: int, enterprise: int) -> bool:
    """Whether an element is of an exporter that puts the other direction into OUT_BYTES."""
    known = _tables()["biflow"]
    if enterprise:
        return enterprise in known["enterprises"]
    return any(first <= number <= last for first, last in known["v9_ranges"])


def v5_record() -> list[tuple[int, int]]:
    """The fields of a v5 record in order: element number (0: not used) and octets."""
    return [(number, octets) for number, octets in _tables()["v5"]["record"]]
