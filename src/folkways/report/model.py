"""What a page is made of before it is HTML: sections, sentences, charts and tables, all frozen.

Whatever a page says is decided here, so that it can be read, tested and shown in other forms
without a browser.
"""

from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """A sentence made from measured numbers.

    ``id`` is made from the numbers themselves, so that equal claims have equal ids. ``lead`` are
    its first words, set apart. ``row`` is the id of the table row (or table) that stands behind it.
    """

    id: str
    lead: str
    text: str
    row: str

    @property
    def sentence(self) -> str:
        """The whole sentence as plain text."""
        return f"{self.lead} {self.text}".strip()


@dataclass(frozen=True)
class Prose:
    """Explaining words that rest on no number."""

    text: str


@dataclass(frozen=True)
class Claims:
    """Claims under a small heading; ``running``: set as one paragraph."""

    title: str
    items: tuple[Claim, ...]
    running: bool = False


@dataclass(frozen=True)
class Points:
    """A list of plain sentences under a small heading."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A picture in two widths, as Vega-Lite specifications.

    ``description`` says in words what it shows, for those who cannot see it.
    """

    id: str
    title: str
    caption: str
    description: str
    wide: Spec
    narrow: Spec


@dataclass(frozen=True)
class Column:
    """A column; neighbours with the same ``group`` stand under one heading."""

    label: str
    group: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Row:
    """A row with the anchor that claims link to; the first cell heads the row."""

    id: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; ``folded`` ones open on demand and in print."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    folded: bool = True


@dataclass(frozen=True)
class Commands:
    """Command lines to type."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    title: str


Block = Prose | Claims | Points | Chart | Table | Commands | Heading


@dataclass(frozen=True)
class Section:
    """A numbered part of the page."""

    number: str
    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """The whole report. ``banner`` is empty unless the data are made up."""

    title: str
    banner: str
    standfirst: tuple[str, ...]
    findings: Claims
    sections: tuple[Section, ...]
    generated: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in order, the findings first."""
        return (self.findings, *(block for section in self.sections for block in section.blocks))
