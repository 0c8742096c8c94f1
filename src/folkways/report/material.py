"""What a report is made of: plain values and tables that the study hands over, all of it measured.

The report stage adds nothing to these numbers; it chooses, orders, words and draws them. Cells with
too few members come with state ``suppressed`` and null numbers.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class RoundMaterial:
    """One round (or period) of the study.

    ``coverage``: a row a local day (day, hours, expected_hours, rows, complete, reason).
    ``totals``: connections, answered, bytes_out, bytes_in, members of the whole period, use only.
    ``noise``: rows with noise (use, scan, ...), connections, bytes_out, bytes_in, members, state.
    ``evidence``: rows with evidence (null: none), connections, share.
    ``by``: for each group (service, function, operator, asn, jurisdiction, country, hidden,
    encrypted) a table of the whole period with the group's column, connections, answered,
    bytes_out, bytes_in, members, state.
    ``daily``: day, service, operator, connections, bytes, state for the items worth drawing: a
    service, or, where it is null, an operator. ``daily_networks``: the same by day and asn; drawn
    where few connections belong to a known service.
    ``rhythm``: weekday (0: Monday), hour, connections, bytes_out, bytes_in, members, days (how many
    complete days have that weekday: divide by it), state.
    ``hidden_daily``: a row a day and way: day, way (all: the whole; any: hidden in any way that
    is no mere suspicion; as-published: the older composite; and each single way), connections,
    bytes, members, total, share (a fraction; null where there is nothing), state.
    ``hidden``: the same over the whole period, without day.
    ``coverage_words``: sentences about how complete the observation is.
    """

    name: str
    first: str
    last: str
    days: int
    complete_days: int
    coverage: Rows
    coverage_words: list[str]
    totals: dict[str, int | None]
    noise: Rows
    evidence: Rows
    by: dict[str, pa.Table]
    daily: pa.Table
    rhythm: pa.Table
    hidden_daily: pa.Table
    hidden: pa.Table
    daily_networks: pa.Table | None = None


@dataclass(frozen=True)
class Material:
    """All that a page can say.

    ``comparisons``: for each group the rows of ``folkways compare --json`` between the first and
    the last round (group value, measure, before, after, ratio, low, high, p, q, verdict, reason);
    by ``service`` with ``operator`` beside it; ``all``, if present: everything at once.
    ``guard``: sentences on what a change of coverage could fake. ``labels``: for each group the
    name for people of each id; ``functions``: the function of each service, by id. ``ranges`` and
    ``excludes``: prefix, text (label or reason), from and to as instants (``to`` is the first
    instant after it; null: open). ``sources``: rows of ``folkways sources``. ``lists``: the
    reference lists with kind, dates, ranges, source, licence, digest. ``provenance``: version,
    catalogue and list digests, population digest. ``method``: sentences of the method, with the
    margins in force.
    """

    title: str
    population: str
    timezone: str
    simulated: bool
    public_data: bool
    k: int
    generated: str
    ranges: Rows
    excludes: Rows
    rounds: list[RoundMaterial]
    comparisons: dict[str, Rows]
    guard: list[str]
    labels: dict[str, dict[str, str]]
    functions: dict[str, str]
    sources: Rows
    lists: Rows
    provenance: dict[str, Any]
    method: list[str]
