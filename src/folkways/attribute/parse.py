"""From the catalogue's TOML to facts. The shape of the files is written down here and nowhere else.

``services/<id>.toml``: id, name, function; optional operator, aliases, hidden, ledger, note. Facts:
``[[domain]]`` (suffix, or suffix and leading, or exact), ``[[network]]`` (prefix or asn; from, to),
``[[port]]`` (protocol; port, ports or range; shared, telling, over), ``[[sensor]]`` (label).

A suffix stands for itself and all names below it. With ``leading`` the rule speaks only of names
below it that begin with these labels, and goes before the suffix alone: ``suffix = "fbcdn.net"``
with ``leading = "instagram*"`` is of ``instagram.fxxx1-1.fna.fbcdn.net``. ``*`` stands for any
letters of its label, none included. A longer suffix goes before a shorter one with ``leading``.

``operators/<id>.toml``: id, name; optional note. Facts: ``[[seat]]`` (country), ``[[asn]]``
(number, use), ``[[network]]`` (prefix, use), ``[[parent]]`` (operator), each with from and to.

Each fact has source and checked; where these are missing, ``check`` tells.
"""

import datetime as dt
import ipaddress
import re
from pathlib import Path

from folkways.attribute.facts import (
    Dates,
    DomainFact,
    NetworkFact,
    Operator,
    ParentFact,
    PortFact,
    SeatFact,
    SensorFact,
    Service,
)
from folkways.attribute.fields import Fields, read_toml
from folkways.model.addresses import MAPPED_PREFIX

HIDDEN = (
    *("vpn", "tor", "proxy", "encrypted-dns"),
    *("possible-vpn", "possible-tor", "possible-proxy"),
)
LEDGERS = ("transparent", "opaque")
TRANSPORTS = {"tcp": 6, "udp": 17}
CARRIERS = ("tls", "dtls", "quic", "http")
"""Protocols that many services speak in."""
LAST_ASN = 2**32 - 1

_ORIGIN = ("source", "checked")
_DATES = ("from", "to")
_PORT = ("protocol", "port", "ports", "range", "shared", "telling", "over")
_SERVICE = (
    *("id", "name", "operator", "function", "aliases", "hidden", "ledger", "note"),
    *("domain", "network", "port", "sensor"),
)
_OPERATOR = ("id", "name", "note", "seat", "asn", "network", "parent")
_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")
_HOST = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$")
_LEADING = re.compile(r"^[a-z0-9_*-]{1,63}(\.[a-z0-9_*-]{1,63})*$")
_COUNTRY = re.compile(r"^[A-Z]{2}$")


def read_service(path: Path) -> Service:
    """A file of services/.

    Raises:
        CatalogueError: an unknown key, a value of the wrong type, an id unlike the file's name.
    """
    top = Fields(read_toml(path), _place(path), _SERVICE)
    name = _id(top, path)
    return Service(
        id=name,
        name=top.needed("name"),
        operator=top.text("operator"),
        function=top.needed("function"),
        aliases=top.texts("aliases"),
        hidden=top.choice("hidden", HIDDEN),
        ledger=top.choice("ledger", LEDGERS),
        note=top.text("note"),
        domains=tuple(
            _domain(f, name) for f in top.tables("domain", ("suffix", "leading", "exact", *_ORIGIN))
        ),
        networks=tuple(
            _network(f, name, f.exactly_one("prefix", "asn"))
            for f in top.tables("network", ("prefix", "asn", *_DATES, *_ORIGIN))
        ),
        ports=tuple(_port(f, name) for f in top.tables("port", (*_PORT, *_ORIGIN))),
        sensors=tuple(_sensor(f, name) for f in top.tables("sensor", ("label", *_ORIGIN))),
    )


def read_operator(path: Path) -> Operator:
    """A file of operators/; the same errors as for a service."""
    top = Fields(read_toml(path), _place(path), _OPERATOR)
    name = _id(top, path)
    owner = f"operator/{name}"
    numbers = top.tables("asn", ("number", "use", *_DATES, *_ORIGIN))
    prefixes = top.tables("network", ("prefix", "use", *_DATES, *_ORIGIN))
    return Operator(
        id=name,
        name=top.needed("name"),
        seats=tuple(_seat(f, owner) for f in top.tables("seat", ("country", *_DATES, *_ORIGIN))),
        networks=(
            *(_network(f, owner, "number") for f in numbers),
            *(_network(f, owner, "prefix") for f in prefixes),
        ),
        parents=tuple(
            ParentFact(
                f"{owner}/parent/{f.needed('operator')}",
                *_origin(f),
                operator=f.needed("operator"),
                dates=_dates(f),
            )
            for f in top.tables("parent", ("operator", *_DATES, *_ORIGIN))
        ),
    )


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _id(top: Fields, path: Path) -> str:
    name = top.needed("id")
    if not _ID.match(name):
        raise top.error("id", f"= {name!r} must be lower-case letters, digits and single hyphens")
    if name != path.stem:
        raise top.error("id", f"= {name!r} differs from the file's name {path.stem!r}")
    return name


def _origin(f: Fields) -> tuple[str | None, dt.date | None]:
    return f.text("source"), f.day("checked")


def _dates(f: Fields) -> Dates:
    first, last = f.day("from"), f.day("to")
    if first is not None and last is not None and last < first:
        raise f.error("to", f"= {last} lies before from = {first}")
    return Dates(first, last)


def _domain(f: Fields, owner: str) -> DomainFact:
    key = f.exactly_one("suffix", "exact")
    name = f.needed(key).strip().lower().removesuffix(".")
    if not _HOST.match(name) or len(name) > 253:
        raise f.error(key, f"= {name!r} must be a host name without scheme, path, * or first dot")
    if f.has("leading"):
        return _leading(f, owner, key, name)
    kind = "domain" if key == "suffix" else "host"
    return DomainFact(f"{owner}/{kind}/{name}", *_origin(f), name=name, exact=key == "exact")


def _leading(f: Fields, owner: str, key: str, name: str) -> DomainFact:
    if key != "suffix":
        raise f.error("leading", "goes with suffix only; an exact name has all its labels")
    text = f.needed("leading").strip().lower()
    if not _LEADING.match(text) or not any(map(str.isalnum, text)):
        raise f.error(
            "leading", f"= {text!r} must be first labels of letters, digits, - and *, not * alone"
        )
    identity = f"{owner}/leading/{text}...{name}"
    return DomainFact(identity, *_origin(f), name=name, exact=False, leading=text)


def _network(f: Fields, owner: str, key: str) -> NetworkFact:
    use = f.choice("use", ("own", "hosting", "cdn")) if f.has("use") else None
    if key != "prefix":
        asn = f.whole(key, 1, LAST_ASN)
        return NetworkFact(
            f"{owner}/network/AS{asn}",
            *_origin(f),
            asn=asn,
            prefix=None,
            first=None,
            last=None,
            length=0,
            dates=_dates(f),
            use=use,  # type: ignore[arg-type]
        )
    text = f.needed("prefix").strip()
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise f.error("prefix", f"= {text!r} is no address prefix: {error}") from None
    ipv4 = network.version == 4
    return NetworkFact(
        f"{owner}/network/{network}",
        *_origin(f),
        asn=None,
        prefix=str(network),
        first=(MAPPED_PREFIX if ipv4 else b"") + network.network_address.packed,
        last=(MAPPED_PREFIX if ipv4 else b"") + network.broadcast_address.packed,
        length=network.prefixlen + (96 if ipv4 else 0),
        dates=_dates(f),
        use=use,  # type: ignore[arg-type]
    )


def _port(f: Fields, owner: str) -> PortFact:
    key = f.exactly_one("port", "ports", "range")
    if key == "port":
        ports: tuple[int, ...] = (f.whole("port", 1, 65535),)
        text = str(ports[0])
    elif key == "ports":
        ports = f.wholes("ports", 1, 65535)
        text = ",".join(map(str, ports))
    else:
        bounds = f.wholes("range", 1, 65535)
        if len(bounds) != 2 or bounds[1] < bounds[0]:
            raise f.error("range", f"= {list(bounds)} must be two ports, the lower one first")
        ports = tuple(range(bounds[0], bounds[1] + 1))
        text = f"{bounds[0]}-{bounds[1]}"
    protocol = f.choice("protocol", TRANSPORTS)
    identity = f"{owner}/port/{protocol or '?'}/{text}"
    return PortFact(
        identity,
        *_origin(f),
        protocol=protocol,
        ports=ports,
        shared=f.flag("shared"),
        telling=f.text("telling"),
        over=f.choices("over", CARRIERS),
    )


def _sensor(f: Fields, owner: str) -> SensorFact:
    label = f.needed("label").strip().lower()
    return SensorFact(f"{owner}/sensor/{label}", *_origin(f), label=label)


def _seat(f: Fields, owner: str) -> SeatFact:
    country = f.needed("country")
    if not _COUNTRY.match(country):
        raise f.error("country", f"= {country!r} must be two capital letters (ISO 3166-1)")
    return SeatFact(f"{owner}/seat/{country}", *_origin(f), country=country, dates=_dates(f))
