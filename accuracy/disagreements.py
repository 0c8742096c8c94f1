"""Why we and nDPI disagree where we do: looked at by a person, kept as data."""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from accuracy.sections import Judged

REASONS = Path(__file__).parent / "disagreements.toml"


@dataclass(frozen=True)
class Reason:
    """``capture``, ``label`` and ``ours`` (with the way it is hidden or encrypted), and ``why``.

    ``*`` in the first three stands for anything.
    """

    capture: str
    label: str
    ours: str
    why: str

    def fits(self, row: Judged) -> bool:
        """Whether it explains a row."""
        pairs = ((row.capture, self.capture), (row.label, self.label), (row.ours, self.ours))
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


def load_reasons(path: Path = REASONS) -> list[Reason]:
    """The table; the first reason that fits a row explains it."""
    return [Reason(**one) for one in tomllib.loads(path.read_text(encoding="utf-8"))["reason"]]


def explained(rows: list[Judged], reasons: list[Reason]) -> list[str]:
    """A line for each disagreement, with its reason or the words that it has none."""
    lines = []
    for row in rows:
        why = next((r.why for r in reasons if r.fits(row)), "NO REASON GIVEN")
        seen = f" [{row.name}]" if row.name and not row.names_hidden else ""
        ours = f"{row.ours} by {row.rule}" if row.rule else row.ours
        lines.append(f"  {row.capture}: {row.flows} x {row.label}{seen}; ours: {ours}\n    {why}")
    return lines
