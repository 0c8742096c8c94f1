"""Days of made-up members whose behaviour is known: tunnels, and what must not be called one.

Each kind of member has its own ranges; a member draws from them. Ranges of ordinary kinds are wide
on purpose and reach up to what tunnels do. Nothing here is measured traffic.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from folkways.model.addresses import address_from_text
from folkways.model.columns import CONNECTIONS

DAY, START_MS, HOUR_MS = "2019-05-01", 1_556_668_800_000, 3_600_000
Row = dict[str, Any]
Span = tuple[float, float]


def address(number: int) -> bytes:
    """The n-th address of 10.0.0.0/8 or of what lies above."""
    found = address_from_text(
        f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    )
    assert found is not None
    return found


def connection(member: bytes, remote: bytes, at: float, **said: Any) -> Row:
    """A connection that the member opened ``at`` hours after midnight, for ``hours``."""
    start = START_MS + int(at * HOUR_MS)
    length = int(said.pop("hours", 0.01) * HOUR_MS)
    usual = {"day": DAY, "protocol": 6, "remote_port": 443, "opened_by": "member", "opens": 1}
    rest = {"noise": "use", "answered": True, "source": "s", "member_port": 50_000}
    times = {"start_ms": start, "end_ms": start + length}
    return {**usual, **rest, **times, "member": member, "remote": remote, **said}


def connections(rows: list[Row]) -> pa.Table:
    """Rows with the schema CONNECTIONS."""
    columns = [pa.array([r.get(c.name) for r in rows], c.type) for c in CONNECTIONS.columns]
    return pa.Table.from_arrays(columns, schema=CONNECTIONS.schema)


@dataclass(frozen=True)
class Kind:
    """What a member of the kind does with one hosted remote, and beside it.

    ``megabytes`` both ways; ``out`` share sent; ``packet`` mean IP bytes received; ``share`` of the
    day's bytes; ``company`` other remotes an hour meanwhile; ``long``: one connection, else many.
    """

    megabytes: Span
    out: Span
    packet: Span
    hours: Span
    share: Span
    company: Span
    long: bool = False
    udp: bool = False
    port: int | None = None
    rule: str | None = None
    name: str | None = None


TUNNELS = {
    # For all traffic, as clients do by default.
    "proxy for all": Kind((80, 3000), (0.05, 0.2), (700, 1300), (3, 12), (0.7, 1), (0, 4)),
    "vpn on its own port": Kind(
        (80, 3000), (0.05, 0.2), (600, 1200), (3, 16), (0.75, 1), (0, 3), long=True, udp=True
    ),
    "proxy behind a made-up name": Kind(
        (80, 3000),
        (0.05, 0.2),
        (700, 1300),
        (3, 10),
        (0.7, 1),
        (0, 4),
        name="cdn.made-up.example",
    ),
    # Harder ones.
    "tunnel for an evening": Kind(
        (40, 800), (0.05, 0.15), (700, 1300), (2, 5), (0.4, 0.95), (0, 5), long=True, udp=True
    ),
    "tunnel with films": Kind(
        (1000, 6000), (0.025, 0.06), (1100, 1380), (3, 8), (0.8, 1), (0, 4), long=True
    ),
    "tunnel for chosen sites": Kind(
        (50, 1000), (0.05, 0.15), (700, 1300), (3, 10), (0.3, 0.8), (8, 40)
    ),
}
ORDINARY = {
    "backup at night": Kind(
        (200, 20000), (0.93, 0.99), (52, 90), (3, 7), (0.5, 0.98), (0, 4), long=True
    ),
    "restored backup": Kind(
        (500, 20000), (0.01, 0.03), (1300, 1480), (3, 6), (0.6, 0.98), (0, 6), long=True
    ),
    "game server": Kind(
        (40, 500), (0.2, 0.45), (90, 320), (3, 9), (0.4, 0.98), (1, 20), long=True, udp=True
    ),
    "stream from a hosted box": Kind(
        (800, 9000), (0.012, 0.035), (1250, 1480), (3, 9), (0.6, 0.99), (0, 20)
    ),
    "slow download": Kind(
        (300, 8000), (0.012, 0.03), (1350, 1480), (3, 8), (0.5, 0.98), (0, 20), long=True
    ),
    "terminal work": Kind(
        (1, 90), (0.2, 0.5), (80, 300), (4, 10), (0.05, 0.7), (5, 40), long=True, port=2222
    ),
    "copies by SSH": Kind(
        (100, 3000),
        (0.02, 0.9),
        (300, 1450),
        (3, 9),
        (0.3, 0.9),
        (0, 20),
        port=22,
        rule="ssh/port/tcp-22",
    ),
    "mail client": Kind(
        (5, 150),
        (0.1, 0.4),
        (400, 1200),
        (6, 12),
        (0.1, 0.8),
        (2, 20),
        port=993,
        rule="imap/port/tcp-993",
    ),
    "calls through a hosted server": Kind(
        (60, 700), (0.4, 0.6), (120, 300), (3, 8), (0.4, 0.9), (2, 20), long=True, udp=True
    ),
    "calls with pictures": Kind(
        (200, 3000), (0.38, 0.6), (500, 1000), (3, 8), (0.4, 0.95), (0, 20), long=True, udp=True
    ),
    "work in one hosted application": Kind(
        (30, 300),
        (0.08, 0.25),
        (500, 1000),
        (6, 10),
        (0.3, 0.8),
        (4, 30),
        name="erp.firm.example",
    ),
    "remote desktop at an odd port": Kind(
        (60, 800),
        (0.03, 0.12),
        (500, 1100),
        (4, 9),
        (0.4, 0.85),
        (3, 30),
        long=True,
        port=33890,
    ),
    "peer with hosted peers": Kind(
        (100, 5000),
        (0.3, 0.95),
        (300, 1300),
        (5, 20),
        (0.05, 0.3),
        (10, 80),
        long=True,
        udp=True,
    ),
    "reader of many sites": Kind(
        (5, 60), (0.05, 0.15), (800, 1300), (3, 12), (0.02, 0.2), (15, 60)
    ),
}


def day_of(
    seed: int, members: int, hosted_kind: str | None = "hosting"
) -> tuple[list[Row], dict[bytes, str]]:
    """Rows of ``members`` of each kind, and the kind of each member."""
    rows: list[Row] = []
    kinds: dict[bytes, str] = {}
    for number, (name, kind) in enumerate({**TUNNELS, **ORDINARY}.items()):
        chance = random.Random(f"{seed} {name}")  # noqa: S311  # the same days every time
        for which in range(members):
            member = address((10 << 24) + (number << 12) + which)
            kinds[member] = name
            rows += _rows_of(chance, kind, member, hosted_kind)
    return rows, kinds


def _rows_of(
    chance: random.Random, kind: Kind, member: bytes, hosted_kind: str | None
) -> Iterator[Row]:
    def draw(span: Span) -> float:
        return chance.uniform(*span)

    remote = address((203 << 24) + chance.randrange(1 << 16))
    total = int(draw(kind.megabytes) * 1_000_000)
    sent = int(total * draw(kind.out))
    hours = draw(kind.hours)
    begin = chance.uniform(0, 24 - hours)
    pieces = 1 if kind.long else 40
    said = {
        "protocol": 17 if kind.udp else 6,
        "remote_port": kind.port or (443 if kind.name else chance.randrange(2000, 60000)),
        "remote_kind": hosted_kind,
        "hidden": None if kind.rule or kind.name else "possible-vps",
        "rule": kind.rule,
        "service": kind.rule and kind.rule.split("/")[0],
        "name": kind.name,
        "bytes_out": sent // pieces,
        "bytes_in": (total - sent) // pieces,
        "packets_out": max(1, sent // pieces // 120),
        "packets_in": max(1, int((total - sent) / draw(kind.packet) / pieces)),
    }
    for piece in range(pieces):
        at = begin if kind.long else begin + hours * piece / pieces
        yield connection(
            member, remote, at, hours=hours if kind.long else hours / pieces / 2, **said
        )
    company = draw(kind.company)
    rest = int(total / draw(kind.share)) - total
    count = max(1, int(company * hours))
    for _ in range(count):
        other = address((93 << 24) + chance.randrange(1 << 20))
        at = begin + chance.uniform(0, hours)
        beside = {"bytes_out": rest // 10 // count, "bytes_in": rest * 9 // 10 // count}
        yield connection(member, other, at, service="facebook", rule="facebook/domain/a", **beside)
    for hour in range(24):
        lookups = {"bytes_out": 700, "bytes_in": 1500, "packets_out": 10, "packets_in": 10}
        yield connection(member, address(8 << 24), hour, remote_port=53, protocol=17, **lookups)
