"""Lookups of made-up members whose truth is known: DNS tunnels, and what must not be called one."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from tests.attribute.behaviour_days import DAY, START_MS, Row, Span, address, connection

from folkways.model.columns import STORED_ANSWERS


def answers(rows: list[Row]) -> pa.Table:
    """Rows with the schema STORED_ANSWERS."""
    usual = {"day": DAY, "address": address(1 << 24), "ttl_s": 60, "source": "s"}
    full = [{**usual, **r} for r in rows]
    columns = [pa.array([r.get(c.name) for r in full], c.type) for c in STORED_ANSWERS.columns]
    return pa.Table.from_arrays(columns, schema=STORED_ANSWERS.schema)


Namer = Callable[[random.Random], str]
BASE32, HEX = "abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdef"
BASE64 = "abcdefghijklmnopqrstuvwxyz" * 2 + "0123456789-_"
WORDS = [
    "static",
    "content",
    "image",
    "server",
    "mobile",
    "update",
    "public",
    "account",
    "service",
    "portal",
    "europe",
    "online",
]


def coded(alphabet: str, length: Span, domain: str) -> Namer:
    """Names that hold data; labels of 50 characters at most."""

    def name(chance: random.Random) -> str:
        text = "".join(chance.choices(alphabet, k=int(chance.uniform(*length))))
        labels = [text[n : n + 50] for n in range(0, len(text), 50)]
        return ".".join([*labels, domain])

    return name


def pooled(count: int, one: Namer) -> Namer:
    """Names of ``count``, each asked for again and again."""
    pool: dict[int, str] = {}

    def name(chance: random.Random) -> str:
        which = chance.randrange(count)
        return pool.setdefault(which, one(chance))

    return name


def worded(count: int, domain: str) -> Namer:
    """Names made of words and a small number."""

    def name(chance: random.Random) -> str:
        return "-".join(chance.choices(WORDS, k=count)) + f"{chance.randrange(9)}.{domain}"

    return name


@dataclass(frozen=True)
class Asker:
    """Names that a member asks for, how many, and the bytes of queries and responses.

    ``unstored`` queries get no address in the answer, so that nothing of them is stored.
    """

    name: Namer | None
    lookups: tuple[int, int]
    query: Span = (75, 110)
    response: Span = (120, 300)
    unstored: tuple[int, int] = (0, 0)


TUNNELS = {
    "base 32, fast": Asker(coded(BASE32, (80, 200), "t.evil.example"), (2000, 6000)),
    "base 64": Asker(coded(BASE64, (40, 180), "x.evil-tunnel.co.uk"), (400, 3000)),
    "hex, polls between": Asker(coded(HEX, (10, 120), "evil.example"), (600, 3000)),
    "hex, slow": Asker(coded(HEX, (30, 60), "evil.example"), (80, 400)),
    "letters a to p": Asker(coded("abcdefghijklmnop", (60, 120), "evil.example"), (500, 2000)),
    "TXT or NULL": Asker(None, (0, 0), (140, 300), (300, 1100), (8000, 60000)),
    "TXT or NULL, slow": Asker(None, (0, 0), (110, 200), (150, 400), (200, 4000)),
}
ORDINARY = {
    "browsing": Asker(worded(1, "shop.example"), (500, 4000)),
    "long names of words": Asker(worded(5, "firm.example"), (200, 3000)),
    "file reputation": Asker(coded(BASE32, (26, 50), "avqs.mcafee.com"), (200, 3000)),
    "hashes at a listed CDN": Asker(coded(HEX, (32, 40), "akamaihd.net"), (200, 1000)),
    "hashes of an unlisted maker": Asker(coded(HEX, (20, 40), "maker.example"), (5, 90)),
    "machines with hashes for names": Asker(
        pooled(200, coded(HEX, (30, 40), "machines.example")), (450, 2000)
    ),
    "mail server, lists of senders": Asker(
        coded("0123456789.", (8, 15), "zen.spamhaus.org"),
        (500, 2000),
        unstored=(5000, 60000),
    ),
    "heavy ordinary use": Asker(worded(2, "site.example"), (3000, 8000), unstored=(5000, 80000)),
    "signed zones": Asker(
        worded(2, "site.example"), (1000, 4000), (90, 140), (250, 480), (1000, 20000)
    ),
}


def askers_of(seed: int, members: int) -> tuple[list[Row], list[Row], dict[bytes, str]]:
    """Connections to a resolver, stored answers, and the kind of each member."""
    rows: list[Row] = []
    said: list[Row] = []
    kinds: dict[bytes, str] = {}
    for number, (kind, asker) in enumerate({**TUNNELS, **ORDINARY}.items()):
        chance = random.Random(f"{seed} {kind}")  # noqa: S311  # the same days every time
        for which in range(members):
            member = address((10 << 24) + (number << 12) + which)
            kinds[member] = kind
            names = [f"www.news{n}.example" for n in range(60)]
            if asker.name:
                names += [asker.name(chance) for _ in range(chance.randint(*asker.lookups))]
            said += [
                {"client": member, "query": n, "start_ms": START_MS + 7000 * at}
                for at, n in enumerate(names)
            ]
            unstored = chance.randint(*asker.unstored)
            queries = len(names) + unstored
            size = 46 * len(names) + sum(map(len, names)) + unstored * chance.uniform(*asker.query)
            both = {
                "protocol": 17,
                "remote_port": 53,
                "packets_out": queries,
                "packets_in": queries,
            }
            sizes = {
                "bytes_out": int(size),
                "bytes_in": int(queries * chance.uniform(*asker.response)),
            }
            rows.append(connection(member, address(8 << 24), 1, **both, **sizes))
            idle = {"protocol": 17, "remote_port": 53, "bytes_out": 800, "packets_out": 10}
            rows.append(
                connection(member, address(9 << 24), 1, **idle, bytes_in=1500, packets_in=10)
            )
    return rows, said, kinds
