"""Rows of one log with their columns as text.

Text logs and JSON logs both become this, so that a log is given its meaning in one place.
"""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

VECTORS = ("answers", "TTLs")
"""The columns that hold several values in a row; all others are text."""

_ENDS = ("id.orig_h", "id.resp_h")
NEEDED = {
    "conn": (
        *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "ip_proto"),
        *("service", "duration", "history", "missed_bytes", "orig_pkts", "resp_pkts"),
        *("orig_ip_bytes", "resp_ip_bytes", "orig_bytes", "resp_bytes"),
    ),
    "dns": ("ts", "rtt", "id.orig_h", "query", "qtype", *VECTORS),
    "ssl": ("ts", "uid", *_ENDS, "server_name"),
    "http": ("ts", "uid", *_ENDS, "host"),
    "quic": ("ts", "uid", *_ENDS, "server_name"),
}
"""The columns that are used, by log."""

_INSTEAD = {"orig_bytes": "orig_ip_bytes", "resp_bytes": "resp_ip_bytes"}


def needed(log: str, present: Collection[str]) -> list[str]:
    """The columns to read of those that are present: payload bytes only for want of IP bytes."""
    return [name for name in NEEDED[log] if name in present and _INSTEAD.get(name) not in present]


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
