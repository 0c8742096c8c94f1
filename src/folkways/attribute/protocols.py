"""What protocols say by themselves: functions, labels, hidden ways, encryption, local space.

All of it is data (functions.toml, sensors.toml, hidden.toml, encrypted.toml, local.toml); this file
reads it into tables that the ladder joins.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from folkways.attribute.fields import Fields, read_toml
from folkways.attribute.parse import CARRIERS, HIDDEN, TRANSPORTS

HERE = Path(__file__).parent
ENCRYPTED = ("none", "tls", "quic", "other")
Key = tuple[int, int | None]
"""Protocol number and port; the port is None where the number alone says it."""

_ORIGIN = ("source", "checked")


@dataclass(frozen=True)
class Way:
    """A protocol by which traffic is hidden. ``weak``: the port has other common uses.

    ``over`` are protocols in which it speaks there, so that seeing one contradicts nothing.
    """

    id: str
    hidden: str
    weak: bool
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Label:
    """What a sensor's label says of the protocol."""

    encrypted: str | None
    hidden: str | None


@dataclass(frozen=True)
class Protocols:
    """All tables.

    ``functions`` id to name; ``lookups`` labels whose second part is what was asked for;
    ``openers`` labels of handshakes that only open the way for something else; ``unrecognised``
    labels of sensors that looked and know nothing, ``silent`` of those that could not look;
    ``carriers`` labels to the protocol that many services speak in;
    ``ways`` and ``encrypted_by_port`` by protocol and port; ``outer_names`` of Encrypted Client
    Hello; ``tor_names`` the server names that Tor's own handshake can show; ``local`` prefixes
    without country and AS.
    """

    functions: dict[str, str]
    lookups: frozenset[str]
    openers: frozenset[str]
    unrecognised: frozenset[str]
    silent: frozenset[str]
    carriers: dict[str, str]
    labels: dict[str, Label]
    ways: dict[Key, Way]
    encrypted_by_name: dict[str, str]
    encrypted_by_port: dict[Key, str]
    outer_names: frozenset[str]
    tor_names: re.Pattern[str]
    local: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    @property
    def lines(self) -> list[str]:
        """All that they say as text, whatever the files' order: part of the catalogue's digest."""
        return [
            repr(sorted(self.functions)),
            repr(sorted(self.lookups)),
            repr([sorted(s) for s in (self.openers, self.unrecognised, self.silent)]),
            repr(sorted(self.carriers.items())),
            repr(sorted(self.labels.items())),
            repr(sorted((repr(k), w) for k, w in self.ways.items())),
            repr(sorted(self.encrypted_by_name.items())),
            repr(sorted((repr(k), e) for k, e in self.encrypted_by_port.items())),
            repr(sorted(self.outer_names)),
            self.tor_names.pattern,
            repr(sorted(map(str, self.local))),
        ]


def load_protocols(folder: Path = HERE) -> Protocols:
    """Read the five files.

    Raises:
        CatalogueError: one of them says something that cannot be read.
    """
    words = ("lookups", "openers", "unrecognised", "silent")
    sensors = _top(folder, "sensors.toml", (*words, "carrier", "protocol"))
    encrypted = _top(folder, "encrypted.toml", ("seen", "port", "number", "outer"))
    hidden = _top(folder, "hidden.toml", ("tor", "way"))
    local = _top(folder, "local.toml", ("prefixes", *_ORIGIN))
    tor = hidden.tables("tor", ("server_names", *_ORIGIN))
    seen = encrypted.tables("seen", ("name_source", "encrypted"))
    return Protocols(
        functions=load_functions(folder / "functions.toml"),
        **{word: frozenset(sensors.texts(word)) for word in words},
        carriers=_carriers(sensors),
        labels=_labels(sensors),
        ways=_ways(hidden),
        encrypted_by_name={f.needed("name_source"): _encrypted(f) for f in seen},
        encrypted_by_port=_encrypted_by_port(encrypted),
        outer_names=frozenset(
            f.needed("name") for f in encrypted.tables("outer", ("name", *_ORIGIN))
        ),
        tor_names=re.compile("|".join(f.needed("server_names") for f in tor)),
        local=tuple(ipaddress.ip_network(prefix) for prefix in local.texts("prefixes")),
    )


def load_functions(path: Path) -> dict[str, str]:
    """Ids of functions and their names for people."""
    top = Fields(read_toml(path), path.name, ("function",))
    known = ("id", "name", "meaning")
    return {f.needed("id"): f.needed("name") for f in top.tables("function", known)}


def _top(folder: Path, name: str, known: tuple[str, ...]) -> Fields:
    return Fields(read_toml(folder / name), name, known)


def _encrypted(f: Fields) -> str:
    f.needed("encrypted")
    return f.choice("encrypted", ENCRYPTED) or ""


def _carriers(top: Fields) -> dict[str, str]:
    return {
        label: f.choice("id", CARRIERS) or ""
        for f in top.tables("carrier", ("id", "labels", *_ORIGIN))
        for label in f.texts("labels")
    }


def _labels(top: Fields) -> dict[str, Label]:
    labels: dict[str, Label] = {}
    for f in top.tables("protocol", ("labels", "encrypted", "hidden", *_ORIGIN)):
        encrypted, hidden = f.choice("encrypted", ENCRYPTED), f.choice("hidden", HIDDEN)
        for label in f.texts("labels"):
            before = labels.get(label, Label(None, None))
            labels[label] = Label(before.encrypted or encrypted, before.hidden or hidden)
    return labels


def _ways(top: Fields) -> dict[Key, Way]:
    ways: dict[Key, Way] = {}
    known = ("hidden", "protocol", "ports", "number", "weak", "over", "note", *_ORIGIN)
    for f in top.tables("way", known):
        f.needed("hidden")
        hidden = f.choice("hidden", HIDDEN) or ""
        for key, text in _keys(f):
            ways[key] = Way(
                f"hidden/{hidden}/{text}", hidden, f.flag("weak"), f.choices("over", CARRIERS)
            )
    return ways


def _encrypted_by_port(top: Fields) -> dict[Key, str]:
    tables = [
        *top.tables("port", ("encrypted", "protocol", "ports", *_ORIGIN)),
        *top.tables("number", ("encrypted", "number", *_ORIGIN)),
    ]
    return {key: _encrypted(f) for f in tables for key, _ in _keys(f)}


def _keys(f: Fields) -> list[tuple[Key, str]]:
    """(protocol number, port) of a table with protocol and ports, or with a number alone."""
    if f.exactly_one("ports", "number") == "number":
        number = f.whole("number", 0, 255)
        return [((number, None), f"protocol/{number}")]
    f.needed("protocol")
    protocol = f.choice("protocol", TRANSPORTS) or ""
    return [
        ((TRANSPORTS[protocol], port), f"{protocol}/{port}") for port in f.wholes("ports", 1, 65535)
    ]
