"""Who is measured: the address space, since when, what is left out and why."""

from folkways.report import numbers
from folkways.report.claims import claim, row_id
from folkways.report.dates import local_date, short_day
from folkways.report.material import Material, Rows
from folkways.report.model import Block, Claim, Claims, Column, Prose, Row, Section, Table

RANGES, EXCLUDES = "ranges", "excludes"


def who(material: Material) -> Section:
    """Ranges with their dates, exclusions with reasons, the time zone and k."""
    blocks: list[Block] = [Claims("", (_ranges_claim(material),))] if material.ranges else []
    if material.ranges:
        blocks.append(_table(material, RANGES, "Ranges that are measured", material.ranges))
    else:
        blocks.append(
            Prose("No address range is given: the sources name members by an id of their own.")
        )
    if material.excludes:
        blocks.append(
            _table(material, EXCLUDES, "What is left out, and why", material.excludes, "Reason")
        )
    else:
        blocks.append(Prose("No part of it is left out by the population file."))
    blocks += [Prose(_time(material)), Prose(_privacy(material))]
    return Section("1", "who", "Who is measured", tuple(blocks))


def _ranges_claim(material: Material) -> Claim:
    text = (
        f"{numbers.plural(len(material.ranges), 'address range')}, "
        f"{numbers.plural(len(material.excludes), 'exclusion')}; a range counts only between its "
        "dates."
    )
    data = {"ranges": material.ranges, "excludes": material.excludes}
    return claim("who.ranges", data, f"{material.population}:", text, RANGES)


def _time(material: Material) -> str:
    return (
        f"Days, weekdays and hours are those of {material.timezone}, with every change of its "
        "offset from UTC."
    )


def _privacy(material: Material) -> str:
    if material.k == 1:
        why = " The data are public, so that single members may be shown." * material.public_data
        return f"k = 1: no cell is suppressed.{why}"
    return (
        f"k = {material.k}: cells with fewer than {material.k} members show no numbers, and "
        "neither does a cell from which such a number could be computed. Members are known by "
        "pseudonyms only."
    )


def _table(material: Material, table: str, title: str, rows: Rows, text: str = "Label") -> Table:
    return Table(
        id=table,
        title=title,
        columns=(
            Column("Prefix", numeric=False),
            Column(text, numeric=False),
            Column("From", numeric=False),
            Column("To", numeric=False),
        ),
        rows=tuple(Row(row_id(table, row), _cells(row, material.timezone)) for row in rows),
        folded=len(rows) > 12,
    )


def _cells(row: dict[str, object], timezone: str) -> tuple[str, ...]:
    begin = local_date(_text(row["from"]), timezone)
    end = local_date(_text(row["to"]), timezone, before=True)
    return (
        str(row["prefix"]),
        str(row["text"]),
        short_day(begin) if begin else "open",
        short_day(end) if end else "open",
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
