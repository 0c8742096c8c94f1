"""Who is measured: dated address ranges, what is excluded, the time zone, the privacy bounds."""

import datetime as dt
import hashlib
import ipaddress
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from folkways.model.addresses import MAPPED_PREFIX
from folkways.model.errors import PopulationError
from folkways.model.period import day_start_ms

DEFAULT_K = 5
_TOP = {"name", "timezone", "study", "range", "exclude"}
_STUDY = {"k", "public_data", "member_ids", "simulated", "anonymised", "duplicates"}
_RANGE = {"prefix", "from", "to", "label", "subnet"}
_EXCLUDE = {"prefix", "from", "to", "reason"}
_FOREVER = 2**62

Duplicates = Literal["once", "all"]


@dataclass(frozen=True)
class Range:
    """A prefix that belongs to the population (or is excluded) between two dates.

    ``first`` and ``last`` are the first and the last 16-byte address; ``from_ms`` (included) and
    ``to_ms`` (not included) bound its time. ``text`` is its label, else the prefix; for an
    exclusion, the reason. ``subnet``: it is a subnet of its own, whose first and last address
    (IPv4) name the network and all of its hosts, and no host.
    """

    prefix: str
    first: bytes
    last: bytes
    from_ms: int
    to_ms: int
    text: str
    subnet: bool = field(default=True, repr=False)

    @property
    def is_ipv4(self) -> bool:
        """Whether it holds IPv4 addresses."""
        return self.first[:12] == MAPPED_PREFIX and self.last[:12] == MAPPED_PREFIX

    @property
    def edges(self) -> tuple[bytes, ...]:
        """The addresses of the network itself and of its broadcast (RFC 919, RFC 922).

        None in IPv6, in a single address, in a link of two (RFC 3021), and in what is wider than
        the widest network that was ever assigned (2^24 addresses, RFC 791).
        """
        size = int.from_bytes(self.last, "big") - int.from_bytes(self.first, "big") + 1
        one = self.subnet and self.is_ipv4 and 2 < size <= 1 << 24
        return (self.first, self.last) if one else ()


@dataclass(frozen=True)
class Population:
    """The address space that is measured.

    ``simulated`` marks made-up data, so that every page can say so. ``anonymised``: addresses were
    made unrecognisable before they came here, and the ranges are given as they look now; lists of
    real addresses say nothing of them. ``duplicates``: whether packets that two exporters report
    are counted once or as often as they are reported.
    """

    name: str
    timezone: str
    k: int
    public_data: bool
    simulated: bool
    anonymised: bool
    duplicates: Duplicates
    ranges: tuple[Range, ...]
    excludes: tuple[Range, ...]
    digest: str

    @classmethod
    def load(cls, path: Path) -> "Population":
        """Read a population file (TOML).

        Raises:
            PopulationError: it cannot be read, or says something that cannot be.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PopulationError(f"{path} cannot be read: {error.strerror}.") from None
        try:
            return cls.parse(content.decode("utf-8"))
        except UnicodeDecodeError:
            raise PopulationError(f"{path} is not text in UTF-8.") from None
        except PopulationError as error:
            raise PopulationError(f"{path}: {error}") from None

    @classmethod
    def parse(cls, text: str) -> "Population":
        """The same from the file's text."""
        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise PopulationError(f"this is not TOML: {error}.") from None
        _known_keys(data, _TOP, "the top level")
        timezone = _timezone(data.get("timezone", "UTC"))
        study = data.get("study", {})
        _known_keys(study, _STUDY, "[study]")
        k, public = study.get("k", DEFAULT_K), _flag(study, "public_data")
        _check_k(k, public=public)
        raw_ranges = _tables(data, "range")
        if not raw_ranges and not _flag(study, "member_ids"):
            raise PopulationError(
                "no [[range]] is given; a population needs at least one prefix "
                "(or member_ids = true under [study], if sources name members by an id)."
            )
        ranges = tuple(_range(r, _RANGE, "label", timezone) for r in raw_ranges)
        excludes = tuple(_range(r, _EXCLUDE, "reason", timezone) for r in _tables(data, "exclude"))
        _refuse_overlaps(ranges)
        return cls(
            name=str(data.get("name", "unnamed population")),
            timezone=timezone,
            k=k,
            public_data=public,
            simulated=_flag(study, "simulated"),
            anonymised=_flag(study, "anonymised"),
            duplicates=_duplicates(study.get("duplicates", "once")),
            ranges=ranges,
            excludes=excludes,
            digest=_digest(timezone, ranges, excludes, study),
        )


def _known_keys(table: dict[str, Any], known: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise PopulationError(f"{where} must be a table.")
    for key in table:
        if key not in known:
            raise PopulationError(
                f"{where} has an unknown key {key!r}; known are {', '.join(sorted(known))}."
            )


def _tables(data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise PopulationError(f"write [[{key}]] with two brackets, once for each.")
    return value


def _timezone(name: object) -> str:
    try:
        ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise PopulationError(
            f"timezone {name!r} is not known; use an IANA name such as Asia/Pyongyang."
        ) from None
    return str(name)


def _flag(table: dict[str, Any], key: str, *, default: bool = False) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise PopulationError(f"{key} must be true or false.")
    return value


def _duplicates(value: object) -> Duplicates:
    if value == "once":
        return "once"
    if value == "all":
        return "all"
    raise PopulationError(f'duplicates = {value!r} must be "once" or "all".')


def _digest(
    timezone: str, ranges: tuple[Range, ...], excludes: tuple[Range, ...], study: dict[str, Any]
) -> str:
    """What the stored connections depend on; how they are shown (k) does not change them."""
    parts = (timezone, ranges, excludes, study.get("anonymised"), study.get("duplicates"))
    # Without what is as ever, so that older studies know their population again.
    pools = tuple(r.prefix for r in ranges if not r.subnet)
    return hashlib.sha256(repr((*parts, *pools)).encode()).hexdigest()


def _check_k(k: object, *, public: bool) -> None:
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise PopulationError(f"k = {k!r} must be a whole number of 1 or more.")
    if k == 1 and not public:
        raise PopulationError(
            "k = 1 shows single members; it is allowed only with public_data = true."
        )


def _range(table: dict[str, Any], known: set[str], text_key: str, timezone: str) -> Range:
    _known_keys(table, known, f"[[{'range' if text_key == 'label' else 'exclude'}]]")
    if "prefix" not in table:
        raise PopulationError("a range has no prefix.")
    prefix = str(table["prefix"])
    network = _network(prefix)
    first = _mapped(network.network_address)
    last = _mapped(network.broadcast_address)
    from_ms = _instant(table.get("from"), "from", prefix, timezone, -_FOREVER)
    to_ms = _instant(table.get("to"), "to", prefix, timezone, _FOREVER)
    if to_ms <= from_ms:
        raise PopulationError(f"{prefix}: its date 'to' lies before its date 'from'.")
    text = str(table.get(text_key, network))
    subnet = _flag(table, "subnet", default=True)
    return Range(str(network), first, last, from_ms, to_ms, text, subnet)


def _instant(day: object, key: str, prefix: str, timezone: str, default: int) -> int:
    if day is None:
        return default
    if isinstance(day, dt.datetime) or not isinstance(day, dt.date):
        raise PopulationError(f"{prefix}: {key} = {day!r} must be a day such as 2017-04-01.")
    try:
        # A range belongs to the population on its last day too, so 'to' includes the day.
        return day_start_ms(day + dt.timedelta(days=1) if key == "to" else day, timezone)
    except (OverflowError, ValueError):
        # Some write "always" and "for ever" as the first and the last day that there is.
        return -_FOREVER if day.year == dt.MINYEAR else _FOREVER


def _network(prefix: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(prefix.strip())
    except ValueError:
        try:
            meant = ipaddress.ip_network(prefix.strip(), strict=False)
        except ValueError:
            raise PopulationError(
                f"{prefix!r} is not an address prefix such as 198.51.100.0/24 or 2001:db8::/32."
            ) from None
        raise PopulationError(
            f"{prefix!r} has bits set behind its length; did you mean {meant}?"
        ) from None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    return network


def _mapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    packed = address.packed
    return packed if len(packed) == 16 else MAPPED_PREFIX + packed


def _refuse_overlaps(ranges: tuple[Range, ...]) -> None:
    """Two ranges that hold the same address at the same time would count a member twice.

    Only dates can tell apart ranges that share addresses, so a sweep by address compares each
    range with those that still reach into it.
    """
    reaching: list[Range] = []
    for new in sorted(ranges, key=lambda r: (r.first, r.last)):
        reaching = [r for r in reaching if r.last >= new.first]
        for old in reaching:
            # An IPv6 prefix never means the IPv4 addresses that are mapped into it.
            if old.is_ipv4 != new.is_ipv4:
                continue
            if old.from_ms < new.to_ms and new.from_ms < old.to_ms:
                raise PopulationError(
                    f"{old.prefix} and {new.prefix} overlap at the same time; "
                    "give them dates that do not overlap, or keep one."
                )
        reaching.append(new)
