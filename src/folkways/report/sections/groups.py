"""One group at a time: shares of the rounds side by side, what changed, tables."""

from typing import Any

from folkways.report import numbers
from folkways.report.changes import changes, main_measure
from folkways.report.charts.bars import Bar
from folkways.report.claims import claim
from folkways.report.figures import bars_chart
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Block, Chart, Claim, Heading
from folkways.report.names import Names, round_label, round_title
from folkways.report.tables import (
    MAIN,
    Noun,
    change_tables,
    group_rows,
    group_table,
    pivot,
    share_of,
)
from folkways.report.wording import short_list

SHARED, NAMED = 12, 8
ENOUGH = 0.05
"""Part of all connections that a group must tell of to lead the page."""
SERVICE: Noun = ("Service", "Services")
OPERATOR: Noun = ("Operator", "Operators")
NETWORK: Noun = ("Network", "Networks")
STANDING_IN: dict[str, Noun] = {"service": SERVICE, "asn": NETWORK, "operator": OPERATOR}
"""Groups that can carry a report, the best first."""


def main_group(material: Material) -> str:
    """Services where enough are known, else networks by AS number, else operators."""
    total = sum(one.totals.get("connections") or 0 for one in material.rounds)
    for group in STANDING_IN:
        known = sum(
            r["connections"] or 0 for r in all_rows(material, group) if r[group] is not None
        )
        if known and known >= ENOUGH * total:
            return group
    return "service"


def told(material: Material, group: str) -> bool:
    """Whether any row of a group is known."""
    return any(row[group] is not None for row in all_rows(material, group))


def most_used(
    material: Material, one: RoundMaterial, group: str, section: str = "services"
) -> Claim | None:
    """The items with most connections in a round, with their shares; None: there is none."""
    names = Names.of(material)
    rows = [r for r in group_rows(one, group) if r["connections"] and names.known(group, r)]
    if not rows:
        return None
    rows.sort(key=lambda r: (-r["connections"], names.row(group, r)))
    shown = [
        f"{names.row(group, row)} ({numbers.share(share_of(row, one))})" for row in rows[:NAMED]
    ]
    total = numbers.count(one.totals.get("connections"))
    text = f"{numbers.listing(shown)} of {total} connections."
    data = {"round": one.name, "rows": rows[:NAMED], "total": total}
    lead = f"Most used in {round_label(one)}:" if section == "findings" else f"{round_title(one)}:"
    return claim(f"{section}.most-used.{group}", data, lead, text, f"by-{group}")


def group_blocks(
    material: Material, section: str, group: str, title: str, what: Noun
) -> list[Block]:
    """Shares of one group with their changes and tables; empty if nothing of it is known."""
    names = Names.of(material)
    if not any(names.known(group, row) for row in all_rows(material, group)):
        return []
    blocks: list[Block] = [Heading(title)]
    chart = shares_chart(material, group, what)
    if chart is not None:
        blocks.append(chart)
    found = changes(material, group)
    blocks += short_list(f"{section}.{group}", found, main_measure(found), material.k)
    blocks += change_tables(material, what, found, MAIN)
    blocks.append(group_table(material, group, what))
    return blocks


def shares_chart(material: Material, group: str, what: Noun) -> Chart | None:
    """Bars of the largest items; None: nothing can be drawn."""
    items = pivot(material, group)
    ranked = items[:SHARED]
    bars = [
        Bar(item.name, round_title(one), share_of(row, one), _share_text(row, one))
        for item in ranked
        for row, one in zip(item.rows, material.rounds, strict=True)
    ]
    if not any(bar.share for bar in bars):
        return None
    rest = len(items) - len(ranked)
    more = f" The {rest} smaller ones stand in the table." if rest > 0 else ""
    return bars_chart(
        material,
        f"chart-{group}",
        f"Share of connections by {what[0].lower()}",
        bars,
        f"Part of all connections of use in each round.{more}",
    )


def _share_text(row: dict[str, Any] | None, one: RoundMaterial) -> str:
    if row is None:
        return numbers.share(0.0)
    if row.get("state") == "suppressed":
        return numbers.SUPPRESSED
    return numbers.share(share_of(row, one))


def all_rows(material: Material, group: str) -> list[dict[str, Any]]:
    """Rows of all rounds by a group."""
    return [row for one in material.rounds for row in group_rows(one, group)]
