"""The scenario's own dated address lists: AS numbers, countries, relays, VPNs, rented servers.

Range CSV (``start,end,value,name``, both addresses included) and a manifest, ``lists.toml``, that
gives each list its kind and the days for which it holds. AS numbers are those for private use
(RFC 6996), so that no simulated address is said to belong to a real network.
"""

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from folkways.simulate.places import Run
from folkways.simulate.plan import Plan

FIRST_ASN = 4_200_000_000
SOURCE, LICENCE = "simulated", "CC0"
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class SimulatedList:
    """A list as it was written: what an import of it needs to know; days both included."""

    path: Path
    kind: str
    first: dt.date
    last: dt.date
    source: str
    licence: str


@dataclass(frozen=True)
class List:
    """A list: its file's name, its kind, its days (both included) and its rows."""

    file: str
    kind: str
    first: dt.date
    last: dt.date
    rows: list[Row]


def lists(plan: Plan) -> list[List]:
    """All lists of a scenario.

    AS numbers and countries hold from a month before the first round to a month after the last;
    lists of relays, VPNs and rented servers have an edition for each round, and between the
    rounds there is none.
    """
    month = dt.timedelta(days=31)
    rounds = plan.scenario.round
    first, last = rounds[0].first - month, rounds[-1].last + month
    texts = plan.places.texts
    found = []
    for version in (4, 6):
        runs = [run for run in plan.places.runs if run.version == version]
        found.append(List(f"asn-ipv{version}.csv", "asn", first, last, _asn(plan, runs)))
        rows = [(*_ends(texts, r.first, r.count), r.country, "") for r in runs]
        found.append(List(f"country-ipv{version}.csv", "country", first, last, rows))
    for number, one in enumerate(rounds):
        starts, counts = plan.remotes(number)
        for kind in sorted({item.list for item in plan.scenario.item if item.list}):
            rows = [
                (*_ends(texts, int(starts[i]), int(counts[i])), kind, "")
                for i, item in enumerate(plan.scenario.item)
                if item.list == kind
            ]
            span = one.first - dt.timedelta(days=7), one.last + dt.timedelta(days=7)
            found.append(List(f"{kind}-{one.name}.csv", kind, *span, rows))
    return found


def write(plan: Plan, folder: Path) -> tuple[SimulatedList, ...]:
    """Write all lists and their manifest into a folder, which is made."""
    folder.mkdir(parents=True)
    lines = ["# SIMULATED address lists: no address here is anybody's.", ""]
    written = []
    for one in lists(plan):
        path = folder / one.file
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(_short(one.rows))
        written.append(SimulatedList(path, one.kind, one.first, one.last, SOURCE, LICENCE))
        lines += [
            "[[list]]",
            f'file = "{one.file}"',
            f'kind = "{one.kind}"',
            f"from = {one.first}",
            f"to = {one.last}",
            f'source = "{SOURCE}"',
            f'licence = "{LICENCE}"',
            "",
        ]
    (folder / "lists.toml").write_text("\n".join(lines), encoding="utf-8")
    return tuple(written)


def _asn(plan: Plan, runs: list[Run]) -> list[Row]:
    return [
        (
            *_ends(plan.places.texts, run.first, run.count),
            str(FIRST_ASN + run.item),
            f"SIMULATED {plan.scenario.item[run.item].id}",
        )
        for run in runs
    ]


def _ends(texts: list[str], first: int, count: int) -> tuple[str, str]:
    return texts[first], texts[first + count - 1]


def _short(rows: Iterable[Row]) -> list[list[str]]:
    """Rows without an empty name at the end."""
    return [[*row[:3], *filter(None, row[3:])] for row in rows]
