"""What is not told, and how the rest was made: method, evidence, limits."""

from folkways.report import numbers
from folkways.report.claims import claim, row_id
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import (
    Block,
    Claim,
    Claims,
    Column,
    Heading,
    Points,
    Prose,
    Row,
    Section,
    Table,
)
from folkways.report.names import own_labels, round_title
from folkways.report.tables import safe

EVIDENCE = "evidence"


def untold() -> Section:
    """What this version does not measure."""
    words = (
        "This version does not measure which servers members run that others reach, does not "
        "search for the day on which something changed inside a round, and does not weigh "
        "explanations: it says what changed and by how much, and not why. What happened between "
        "the rounds was not observed."
    )
    return Section("10", "untold", "What is not told", (Prose(words),))


def method(material: Material) -> Section:
    """How the numbers came about and where they end."""
    blocks: list[Block] = [Points("", tuple(material.method))]
    blocks.append(Heading("On what the attribution rests"))
    blocks.append(Claims("", tuple(_known(one) for one in material.rounds if one.evidence)))
    blocks.append(_evidence(material))
    blocks.append(
        Prose(
            "Evidence is asked in this order, and the first that speaks decides: the name that a "
            "connection carries; else a service's own addresses, by a list valid on that day; else "
            "a label that the source brought; else the port of an infrastructure protocol; else "
            "the operator whose address it is; else port and protocol. An address of rented "
            "computers names nobody. What none of them tells is “not known”, and stands in every "
            "table so that columns add up. A look-up of a name is not use of the service."
        )
    )
    blocks.append(Heading("How to read it"))
    blocks.append(Points("", _reading(material)))
    return Section("11", "method", "Method and limits", tuple(blocks))


def _reading(material: Material) -> tuple[str, ...]:
    found = [
        "A ratio is after divided by before. Its interval and q come from the same test.",
        (
            "“No evidence of change” is not “unchanged”: the first says that the interval is "
            "too wide to tell, the second that it lies inside the margin."
        ),
        (
            "“Cannot tell” always has a reason: too few complete days, suppression, or a "
            "difference in coverage that could alone have made the change."
        ),
        "No words of likelihood are used here: intervals and q stand in their place.",
        (
            "A code at the end of a sentence is made from the numbers of the sentence and leads "
            "to the row of the table behind it."
        ),
    ]
    if material.k > 1:
        found.append(
            f"Cells with fewer than {material.k} members are suppressed at the grain that is "
            "shown, and so is a second cell where a total would give the first away."
        )
    return tuple(found)


def _known(one: RoundMaterial) -> Claim:
    rows = [safe(row) for row in one.evidence]
    missing = next((row for row in rows if row["evidence"] is None), None)
    part = missing["share"] if missing else 0.0
    counted = missing["connections"] if missing else 0
    total = sum(row["connections"] or 0 for row in rows)
    text = (
        f"no evidence spoke for {numbers.share(part)} of connections "
        f"({numbers.count(counted)} of {numbers.count(total)})."
    )
    key = [one.name, None] if missing else [one.name, rows[0]["evidence"]]
    data = {"round": one.name, "rows": rows}
    lead = f"{round_title(one)}:"
    return claim("method.evidence", data, lead, text, row_id(EVIDENCE, key))


def _evidence(material: Material) -> Table:
    labels = own_labels()["evidence"]
    rows = [
        Row(
            row_id(EVIDENCE, [one.name, row["evidence"]]),
            (
                round_title(one),
                "None" if row["evidence"] is None else labels.get(row["evidence"], row["evidence"]),
                numbers.count(row["connections"]),
                numbers.share(row["share"]),
            ),
        )
        for one in material.rounds
        for row in map(safe, one.evidence)
    ]
    return Table(
        id=EVIDENCE,
        title="Evidence by round",
        columns=(
            Column("Round", numeric=False),
            Column("Evidence", numeric=False),
            Column("Connections"),
            Column("Share"),
        ),
        rows=tuple(rows),
        folded=False,
    )
