"""The numbers by which behaviour is judged, domains that only look like tunnels, and resolvers.

All of it is data with its reason (behaviour.toml); nothing in the rules stands for itself.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from folkways.attribute.fields import CatalogueError, Fields, read_toml
from folkways.model.addresses import address_from_text

FILE = Path(__file__).parent / "behaviour.toml"
NEEDED = frozenset(
    {
        "tunnel_bytes",
        "tunnel_share",
        "tunnel_hours",
        "tunnel_sent",
        "tunnel_sent_most",
        "tunnel_packet",
        "tunnel_company",
        "dns_names",
        "dns_text",
        "dns_length",
        "dns_distinct",
        "dns_digits",
        "dns_vowels",
        "dns_resolver",
        "dns_volume",
        "dns_query",
        "dns_response",
        "dns_unexplained",
    }
)
"""The ids of the limits; behaviour.toml gives each its value, unit and reason."""


@dataclass(frozen=True)
class Limits:
    """``values`` by id; ``ordinary``: suffixes below which names full of data are no tunnel.

    ``resolvers``: 16-byte addresses that answer DNS over HTTPS and serve nothing else, and since
    when (None: not known).
    """

    values: Mapping[str, int]
    ordinary: tuple[str, ...]
    resolvers: tuple[tuple[bytes, dt.date | None], ...]

    @property
    def digest(self) -> str:
        """SHA-256 over everything that can change a mark."""
        parts = (sorted(self.values.items()), self.ordinary, self.resolvers)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def load_limits(path: Path = FILE) -> Limits:
    """Read the limits.

    Raises:
        CatalogueError: the file cannot be read, or a limit is missing, unknown or there twice.
    """
    top = Fields(read_toml(path), path.name, ("limit", "ordinary", "resolver"))
    known = ("id", "value", "unit", "reason", "source", "checked")
    values: dict[str, int] = {}
    for f in top.tables("limit", known):
        name = f.choice("id", NEEDED) or f.needed("id")
        if name in values:
            raise f.error("id", f"= {name!r} stands there twice")
        f.needed("reason")
        values[name] = f.whole("value", 0, 1 << 40)
    if missing := sorted(NEEDED - set(values)):
        raise CatalogueError(f"{path.name}: no [[limit]] for {', '.join(missing)}.")
    ordinary = [
        suffix
        for f in top.tables("ordinary", ("suffixes", "note", "source", "checked"))
        for suffix in f.texts("suffixes")
    ]
    return Limits(values, tuple(ordinary), tuple(_resolvers(top)))


def _resolvers(top: Fields) -> Iterator[tuple[bytes, dt.date | None]]:
    for f in top.tables("resolver", ("addresses", "from", "source", "checked")):
        for text in f.texts("addresses"):
            address = address_from_text(text)
            if address is None:
                raise f.error("addresses", f"holds {text!r}, which is no address")
            yield address, f.day("from")
