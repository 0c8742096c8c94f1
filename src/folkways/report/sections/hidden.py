"""What is hidden: the headline, each way with a figure of its own, and the older composite."""

from typing import Any

from folkways.model.ways import SUSPECTED
from folkways.report import numbers
from folkways.report.changes import Change, changes, main_measure
from folkways.report.charts.series import SHARE
from folkways.report.claims import claim, row_id
from folkways.report.figures import between, daily_points, panels_of, series_chart
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Block, Claim, Claims, Column, Prose, Row, Section, Table
from folkways.report.names import Names, round_label, round_title
from folkways.report.tables import (
    MAIN,
    Noun,
    change_tables,
    group_rows,
    group_table,
    safe,
    suppression_words,
)
from folkways.report.wording import short_list

ALL, HEADLINE, PUBLISHED = "all", "any", "as-published"
TABLE = "hidden-ways"
WAY: Noun = ("Way", "Ways of hiding")
ENCRYPTION: Noun = ("Encryption", "Kinds of encryption")


def hidden(material: Material) -> Section:
    """Shares of hidden connections by way, with their days."""
    if not judged(material):
        words = (
            "Cannot tell: these data hold neither protocols nor ports nor names, so that nothing "
            "says which connections were hidden or encrypted."
        )
        return Section("6", "hidden", "What is hidden", (Prose(words),))
    seen = ways(material)
    aside = {HEADLINE, PUBLISHED, *SUSPECTED}
    single = [way for way in seen if way not in aside]
    claims = [_headline(material), *(_way(material, way) for way in single)]
    found = changes(material, "hidden", lambda c: c.key[1] is not None)
    blocks: list[Block] = [Claims("", tuple(claims))]
    if not single:
        blocks.append(Prose("No single way of hiding was seen in any round."))
    blocks += _chart(material, [HEADLINE, *single])
    apart = [way for way in (*sorted(SUSPECTED), PUBLISHED) if way in seen]
    blocks.append(Claims("Kept apart", tuple(_way(material, way) for way in apart)))
    blocks.append(Prose(_composite()))
    blocks += _changed(material, found)
    blocks.append(_table(material, [HEADLINE, *single, *apart]))
    blocks += change_tables(material, WAY, found, MAIN)
    if any(group_rows(one, "encrypted") for one in material.rounds):
        blocks.append(group_table(material, "encrypted", ENCRYPTION))
    return Section("6", "hidden", "What is hidden", tuple(blocks))


def judged(material: Material) -> bool:
    """Whether the data could show anything hidden or encrypted at all."""
    encrypted = (
        row["encrypted"] for one in material.rounds for row in group_rows(one, "encrypted")
    )
    return any(value is not None for value in encrypted) or any(
        way not in {ALL, HEADLINE, PUBLISHED} for one in material.rounds for way in _rows(one)
    )


def ways(material: Material) -> list[str]:
    """All ways that any round holds, the headline first, then the most used."""
    most: dict[str, int] = {HEADLINE: 0, PUBLISHED: 0}
    for one in material.rounds:
        for way, row in _rows(one).items():
            most[way] = max(most.get(way, 0), row["connections"] or 0)
    most.pop(ALL, None)
    return sorted(most, key=lambda way: (way != HEADLINE, -most[way], way))


def share(one: RoundMaterial, way: str) -> float | None:
    """The share of a way in a round; None: not known, nothing there, or suppressed."""
    row = _rows(one).get(way)
    if row is None:
        whole = _rows(one).get(ALL)
        return 0.0 if whole and whole["connections"] else None
    value: float | None = row["share"]
    return value


def suppressed(one: RoundMaterial, way: str) -> bool:
    """Whether the cell of a way is suppressed."""
    return bool(_rows(one).get(way, {}).get("state") == "suppressed")


def headline_words(material: Material) -> str:
    """The headline of every round, and the ratio of the last to the first."""
    parts = [_part(one, HEADLINE) for one in material.rounds]
    return f"{numbers.listing(parts)}{_times(material, HEADLINE)}."


def _headline(material: Material) -> Claim:
    data = {"rows": [_rows(one).get(HEADLINE) for one in material.rounds]}
    row = row_id(TABLE, HEADLINE)
    words = headline_words(material)
    return claim("hidden.headline", data, "Hidden in any way (suspicions aside):", words, row)


def _way(material: Material, way: str) -> Claim:
    parts = [_part(one, way) for one in material.rounds]
    data = {"way": way, "rows": [_rows(one).get(way) for one in material.rounds]}
    text = f"{numbers.listing(parts)}{_times(material, way)}."
    lead = f"{Names.of(material).one('hidden', way)}:"
    return claim("hidden.way", data, lead, text, row_id(TABLE, way))


def _part(one: RoundMaterial, way: str) -> str:
    name = round_label(one)
    if suppressed(one, way):
        return f"suppressed in {name}"
    value = share(one, way)
    if value is None:
        return f"unknown in {name}"
    row = _rows(one).get(way)
    counted = row["connections"] if row else 0
    total = row["total"] if row else _rows(one)[ALL]["connections"]
    of = f"{numbers.count(counted)} of {numbers.count(total)} connections"
    return f"{numbers.share(value)} in {name} ({of})"


def _times(material: Material, way: str) -> str:
    before, after = (share(material.rounds[i], way) for i in (0, -1))
    if not before or after is None:
        return ""
    return f": {numbers.ratio(after / before)} times the share{_interval(material, way)}"


def _interval(material: Material, way: str) -> str:
    """How sure the ratio of the daily shares is; nothing where it cannot be told."""
    for row in material.comparisons.get("hidden_share", []):
        if row["way"] == way and row["verdict"] != "cannot-tell" and None not in _ends(row):
            low, high = (numbers.ratio(end) for end in _ends(row))
            return f" (95 % interval of the mean of days {low} to {high})"
    return ""


def _ends(row: dict[str, Any]) -> tuple[float | None, float | None]:
    return row["low"], row["high"]


def _rows(one: RoundMaterial) -> dict[str, dict[str, Any]]:
    return {row["way"]: safe(row) for row in one.hidden.to_pylist()}


def _composite() -> str:
    return (
        "The headline counts a connection once however many ways hide it, and leaves out what is "
        "only suspected: unnamed hosting (possible VPS), what behaves like a tunnel, and what may "
        "be Tor (its usual port alone, or a relay that serves ordinary sites too). "
        "The composite “as published” is kept so that figures of older studies can be "
        "compared: Tor, VPN, possible Tor and VPS, and TLS or QUIC to no known service, together. "
        "It grows when names or lists are missing, and is no measure of intent."
    )


def _changed(material: Material, found: list[Change]) -> list[Block]:
    if not found:
        return []
    first, last = (round_label(material.rounds[i]) for i in (0, -1))
    words = f"How many connections a day went each way, {last} against {first}:"
    blocks = short_list("hidden", found, main_measure(found), material.k)
    return [Prose(words), *blocks]


def _chart(material: Material, shown: list[str]) -> list[Block]:
    names = Names.of(material)
    tables = [
        daily_points(one, one.hidden_daily.to_pylist(), "way", "share", shown)
        for one in material.rounds
    ]
    known = [w for w in shown if any(v for table in tables for v in table[w].values())]
    if not known or not any(len(one.coverage) > 1 for one in material.rounds):
        return []
    return [
        series_chart(
            material,
            "chart-hidden",
            "Hidden share of connections by day",
            panels_of(material, tables, {way: names.one("hidden", way) for way in known}),
            "Part of all connections of use of the day, by way; one connection can be hidden in "
            "several. Each panel has its own scale; incomplete days and cells with too few "
            "members are left open." + between(material),
            kind=SHARE,
        )
    ]


def _table(material: Material, shown: list[str]) -> Table:
    names = Names.of(material)
    columns = [Column("Way", numeric=False)]
    for one in material.rounds:
        heading = round_title(one)
        columns += [Column(c, heading) for c in ("Connections", "Share", "Bytes", "Members")]
    rows = [
        Row(
            row_id(TABLE, way),
            (names.one("hidden", way), *(c for one in material.rounds for c in _cells(one, way))),
        )
        for way in [*shown, ALL]
    ]
    cells = [cell for row in rows for cell in row.cells]
    return Table(
        id=TABLE,
        title="Hidden use by way",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            "Ways add to more than the headline, since a connection can be hidden in several.",
            *([suppression_words(material.k)] if numbers.SUPPRESSED in cells else []),
        ),
        folded=False,
    )


def _cells(one: RoundMaterial, way: str) -> list[str]:
    row = _rows(one).get(way)
    if row is None:
        return ["0", numbers.share(share(one, way)), "", "0"]
    if suppressed(one, way):
        return [numbers.SUPPRESSED, "", "", ""]
    # Rows that give no bytes add up to zero here; the totals of the round know better.
    known = any(one.totals.get(side) is not None for side in ("bytes_out", "bytes_in"))
    return [
        numbers.count(row["connections"]),
        numbers.share(row["share"]),
        numbers.size(row["bytes"] if known else None),
        numbers.count(row["members"]),
    ]
