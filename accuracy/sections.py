"""The three questions of the report, as figures: named services, protocols, names hidden."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from accuracy.judge import Answer, Judge, Outcome
from accuracy.weights import Share, share

_GROUPS = """
    SELECT capture, label, name, coalesce(service, 'operator ' || operator, '-') AS ours, hidden,
           encrypted, evidence, rule, service, operator, hidden_names = 'yes' AS names_hidden,
           nameable, count(*) AS flows
    FROM answers GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Judged:
    """Flows of one capture with one label and one answer, and the outcome."""

    capture: str
    label: str
    named: bool
    mapped: bool
    names_hidden: bool
    knowable: bool
    flows: int
    outcome: Outcome
    ours: str
    evidence: str | None
    rule: str | None
    name: str | None


def judged(answers: pa.Table, judge: Judge) -> list[Judged]:
    """All answers with their outcomes, equal ones of a capture together."""
    with duckdb.connect() as con:
        con.register("answers", answers)
        groups = con.sql(_GROUPS).to_arrow_table().to_pylist()
    found = []
    for g in groups:
        meaning = judge.meaning(g["label"])
        answer = Answer(g["service"], g["operator"], g["evidence"], g["hidden"], g["encrypted"])
        outcome = judge.outcome(g["label"], answer)
        # A signature that names the protocol only could not know the service that speaks it.
        decided = g["evidence"] in {"address", "sensor"} and g["service"] is not None
        g["knowable"] = g["nameable"] or (decided and outcome != "protocol")
        said = ", ".join(filter(None, (g["ours"], g["hidden"], g["encrypted"])))
        own = {
            k: g[k]
            for k in (
                "capture",
                "label",
                "names_hidden",
                "knowable",
                "flows",
                "evidence",
                "rule",
                "name",
            )
        }
        found.append(
            Judged(named=meaning.named, mapped=meaning.mapped, outcome=outcome, ours=said, **own)
        )
    return found


def share_of(rows: Iterable[Judged], hit: Callable[[Judged], bool]) -> Share:
    """The share of flows that are hits."""
    return share((r.capture, r.flows, hit(r)) for r in rows)


def contradicts(row: Judged) -> bool:
    """Whether the row is a contradiction."""
    return row.outcome == "contradicts"


def by_protocol(rows: Iterable[Judged], judge: Judge) -> dict[str, Counter[str]]:
    """Flows by outcome for each protocol, by the last part of the label."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[judge.meaning(row.label).label][row.outcome] += row.flows
    return dict(sorted(found.items()))


def unmapped(rows: Iterable[Judged], judge: Judge) -> tuple[set[str], set[str]]:
    """The words of named services among labels: all of them, and those without a meaning."""
    meanings = {judge.meaning(r.label) for r in rows if r.named}
    return {m.label for m in meanings}, {m.label for m in meanings if not m.mapped}
