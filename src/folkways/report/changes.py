"""Comparisons as objects that can be sorted, worded and drawn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from folkways.report.claims import row_id
from folkways.report.material import Material
from folkways.report.names import Names, key_of

MEASURES = ("connections", "bytes", "members")
CHANGED = ("abandoned", "adopted", "grew", "shrank")
VERDICTS = (*CHANGED, "unchanged", "no-evidence", "cannot-tell")
WHOLE = "all"
"""The comparison of everything at once, if the material has it."""


@dataclass(frozen=True)
class Change:
    """One item and measure between the first and the last round; None is unknown or suppressed.

    ``data`` is the row as it came, for ids; suppressed numbers are not in it.
    """

    group: str
    key: tuple[Any, ...]
    name: str
    measure: str
    before: float | None
    after: float | None
    ratio: float | None
    low: float | None
    high: float | None
    q: float | None
    days: tuple[int, int]
    members: tuple[int | None, int | None]
    verdict: str
    reason: str
    suppressed: bool

    @property
    def anchor(self) -> str:
        """The id of its row in the table of changes."""
        return row_id(table_id(self.group, self.measure), self.key)

    @property
    def weight(self) -> float:
        """The larger of the two means; nothing known weighs nothing."""
        return max(self.before or 0.0, self.after or 0.0)

    @property
    def data(self) -> dict[str, Any]:
        """Its numbers, for the id of a sentence."""
        names = ("measure", "before", "after", "ratio", "low", "high", "q", "verdict", "reason")
        return {"key": self.key, **{name: getattr(self, name) for name in names}}


def table_id(group: str, measure: str) -> str:
    """The anchor of a table of changes."""
    return f"change-{group}-{measure}"


def changes(
    material: Material, group: str, keep: Callable[[Change], bool] | None = None
) -> list[Change]:
    """All changes of a group, the largest first."""
    names = Names.of(material)
    found = [_change(group, row, names) for row in material.comparisons.get(group, [])]
    found.sort(key=lambda c: (-c.weight, c.name, c.measure))
    return [change for change in found if keep is None or keep(change)]


def of_measure(found: Iterable[Change], measure: str) -> list[Change]:
    """Those of one measure."""
    return [change for change in found if change.measure == measure]


def main_measure(found: Sequence[Change]) -> str:
    """Connections, unless only another measure can tell anything."""
    for measure in MEASURES:
        if any(c.measure == measure and c.verdict != "cannot-tell" for c in found):
            return measure
    return MEASURES[0]


def by_verdict(found: Iterable[Change]) -> dict[str, list[Change]]:
    """Grouped by verdict, in the order of verdicts, empty groups left out."""
    groups: dict[str, list[Change]] = {verdict: [] for verdict in VERDICTS}
    for change in found:
        groups[change.verdict].append(change)
    return {verdict: items for verdict, items in groups.items() if items}


def _change(group: str, row: dict[str, Any], names: Names) -> Change:
    suppressed = row.get("state") == "suppressed"

    def number(name: str) -> Any:
        return None if suppressed else row.get(name)

    return Change(
        group=group,
        key=tuple(key_of(group, row)),
        name="All use" if group == WHOLE else names.row(group, row),
        measure=row["measure"],
        before=number("before"),
        after=number("after"),
        ratio=number("ratio"),
        low=number("low"),
        high=number("high"),
        q=number("q"),
        days=(row.get("days_before") or 0, row.get("days_after") or 0),
        members=(number("members_before"), number("members_after")),
        verdict=row["verdict"],
        reason=row.get("reason") or "",
        suppressed=suppressed,
    )
