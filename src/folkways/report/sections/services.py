"""Which services: what changed and by how much, by service, function, jurisdiction and operator."""

from collections.abc import Sequence

import pyarrow as pa

from folkways.report import numbers
from folkways.report.changes import Change, changes, main_measure, of_measure
from folkways.report.figures import (
    between,
    daily_points,
    intervals_chart,
    panels_of,
    series_chart,
)
from folkways.report.material import Material, RoundMaterial, Rows
from folkways.report.model import Block, Chart, Claims, Prose, Section
from folkways.report.names import Names, key_of, own_labels, round_label
from folkways.report.sections.groups import (
    NETWORK,
    OPERATOR,
    SERVICE,
    STANDING_IN,
    group_blocks,
    main_group,
    most_used,
    shares_chart,
    told,
)
from folkways.report.tables import Noun, change_tables, group_table, safe
from folkways.report.wording import verdict_lists

DRAWN, ESTIMATED, SHARED = 8, 16, 12
FUNCTION: Noun = ("Function", "Functions")
JURISDICTION: Noun = ("Jurisdiction", "Jurisdictions")
GROUPS = (
    ("function", "By function", FUNCTION),
    ("jurisdiction", "By jurisdiction", JURISDICTION),
    ("operator", "By operator", OPERATOR),
    ("asn", "By network", NETWORK),  # only where it stands in for services
)


def services(material: Material) -> Section:
    """Sentences by verdict, the daily series behind them, shares, tables."""
    blocks = _by_service(material)
    missing = []
    networks = main_group(material) == "asn"
    for group, title, what in GROUPS if networks else GROUPS[:-1]:
        found = group_blocks(material, "services", group, title, what)
        blocks += found
        if not found:
            missing.append(what[0].lower())
    if missing:
        words = numbers.listing(missing).replace(" and ", " or ")
        blocks.append(Prose(f"No connection could be attributed to any {words}."))
    return Section("4", "services", "Which services", tuple(blocks))


def _by_service(material: Material) -> list[Block]:
    found = changes(material, "service")
    main = main_group(material)
    if main != "service":
        words = (
            f"{'Few connections' if told(material, 'service') else 'No connection'} could be "
            "attributed to a service: these data hold no names, or names of no known service, and "
            "no list of services covers the addresses. What is known is whose the other ends are."
        )
        return [Prose(words), *_most_used(material, main), *_daily(material, main)]
    blocks = _most_used(material, "service")
    if found:
        blocks += _changed(material, found)
    blocks += _daily(material, "service")
    blocks += change_tables(material, SERVICE, found)
    blocks.append(group_table(material, "service", SERVICE))
    return blocks


def _changed(material: Material, found: Sequence[Change]) -> list[Block]:
    measure = main_measure(found)
    main = of_measure(found, measure)
    blocks: list[Block] = []
    estimated = [c for c in main if c.verdict != "cannot-tell"][:ESTIMATED]
    if estimated:
        blocks += _intro(material, main, measure)
    blocks += verdict_lists("services", found, measure, material.k)
    if len(estimated) > 1:
        blocks.append(_estimates(material, "chart-ratios", estimated, measure))
    return blocks


def _intro(material: Material, main: Sequence[Change], measure: str) -> list[Block]:
    first, last = material.rounds[0], material.rounds[-1]
    unit = own_labels()["measure"][measure]
    return [
        Prose(
            f"Compared by {unit}: means over the {numbers.plural(first.complete_days, 'day')} of "
            f"{round_label(first)} and the {last.complete_days:,} of {round_label(last)} that were "
            f"observed completely, every day of the week weighing the same; "
            f"{numbers.plural(len(main), 'item')} at once."
        )
    ]


def _estimates(material: Material, key: str, found: Sequence[Change], measure: str) -> Chart:
    first, last = material.rounds[0], material.rounds[-1]
    unit = own_labels()["measure"][measure]
    return intervals_chart(
        material,
        key,
        "How much each changed",
        found,
        f"Ratio of {unit}, {round_label(last)} to {round_label(first)}, with "
        f"{numbers.CONFIDENCE} interval, on a logarithmic scale; the largest items. At 1 nothing "
        "changed. Rust: less; blue: more; grey: neither can be said. An arrow: beyond the edge.",
    )


def _most_used(material: Material, group: str) -> list[Block]:
    claims = [c for one in material.rounds if (c := most_used(material, one, group)) is not None]
    return [Claims("Most used", tuple(claims))] if claims else [Prose("Nothing was seen in use.")]


def _drawn(one: RoundMaterial, group: str) -> pa.Table:
    return one.daily_networks if group == "asn" and one.daily_networks is not None else one.daily


def _daily(material: Material, group: str) -> list[Block]:
    """Series of what the material chose to draw, the largest first; else shares of the rounds."""
    names = Names.of(material)
    rounds: list[Rows] = [_drawn(one, group).to_pylist() for one in material.rounds]
    titles: dict[str, str] = {}
    weight: dict[str, float] = {}
    for i, rows in enumerate(rounds):
        rounds[i] = [{**safe(row), "item": str(key_of(group, row))} for row in rows]
        for row in rounds[i]:
            titles[row["item"]] = names.row(group, row)
            weight[row["item"]] = max(weight.get(row["item"], 0.0), row["connections"] or 0.0)
    ranked = sorted(titles, key=lambda item: (-weight[item], titles[item]))[:DRAWN]
    if not ranked or not any(len(one.coverage) > 1 for one in material.rounds):
        # The other groups have such a chart further down.
        chart = shares_chart(material, group, SERVICE) if group == "service" else None
        return [] if chart is None else [chart]
    points = [
        daily_points(one, rows, "item", "connections", ranked)
        for one, rows in zip(material.rounds, rounds, strict=True)
    ]
    return [
        series_chart(
            material,
            "chart-services",
            f"Connections a day to the most used {STANDING_IN[group][1].lower()}",
            panels_of(material, points, {item: titles[item] for item in ranked}),
            "Each panel has its own scale from zero. Incomplete days and cells with too few "
            "members are left open." + between(material),
        )
    ]
