"""What a scenario says: TOML files in a folder, read into typed values and checked once.

A scenario is data (who lives where, what they use how often in each round, which lists exist), so
that a new one needs no code. All TOML files of its folder are read as one: tables are merged,
``[[item]]`` and the like are strung together in the order of the file names.
"""

import datetime as dt
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from folkways.model.errors import UserError

FOLDER = Path(__file__).parent / "scenarios"
SHAPES = "shapes"

Kind = Literal["service", "hidden", "unknown", "abroad", "noise", "excluded"]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size of one connection: mean payload bytes, sigma of their log-normal, mean seconds."""

    up: float
    down: float
    spread: float
    seconds: float
    packet: float


class Rhythm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of the 24 local hours, and of the seven days from Monday."""

    hours: list[float]
    week: list[float]

    def __post_init__(self) -> None:
        if len(self.hours) != 24 or len(self.week) != 7:
            raise ValueError("a rhythm has 24 hours and 7 days")


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whole local days, both included."""

    name: str
    first: dt.date
    last: dt.date


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Local hours of a day in which the sensor wrote nothing; ``to_hour`` is not included."""

    day: dt.date
    from_hour: int
    to_hour: int


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Day-to-day noise: an AR(1) on the logarithm, shared by all items and each item's own."""

    correlation: float
    shared: float
    own: float


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prefix of the population; ``active`` addresses of it are in use, ``heavy`` of them NATs."""

    prefix: str
    label: str
    active: int
    heavy: int = 0


class Exclude(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A prefix inside a range that is not the population's; ``active`` addresses are in use."""

    prefix: str
    reason: str
    active: int


class Remote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The space from which all remote sides are taken."""

    v4: str
    v6: str


class Dns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The share of connections to named hosts that is preceded by a visible query."""

    item: str
    share: float


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that makes connections, with its rate and number of users in each round.

    ``tls``, ``http`` and ``quic`` map host names to weights ("" is a handshake without a name),
    ``ports`` maps ``udp/27960`` to weights, ``unnamed_hosts`` asks for that many invented hosts.
    """

    id: str
    kind: Kind
    daily: list[float]
    profile: str
    rhythm: str
    countries: dict[str, float]
    users: list[int] = []
    operator: str | None = None
    function: str | None = None
    hidden: str | None = None
    since: dt.date | None = None
    direction: Literal["out", "in"] = "out"
    outcome: Literal["answered", "unanswered", "backscatter"] = "answered"
    addresses: int = 32
    ipv6: bool = False
    list: str | None = None
    tls: dict[str, float] = {}
    http: dict[str, float] = {}
    quic: dict[str, float] = {}
    ports: dict[str, float] = {}
    unnamed_hosts: dict[str, int] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    name: str
    description: str
    population: str
    timezone: str
    k: int
    noise: Noise
    remote: Remote
    dns: Dns
    round: list[Round]
    range: list[Range]
    item: list[Item]
    profile: dict[str, Profile]
    rhythm: dict[str, Rhythm]
    exclude: list[Exclude] = []
    outage: list[Outage] = []

    def __post_init__(self) -> None:
        ids = [item.id for item in self.item]
        for item in self.item:
            if ids.count(item.id) > 1:
                raise ValueError(f"the item {item.id!r} is given twice")
            if len(item.daily) != len(self.round):
                raise ValueError(f"{item.id}: daily needs a number for each round")
            if item.users and len(item.users) != len(self.round):
                raise ValueError(f"{item.id}: users needs a number for each round")
            if item.profile not in self.profile or item.rhythm not in self.rhythm:
                raise ValueError(f"{item.id}: its profile or its rhythm is not defined")
        if self.dns.item not in ids:
            raise ValueError(f"[dns] names the item {self.dns.item!r}, which is not given")


def names(folder: Path = FOLDER) -> list[str]:
    """The scenarios that exist, in order."""
    return sorted(path.parent.name for path in folder.glob("*/scenario.toml"))


def load(name: str, folder: Path = FOLDER) -> Scenario:
    """Read a scenario by its name.

    Raises:
        UserError: there is none of that name, or its files do not say what they must.
    """
    if name not in names(folder):
        raise UserError(
            f"There is no scenario {name!r}; there are {', '.join(names(folder)) or 'none'}."
        )
    files = [*sorted((folder / SHAPES).glob("*.toml")), *sorted((folder / name).glob("*.toml"))]
    try:
        return msgspec.convert(_merged(files), Scenario)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"The scenario {name!r} is wrong: {error}.") from None


def _merged(files: Iterable[Path]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path in files:
        for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if isinstance(value, list) and isinstance(whole.get(key), list):
                whole[key] = [*whole[key], *value]
            elif isinstance(value, dict) and isinstance(whole.get(key), dict):
                whole[key] = {**whole[key], **value}
            else:
                whole[key] = value
    return whole
