"""How much: totals of each round, daily means over complete days, and what was set aside."""

from collections.abc import Sequence
from typing import Any

from folkways.report import numbers
from folkways.report.changes import WHOLE, Change, changes
from folkways.report.charts.series import BYTES
from folkways.report.claims import claim, row_id
from folkways.report.figures import between, daily_points, panels_of, series_chart
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Block, Claim, Claims, Column, Row, Section, Table
from folkways.report.names import own_labels, round_label, round_title
from folkways.report.tables import change_cells, safe, suppression_words
from folkways.report.wording import sentence

TOTALS, NOISE = "totals", "noise"
MEASURES = ("connections", "bytes", "members")


def volume(material: Material) -> Section:
    """Totals with their daily means, a chart of the days, and noise."""
    found = changes(material, WHOLE)
    blocks: list[Block] = [Claims("", tuple(_claim(one) for one in material.rounds))]
    if found:
        found.sort(key=lambda c: MEASURES.index(c.measure) if c.measure in MEASURES else 9)
        told = tuple(sentence("volume", change) for change in found)
        blocks.append(Claims("From the first to the last round", told))
    blocks.append(_totals(material))
    blocks += _chart(material)
    if found:
        blocks.append(_changes(material, found))
    blocks.append(_noise(material))
    return Section("3", "volume", "How much", tuple(blocks))


def daily_mean(one: RoundMaterial, measure: str) -> tuple[float | None, int]:
    """Mean of a measure of all use over complete days, and how many days it rests on."""
    days = whole_by_day(one, measure)
    known = [value for value in days.values() if value is not None]
    return (sum(known) / len(known) if known else None), len(known)


def whole_by_day(one: RoundMaterial, measure: str) -> dict[str, float | None]:
    """All use by complete day."""
    if measure not in one.hidden_daily.column_names:
        return {}
    return daily_points(one, one.hidden_daily.to_pylist(), "way", measure, ["all"])["all"]


def _claim(one: RoundMaterial) -> Claim:
    totals = safe(one.totals)
    mean, days = daily_mean(one, "connections")
    parts = [f"{numbers.count(totals.get('connections'))} connections"]
    if totals.get("answered") is not None and totals.get("connections"):
        answered = totals["answered"] / totals["connections"]
        parts[0] += f" ({numbers.share(answered)} of them answered)"
    parts.append(f"{numbers.count(totals.get('members'))} active members")
    parts += _bytes_words(totals)
    text = f"{numbers.listing(parts)}."
    if mean is not None:
        text += (
            f" On a complete day {numbers.mean(mean)} connections "
            f"(mean of {numbers.plural(days, 'day')})."
        )
    data = {"round": one.name, "totals": totals, "mean": mean, "days": days}
    lead = f"{round_title(one)}:"
    return claim("volume.total", data, lead, text, row_id(TOTALS, one.name))


def _bytes_words(totals: dict[str, Any]) -> list[str]:
    sent, received = totals.get("bytes_out"), totals.get("bytes_in")
    if sent is None and received is None:
        return ["an unknown volume (the sources give no bytes)"]
    return [f"{numbers.size(sent)} sent", f"{numbers.size(received)} received"]


def _totals(material: Material) -> Table:
    rows = []
    for one in material.rounds:
        totals = safe(one.totals)
        means = [daily_mean(one, measure) for measure in MEASURES]
        # Bytes that the sources do not give add up to zero there; the totals know better.
        known = totals.get("bytes_out") is not None or totals.get("bytes_in") is not None
        cells = (
            round_title(one),
            numbers.count(totals.get("connections")),
            numbers.count(totals.get("answered")),
            numbers.size(totals.get("bytes_out")),
            numbers.size(totals.get("bytes_in")),
            numbers.count(totals.get("members")),
            numbers.mean(means[0][0]),
            numbers.size(means[1][0] if known else None),
            numbers.mean(means[2][0]),
            numbers.count(means[0][1]),
        )
        rows.append(Row(row_id(TOTALS, one.name), cells))
    whole, day = "Whole round", "Mean of a complete day"
    return Table(
        id=TOTALS,
        title="Use in each round",
        columns=(
            Column("Round", numeric=False),
            Column("Connections", whole),
            Column("Answered", whole),
            Column("Sent", whole),
            Column("Received", whole),
            Column("Members", whole),
            Column("Connections", day),
            Column("Bytes", day),
            Column("Members", day),
            Column("Days", day),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Use only: noise and internal traffic stand below. Bytes on the wire in decimal "
                "units (1 kB = 1000 B), both directions together for a day."
            ),
        ),
        folded=False,
    )


def _changes(material: Material, found: Sequence[Change]) -> Table:
    """All measures of the whole in one table, a row each with its own unit."""
    first, last = (round_label(material.rounds[i]) for i in (0, -1))
    words = own_labels()["measure"]
    rows = [Row(c.anchor, (words.get(c.measure, c.measure), *change_cells(c)[1:-1])) for c in found]
    labels = (first, last, "Ratio", f"{numbers.CONFIDENCE} interval", "q", "Verdict", "Days")
    return Table(
        id="change-all",
        title="From the first to the last round",
        columns=(
            Column("Mean", numeric=False),
            *(Column(label, numeric=label != "Verdict") for label in labels),
        ),
        rows=tuple(rows),
        notes=("Daily means over complete days, every day of the week weighing the same.",),
    )


def _chart(material: Material) -> list[Block]:
    titles = {"connections": "Connections a day", "members": "Active members a day"}
    if not any(len(one.coverage) > 1 for one in material.rounds):
        return []
    tables = [{m: whole_by_day(one, m) for m in MEASURES} for one in material.rounds]
    charts: list[Block] = []
    if any(_some(t["connections"]) for t in tables):
        charts.append(
            series_chart(
                material,
                "chart-volume",
                "Use by day",
                panels_of(material, tables, titles),
                "All use by day. Incomplete days are left open; each panel has its own scale."
                + between(material),
            )
        )
    if any(one.totals.get("bytes_in") is not None for one in material.rounds):
        charts.append(
            series_chart(
                material,
                "chart-bytes",
                "Bytes by day",
                panels_of(material, tables, {"bytes": "Bytes a day, both directions"}),
                "All use by day, in decimal units.",
                kind=BYTES,
            )
        )
    return charts


def _some(days: dict[str, float | None]) -> bool:
    return any(value is not None for value in days.values())


def _noise(material: Material) -> Table:
    labels = own_labels()["noise"]
    rows: list[Row] = []
    hidden = False
    for one in material.rounds:
        total = sum(safe(row)["connections"] or 0 for row in one.noise)
        for raw in sorted(one.noise, key=_order):
            row, kind = safe(raw), _kind(raw)
            hidden = hidden or raw.get("state") == "suppressed"
            cells = [round_title(one), labels.get(kind, kind), *_noise_cells(row, total)]
            rows.append(Row(row_id(NOISE, [one.name, kind]), tuple(cells)))
    return Table(
        id=NOISE,
        title="Use, and what was set aside",
        columns=(
            Column("Round", numeric=False),
            Column("Kind", numeric=False),
            Column("Connections"),
            Column("Share of all"),
            Column("Bytes"),
        ),
        rows=tuple(rows),
        notes=(
            "Only use is part of the other figures of this page.",
            *_about(material),
            *([suppression_words(material.k)] if hidden else []),
        ),
        folded=False,
    )


def _about(material: Material) -> list[str]:
    """A sentence for each kind that was set aside, in the order of the labels."""
    labels, about = own_labels()["noise"], own_labels()["noise_about"]
    found = {_kind(row) for one in material.rounds for row in one.noise}
    return [f"{labels[kind]}: {text}" for kind, text in about.items() if kind in found]


def _order(row: dict[str, Any]) -> tuple[bool, int, str]:
    """Use first, then what is most."""
    return (_kind(row) != "use", -(safe(row)["connections"] or 0), _kind(row))


def _kind(row: dict[str, Any]) -> str:
    return str(row.get("noise") or "unknown")


def _noise_cells(row: dict[str, Any], total: int) -> Sequence[str]:
    if row.get("state") == "suppressed":
        return [numbers.SUPPRESSED, "", ""]
    connections = row["connections"]
    part = connections / total if total and connections is not None else None
    sides = [row.get("bytes_out"), row.get("bytes_in")]
    known = [side for side in sides if side is not None]
    size = row.get("bytes", sum(known) if known else None)
    return [numbers.count(connections), numbers.share(part), numbers.size(size)]
