"""Rows of one log with their columns as text.

Text logs and JSON logs both become this, so that a log is given its meaning in one place.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

VECTORS = ("answers", "TTLs")
"""The columns that hold several values in a row; all others are text."""

_ENDS = ("id.orig_h", "id.resp_h")
NEEDED = {
    "conn": (
        *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "ip_proto"),
        *("service", "duration", "history", "missed_bytes", "orig_pkts", "resp_pkts"),
        *("orig_ip_bytes", "resp_ip_bytes", "orig_bytes", "resp_bytes", "tunnel_parents"),
    ),
    "dns": ("ts", "rtt", "id.orig_h", "query", "qtype", *VECTORS),
    "ssl": ("ts", "uid", *_ENDS, "server_name"),
    "http": ("ts", "uid", *_ENDS, "host"),
    "quic": ("ts", "uid", *_ENDS, "server_name"),
}
"""The columns that are used, by log."""

INSTEAD = {"orig_bytes": "orig_ip_bytes", "resp_bytes": "resp_ip_bytes"}
"""Columns that are used only where others say nothing."""


def needed(log: str, present: Collection[str]) -> list[str]:
    """The columns to read of those that are present: payload bytes only for want of IP bytes.

    A few rows of a log may want them that others have not: see ``wanted_too``.
    """
    return [name for name in NEEDED[log] if name in present and INSTEAD.get(name) not in present]


def wanted_too(columns: Mapping[str, pa.Array]) -> list[str]:
    """Columns to read too, after those that were: payload bytes of rows without IP bytes."""
    return [
        name
        for name, better in INSTEAD.items()
        if better in columns and columns[better].null_count and name not in columns
    ]


@dataclass(frozen=True)
class Rows:
    """``count`` rows of a log; ``columns`` are text (vectors: lists of text), null where unset."""

    log: str
    count: int
    columns: dict[str, pa.Array]

    def text(self, name: str) -> pa.Array:
        """A column; all null where the log does not have it."""
        found = self.columns.get(name)
        return pa.nulls(self.count, pa.string()) if found is None else found

    def vector(self, name: str) -> pa.Array:
        """A column of lists; all null where the log does not have it."""
        found = self.columns.get(name)
        return pa.nulls(self.count, pa.list_(pa.string())) if found is None else found

    def has(self, name: str) -> bool:
        """Whether the log has the column at all."""
        return name in self.columns
