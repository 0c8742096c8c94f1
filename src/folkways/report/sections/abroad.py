"""Where abroad: countries that the other ends stand in, ranked, new ones marked."""

from typing import Any

from folkways.report import numbers
from folkways.report.changes import changes, main_measure
from folkways.report.claims import claim
from folkways.report.material import Material
from folkways.report.model import Block, Claim, Claims, Prose, Section
from folkways.report.names import Names, round_label
from folkways.report.sections.groups import most_used, shares_chart
from folkways.report.tables import MAIN, Noun, change_tables, group_rows, group_table
from folkways.report.wording import short_list

COUNTRY: Noun = ("Country", "Countries")
NAMED = 20


def abroad(material: Material) -> Section:
    """Connections to addresses by country; says nothing of where members sit."""
    names = Names.of(material)
    rows = [row for one in material.rounds for row in group_rows(one, "country")]
    blocks: list[Block] = []
    if not any(names.known("country", row) for row in rows):
        words = (
            "No remote address could be placed in a country: no list of countries covers them, "
            "and the sources name none."
        )
        return Section("9", "abroad", "Where abroad", (Prose(words),))
    ranked = [most_used(material, one, "country", "abroad") for one in material.rounds]
    blocks.append(
        Prose(
            "Connections to addresses in each country, as lists valid on the day place them. It "
            "tells where the other ends are, or are registered; where members themselves sit does "
            "not follow from it."
        )
    )
    blocks.append(Claims("Ranked by connections", tuple(c for c in ranked if c is not None)))
    fresh = new_countries(material, "abroad")
    if fresh is not None:
        blocks.append(Claims("", (fresh,)))
    chart = shares_chart(material, "country", COUNTRY)
    if chart is not None:
        blocks.append(chart)
    found = changes(material, "country")
    blocks += short_list("abroad", found, main_measure(found), material.k)
    blocks += change_tables(material, COUNTRY, found, MAIN)
    blocks.append(group_table(material, "country", COUNTRY))
    return Section("9", "abroad", "Where abroad", tuple(blocks))


def new_countries(material: Material, section: str) -> Claim | None:
    """Countries seen in the last round and in none before it; None: there are none.

    A cell that is suppressed was there: its country is neither new nor told as new.
    """
    names = Names.of(material)
    *before, last = material.rounds
    old = {
        row["country"]
        for one in before
        for row in group_rows(one, "country")
        if row["connections"] is None or row["connections"] > 0
    }
    rows = [
        row
        for row in group_rows(last, "country")
        if row["connections"] and row["country"] is not None and row["country"] not in old
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: -row["connections"])
    shown = [_told(names, row) for row in rows[:NAMED]]
    if len(rows) > NAMED:
        shown.append(f"{len(rows) - NAMED:,} more")
    lead = f"New in {round_label(last)}:"
    data = {"round": last.name, "rows": rows}
    text = f"connections to addresses in {numbers.listing(shown)}; none were seen before."
    return claim(f"{section}.new", data, lead, text, "by-country")


def _told(names: Names, row: dict[str, Any]) -> str:
    return f"{names.row('country', row)} ({numbers.count(row['connections'])})"
