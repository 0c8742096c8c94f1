"""Tables under the sentences: changes by item, and what each round holds by item."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from folkways.report import numbers
from folkways.report.changes import Change, main_measure, of_measure, table_id
from folkways.report.claims import row_id
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Column, Row, Table
from folkways.report.names import Names, key_of, own_labels, round_label, round_title, verdict_label
from folkways.report.wording import amount

VALUES = ("connections", "bytes_out", "bytes_in", "members")


Noun = tuple[str, str]
"""What the items of a table are: one, and many."""


MAIN = ("connections", "bytes")
"""Measures that sentences are about; members stand beside them."""


def change_tables(
    material: Material, what: Noun, found: Sequence[Change], wanted: Sequence[str] | None = None
) -> list[Table]:
    """A table for each measure that was compared (or is wanted), the largest items first."""
    measures = list(dict.fromkeys(c.measure for c in found))
    if wanted is not None:
        measures = [measure for measure in measures if measure in wanted]
    return [
        _change_table(material, what, measure, of_measure(found, measure))
        for measure in sorted(measures, key=_place)
        if any(c.before is not None for c in of_measure(found, measure))
        or measure == main_measure(found)
    ]


def _place(measure: str) -> int:
    order = list(own_labels()["measure"])
    return order.index(measure) if measure in order else len(order)


def _change_table(material: Material, what: Noun, measure: str, found: list[Change]) -> Table:
    first, last = (round_label(r) for r in (material.rounds[0], material.rounds[-1]))
    unit = own_labels()["measure"].get(measure, f"{measure} a day")
    heading = unit[:1].upper() + unit[1:]
    columns = (
        Column(what[0], numeric=False),
        Column(first, heading),
        Column(last, heading),
        Column("Ratio", "Change"),
        Column(f"{numbers.CONFIDENCE} interval", "Change"),
        Column("q", "Change"),
        Column("Verdict", "Change", numeric=False),
        Column("Days", "Rests on"),
        Column("Members", "Rests on"),
    )
    rows = tuple(Row(c.anchor, change_cells(c)) for c in found)
    notes = [
        (
            "Daily means over complete days, in which every day of the week weighs the same. Days: "
            "complete days of either round that were used. Members: distinct members over each "
            "whole round. q: p after Benjamini-Hochberg over all items of the measure."
        ),
        *_suppression_note(material, rows),
    ]
    return Table(
        id=table_id(found[0].group, measure),
        title=f"{what[1]} by {unit}: {len(rows):,} compared",
        columns=columns,
        rows=rows,
        notes=tuple(notes),
    )


def change_cells(change: Change) -> tuple[str, ...]:
    """A row of a table of changes: name, means, ratio, interval, q, verdict, days, members."""
    if change.suppressed:
        return (change.name, *[numbers.SUPPRESSED] * 2, "", "", "", _verdict(change), "", "")
    members = [numbers.count(m) for m in change.members]
    return (
        change.name,
        amount(change.measure, change.before),
        amount(change.measure, change.after),
        "" if change.ratio is None else numbers.ratio(change.ratio),
        "" if change.low is None else numbers.interval(change.low, change.high),
        "" if change.q is None else numbers.q_value(change.q).removeprefix("q").strip(" =\u00a0"),
        _verdict(change),
        f"{change.days[0]}, {change.days[1]}",
        "" if change.members == (None, None) else ", ".join(members),
    )


def _verdict(change: Change) -> str:
    return verdict_label(change.verdict).lower()


def group_table(
    material: Material,
    group: str,
    what: Noun,
    *,
    keep: Callable[[dict[str, Any]], bool] | None = None,
    suffix: str = "",
) -> Table:
    """What each round holds by the items of a group, most connections first.

    ``keep`` chooses rows; ``suffix`` tells tables of the same group apart.
    """
    table = f"by-{group}{suffix}"
    columns = [Column(what[0], numeric=False)]
    for one in material.rounds:
        heading = round_title(one)
        columns += [Column(c, heading) for c in ("Connections", "Share", "Sent", "Received")]
        columns.append(Column("Members", heading))
    rows = tuple(
        Row(
            row_id(table, item.key),
            (
                item.name,
                *(c for i, r in enumerate(item.rows) for c in cells(r, material.rounds[i])),
            ),
        )
        for item in pivot(material, group, keep)
    )
    return Table(
        id=table,
        title=f"{what[1]} in each round: {len(rows):,}",
        columns=tuple(columns),
        rows=rows,
        notes=(
            "Whole rounds, incomplete days included. Share: of all connections of use in the round "
            "(" + "; ".join(_denominator(one) for one in material.rounds) + "). Sent and "
            "received as the population sees it, in decimal units (1 kB = 1000 B).",
            *_suppression_note(material, rows),
        ),
    )


@dataclass(frozen=True)
class Item:
    """An item of a group with its row in each round; None: it has none there."""

    key: tuple[Any, ...]
    name: str
    rows: tuple[dict[str, Any] | None, ...]

    @property
    def most(self) -> int:
        """The most connections that it has in any round."""
        return max((row["connections"] or 0) if row else 0 for row in self.rows)


def pivot(
    material: Material, group: str, keep: Callable[[dict[str, Any]], bool] | None = None
) -> list[Item]:
    """The items of a group, most connections first."""
    names = Names.of(material)
    named: dict[tuple[Any, ...], str] = {}
    rounds: list[dict[tuple[Any, ...], dict[str, Any]]] = []
    for one in material.rounds:
        rows = [row for row in group_rows(one, group) if keep is None or keep(row)]
        rounds.append({tuple(key_of(group, row)): row for row in rows})
        named |= {tuple(key_of(group, row)): names.row(group, row) for row in rows}
    items = [Item(key, name, tuple(r.get(key) for r in rounds)) for key, name in named.items()]
    return sorted(items, key=lambda item: (-item.most, item.name))


def group_rows(one: RoundMaterial, group: str) -> list[dict[str, Any]]:
    """Rows of a round by a group; numbers of suppressed ones are None whatever came in."""
    table = one.by.get(group)
    rows: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    return [safe(row) for row in rows]


def safe(row: dict[str, Any]) -> dict[str, Any]:
    """The row without numbers if it is suppressed."""
    if row.get("state") != "suppressed":
        return row
    numbers_of = (*VALUES, "answered", "bytes", "share", "total")
    return {name: None if name in numbers_of else value for name, value in row.items()}


def share_of(row: dict[str, Any] | None, one: RoundMaterial) -> float | None:
    """An item's part of all connections of use."""
    total = one.totals.get("connections")
    if row is None or row["connections"] is None or not total:
        return None
    part: float = row["connections"] / total
    return part


def cells(row: dict[str, Any] | None, one: RoundMaterial) -> list[str]:
    """Connections, share, sent, received and members of an item in a round."""
    if row is None:
        return ["0", "", "", "", "0"]
    if row.get("state") == "suppressed":
        return [numbers.SUPPRESSED, "", "", "", ""]
    part = share_of(row, one)
    return [
        numbers.count(row["connections"]),
        "" if part is None else numbers.share(part),
        numbers.size(row["bytes_out"]),
        numbers.size(row["bytes_in"]),
        numbers.count(row["members"]),
    ]


def _denominator(one: RoundMaterial) -> str:
    return f"{round_label(one)}: {numbers.count(one.totals.get('connections'))}"


def _suppression_note(material: Material, rows: Sequence[Row]) -> list[str]:
    if not any(numbers.SUPPRESSED in row.cells for row in rows):
        return []
    return [suppression_words(material.k)]


def suppression_words(k: int) -> str:
    """What a suppressed cell means."""
    return (
        f"Suppressed: fewer than {k} members stand behind the cell, "
        "or it would give such a cell away."
    )
