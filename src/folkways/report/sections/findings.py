"""The most important findings, in one paragraph at the top of the page."""

from collections.abc import Sequence

from folkways.report import numbers
from folkways.report.changes import WHOLE, Change, changes, main_measure, of_measure, table_id
from folkways.report.claims import claim, row_id
from folkways.report.material import Material
from folkways.report.model import Claim, Claims
from folkways.report.names import own_labels
from folkways.report.sections import hidden, titles
from folkways.report.sections.abroad import new_countries
from folkways.report.sections.groups import STANDING_IN, main_group, most_used
from folkways.report.wording import amount, sentence

SHOWN = 4
LITTLE = 0.1


def findings(material: Material) -> Claims:
    """What went, what came, what is hidden, what is new abroad, and what cannot be told."""
    group = main_group(material)
    found = changes(material, group, lambda c: c.name != "not known")
    main = of_measure(found, main_measure(found))
    told = [c for c in main if c.verdict != "cannot-tell"]
    claims: list[Claim | None] = [
        sentence("findings", c) for c in changes(material, WHOLE) if c.measure == "connections"
    ]
    if told:
        claims += [_verdicts(group, told, words) for words in _WORDS]
        claims.append(_games(material, told))
    else:
        claims += [most_used(material, one, group, "findings") for one in material.rounds]
    claims += [_hidden(material), new_countries(material, "findings"), _untold(group, main)]
    unique = {one.id: one for one in claims if one is not None}
    return Claims("Main findings", tuple(unique.values()), running=True)


_WORDS = (
    (("abandoned",), "all but abandoned"),
    (("shrank",), "shrank"),
    (("adopted",), "adopted"),
    (("grew",), "grew"),
)


def _verdicts(
    group: str, told: Sequence[Change], words: tuple[tuple[str, ...], str]
) -> Claim | None:
    """The largest items of a verdict in one sentence."""
    verdicts, lead = words
    items = sorted((c for c in told if c.verdict in verdicts), key=_size, reverse=True)
    if not items:
        return None
    unit = own_labels()["measure"][items[0].measure]
    shown = [_short(c, unit if i == 0 else "") for i, c in enumerate(items[:SHOWN])]
    if len(items) > SHOWN:
        shown.append(f"{len(items) - SHOWN:,} more")
    data = {"items": [c.data for c in items]}
    text = f"{numbers.listing(shown)}."
    target = items[0].anchor if len(items) == 1 else table_id(group, items[0].measure)
    return claim(f"findings.{lead}", data, f"{lead[:1].upper()}{lead[1:]}:", text, target)


def _size(change: Change) -> float:
    """How much more or less it became: small changes of large items are no main findings."""
    return abs((change.after or 0.0) - (change.before or 0.0))


def _short(change: Change, unit: str) -> str:
    before, after = (amount(change.measure, v) for v in (change.before, change.after))
    if change.measure == "bytes":
        unit = "a day" if unit else ""
    return f"{change.name} ({before} to {after} {unit}".rstrip() + ")"


def _games(material: Material, told: Sequence[Change]) -> Claim | None:
    """Titles that went and came, as far as the sentences before do not name them."""
    parts, data = [], []
    for verdict in ("abandoned", "adopted"):
        items = sorted((c for c in told if c.verdict == verdict), key=_size, reverse=True)
        games = [c for c in items[SHOWN:] if _is_game(material, c)]
        if games:
            parts.append(f"{numbers.listing([c.name for c in games[:SHOWN]])} {verdict}")
            data += [c.data for c in games]
    if not parts:
        return None
    return claim("findings.games", {"items": data}, "Games:", f"{'; '.join(parts)}.", "games")


def _is_game(material: Material, change: Change) -> bool:
    return material.functions.get(str(change.key[1])) in titles.GAMES


def _hidden(material: Material) -> Claim | None:
    if not any(hidden.share(one, hidden.HEADLINE) for one in material.rounds):
        return None
    data = {"shares": [hidden.share(one, hidden.HEADLINE) for one in material.rounds]}
    row = row_id(hidden.TABLE, hidden.HEADLINE)
    if not hidden.judged(material):
        return None
    words = hidden.headline_words(material)
    return claim("findings.hidden", data, "Hidden in any way:", words, row)


def _untold(group: str, main: Sequence[Change]) -> Claim | None:
    """How much cannot be told, and the most frequent reason, unless it is little."""
    items = [c for c in main if c.verdict == "cannot-tell"]
    if len(items) <= LITTLE * len(main):
        return None
    reasons = [c.reason.split("; without that the word")[0] for c in items]
    reason = max(reasons, key=reasons.count)
    noun = STANDING_IN[group][1].lower()
    head, part = "Change cannot be told", f"for {len(items):,} of {len(main):,} {noun}"
    if len(items) == len(main):
        head, part = "Nothing can be said about change", f"for any of {len(main):,} {noun}"
    text = f"{part}; the most frequent reason: {reason}."
    data = {"items": [c.data for c in items]}
    return claim("findings.untold", data, head, text, table_id(group, items[0].measure))
