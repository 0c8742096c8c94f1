"""Sentences about changes: what happened, from how much to how much, and how sure that is."""

from collections.abc import Sequence

from folkways.report import numbers
from folkways.report.changes import CHANGED, Change, by_verdict, table_id
from folkways.report.claims import claim
from folkways.report.model import Block, Claim, Claims
from folkways.report.names import NOT_KNOWN, own_labels, verdict_label
from folkways.report.numbers import NBSP

LISTED = 10
"""Sentences under one verdict; the others stand in the table."""

SHORT = 6
"""Sentences about changes in a short list."""

NAMED = 24
"""Names in one sentence."""


def amount(measure: str, value: float | None) -> str:
    """A daily mean, without its unit of time."""
    return numbers.size(value) if measure == "bytes" else numbers.mean(value)


def from_to(change: Change) -> str:
    """From 812 to 9 connections a day."""
    before, after = (amount(change.measure, v) for v in (change.before, change.after))
    unit = own_labels()["measure"].get(change.measure, f"{change.measure} a day")
    if change.measure == "bytes":
        unit = "a day"
    return f"from {before} to {after} {unit}"


def how_sure(change: Change) -> str:
    """(ratio 0.011, 95 % interval 0.0080 to 0.013; q < 0.001)."""
    if change.ratio is None:
        bounds = numbers.interval(change.low, change.high)
        head = f"nothing before; {numbers.CONFIDENCE} interval of the ratio {bounds}"
    else:
        bounds = numbers.interval(change.low, change.high)
        head = f"ratio {numbers.ratio(change.ratio)}, {numbers.CONFIDENCE} interval {bounds}"
    return f"({head}; {numbers.q_value(change.q)})"


def predicate(change: Change) -> str:
    """What happened, with the numbers; no full stop."""
    match change.verdict:
        case "abandoned":
            word = "abandoned" if change.after == 0 else "all but abandoned"
            return f"{word}: {from_to(change)} {how_sure(change)}"
        case "adopted":
            return f"adopted: {from_to(change)} {how_sure(change)}"
        case "grew" | "shrank" as word:
            return f"{word} {from_to(change)} {how_sure(change)}"
        case "unchanged":
            return f"unchanged: {from_to(change)} {how_sure(change)}"
        case "no-evidence":
            return f"no evidence of change: {from_to(change)} {how_sure(change)}; {change.reason}"
        case _:
            return f"cannot tell: {change.reason}"


def sentence(section: str, change: Change, also: Sequence[Change] = ()) -> Claim:
    """One item's change; ``also``: the same item by other measures, told where they differ."""
    text = f"{predicate(change)}."
    for other in also:
        if other.verdict in CHANGED and other.verdict != change.verdict:
            text += f" By {other.measure} it {_past(other)}, {from_to(other)} {how_sure(other)}."
    data = {"change": change.data, "also": [c.data for c in also]}
    lead = "Not known:" if change.name == NOT_KNOWN else f"{change.name}:"
    return claim(f"{section}.change", data, lead, text, change.anchor)


def _past(change: Change) -> str:
    passive = change.verdict in {"abandoned", "adopted"}
    return f"was {change.verdict}" if passive else change.verdict


def verdict_lists(section: str, found: Sequence[Change], measure: str, k: int) -> list[Block]:
    """Every item of one measure under its verdict: changes as sentences, the others by name."""
    blocks: list[Block] = []
    for verdict, items in by_verdict(c for c in found if c.measure == measure).items():
        if verdict in CHANGED:
            claims = _sentences(section, items, found, LISTED)
        elif verdict == "cannot-tell":
            claims = _cannot_tell(section, items, k)
        else:
            claims = [_named(section, verdict, items)]
        blocks.append(Claims(f"{verdict_label(verdict)} ({len(items):,})", tuple(claims)))
    return blocks


def short_list(section: str, found: Sequence[Change], measure: str, k: int) -> list[Block]:
    """The same in one list: the largest changes, then the others by name."""
    main = [c for c in found if c.measure == measure]
    changed = [c for c in main if c.verdict in CHANGED]
    claims = _sentences(section, changed, found, SHORT) if changed else []
    for verdict, items in by_verdict(main).items():
        if verdict == "cannot-tell":
            claims += _cannot_tell(section, items, k, lead=f"{verdict_label(verdict)}:")
        elif verdict not in CHANGED:
            claims.append(_named(section, verdict, items, lead=f"{verdict_label(verdict)}:"))
    return [Claims("", tuple(claims))] if claims else []


def _sentences(
    section: str, items: Sequence[Change], found: Sequence[Change], most: int
) -> list[Claim]:
    """A sentence an item, and how many more there are."""
    by_bytes = {c.key: c for c in found if c.measure == "bytes"}
    claims = []
    for change in items[:most]:
        other = by_bytes.get(change.key)
        also = [other] if other is not None and change.measure != "bytes" else []
        claims.append(sentence(section, change, also))
    left = len(items) - most
    if left > 0:
        text = f"more {'stand' if left > 1 else 'stands'} in the table."
        data = {"keys": [(c.key, c.verdict) for c in items]}
        table = table_id(items[0].group, items[0].measure)
        claims.append(claim(f"{section}.rest", data, f"{left:,}", text, table))
    return claims


def _named(section: str, verdict: str, items: Sequence[Change], lead: str = "") -> Claim:
    shown = [f"{c.name} ({numbers.interval(c.low, c.high)})" for c in items[:NAMED]]
    text = f"{_some(shown, len(items))}. In brackets: {numbers.CONFIDENCE} interval of the ratio."
    return _group_claim(section, verdict, items, lead, text)


def _cannot_tell(section: str, items: Sequence[Change], k: int, lead: str = "") -> list[Claim]:
    """By reason, since the reason is what a reader can do something about."""
    reasons: dict[str, list[Change]] = {}
    for change in items:
        reasons.setdefault(_reason(change, k), []).append(change)
    return [
        _group_claim(
            section,
            "cannot-tell",
            group,
            lead,
            f"{_some([c.name for c in group[:NAMED]], len(group))}: {reason}.",
        )
        for reason, group in sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    ]


def _reason(change: Change, k: int) -> str:
    if change.suppressed:
        return (
            f"fewer than {k} members in one of the rounds, or a cell that would give such a one "
            "away"
        )
    # The verdict that coverage withholds differs from item to item; the cause is the same.
    return change.reason.split("; without that the word")[0]


def _group_claim(
    section: str, verdict: str, items: Sequence[Change], lead: str, text: str
) -> Claim:
    table = table_id(items[0].group, items[0].measure)
    target = items[0].anchor if len(items) == 1 else table
    return claim(f"{section}.{verdict}", {"items": [c.data for c in items]}, lead, text, target)


def _some(shown: list[str], total: int) -> str:
    if total > len(shown):
        return f"{', '.join(shown)} and {total - len(shown):,}{NBSP}more"
    return numbers.listing(shown)
