"""Records of variable length, found and laid out anew with fixed lengths.

Where a record ends is known only when its lengths are read. All data sets of a batch are walked at
once: a step takes the next record of each, so that Python runs once a record of the longest set.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from folkways.formats.ipfix import VARIABLE, aliases, elements
from folkways.read.netflow.fields import Ints, Octets, element_keys
from folkways.read.netflow.templates import Field, Template

_TEXT, _NUMBER = 64, 8
"""Octets of texts and of numbers in the fixed layout."""
_LISTS = {elements()[name] for name in ("basicList", "subTemplateList", "subTemplateMultiList")}
_FRAMES = {elements()[name] for name in ("ipHeaderPacketSection", "dataLinkFrameSection")}
SECTIONS = _FRAMES | {number for number, meant in aliases().items() if meant in _FRAMES}
"""Elements that hold packets; like lists they stay where they are."""
_LONG = 255
"""Says that the length stands in the next two octets (RFC 7011 7)."""


class Walked(NamedTuple):
    """Records in a fixed layout, and where the structured data of each stands."""

    template: Template
    content: Octets
    """(records, octets)"""
    counts: Ints
    """Records of each data set."""
    cut: int
    """Data sets that end inside a record."""
    octets: Octets
    """What was walked, with room around it."""
    lists: dict[int, tuple[Ints, Ints]]
    """Structured data and packets by element: place and length in ``octets``, a record each."""


class _Part(NamedTuple):
    """Neighbouring fields of fixed length, or one of variable length (``octets`` is None)."""

    fields: tuple[Field, ...]
    octets: int | None


def split(template: Template, content: bytes) -> tuple[list[list[bytes]], bool]:
    """All records of a data set as lists of field values; whether the set ended inside a record.

    For options data, which is little. Padding (fewer octets than the shortest record) is no cut.
    """
    records: list[list[bytes]] = []
    at, end = 0, len(content)
    while end - at >= template.octets:
        values = []
        for field in template.fields:
            length = field.length
            if length == VARIABLE:
                if at >= end:
                    return records, True
                length = content[at]
                at += 1
                if length == _LONG:
                    length = int.from_bytes(content[at : at + 2], "big")
                    at += 2
            if at + length > end:
                return records, True
            values.append(content[at : at + length])
            at += length
        records.append(values)
    return records, False


def walk(template: Template, contents: list[bytes]) -> Walked:
    """The records of data sets of a template with variable fields; unused such fields left out."""
    octets = np.frombuffer(bytes(_NUMBER) + b"".join(contents) + bytes(_TEXT), np.uint8)
    sizes = np.array([len(content) for content in contents], np.int64)
    ends = np.cumsum(sizes) + _NUMBER
    parts = _parts(template)
    steps, cut = _steps(template, parts, octets, ends - sizes, ends)
    whose = np.concatenate([step[0] for step in steps]) if steps else np.zeros(0, np.int64)
    order = np.argsort(whose, kind="stable")
    counts = np.bincount(whose, minlength=len(contents)).astype(np.int64)
    fields: list[Field] = []
    columns: list[Octets] = []
    lists = {}
    for i, part in enumerate(parts):
        if not steps or (part.octets is None and not _used(part.fields[0])):
            continue
        place = np.concatenate([step[1][i] for step in steps])[order]
        if part.octets is not None:
            fields += part.fields
            columns.append(_cells(octets, place, part.octets))
            continue
        length = np.concatenate([step[2][i] for step in steps])[order]
        field = part.fields[0]
        if field.number in _LISTS | SECTIONS and not field.enterprise:
            lists[field.number] = place, length
            continue
        column = _fitted(octets, place, length, field)
        fields.append(field._replace(length=column.shape[1]))
        columns.append(column)
    flat = Template(template.number, tuple(fields), template.options)
    content = np.concatenate(columns, axis=1) if columns else np.zeros((0, 0), np.uint8)
    return Walked(flat, content, counts, cut, octets, lists)


_Step = tuple[Ints, list[Ints], list[Ints]]
"""Which sets have another record; per part where it stands there, and how long it is."""


def _steps(
    template: Template, parts: list[_Part], octets: Octets, starts: Ints, ends: Ints
) -> tuple[list[_Step], int]:
    steps: list[_Step] = []
    cursor, alive, cut = starts, np.arange(len(starts)), 0
    while True:
        alive = alive[ends[alive] - cursor[alive] >= template.octets]
        if not len(alive):
            return steps, cut
        at = cursor[alive]
        places, lengths = [], []
        for part in parts:
            length: Ints | int = part.octets or 0
            if part.octets is None:
                at, length = _length(octets, at)
            places.append(at)
            lengths.append(np.zeros(0, np.int64) if isinstance(length, int) else length)
            at = at + length
        whole = at <= ends[alive]
        cut += int((~whole).sum())
        if not whole.all():
            at, alive = at[whole], alive[whole]
            places = [place[whole] for place in places]
            lengths = [length[whole] if len(length) else length for length in lengths]
        cursor = cursor.copy()
        cursor[alive] = at
        steps.append((alive, places, lengths))


def _length(octets: Octets, at: Ints) -> tuple[Ints, Ints]:
    """Where a variable field begins behind its length, and the length."""
    last = len(octets) - 1
    short = octets[np.minimum(at, last)].astype(np.int64)
    long = short == _LONG
    if not long.any():
        return at + 1, short
    high, low = (octets[np.minimum(at + n, last)].astype(np.int64) for n in (1, 2))
    return at + np.where(long, 3, 1), np.where(long, high << 8 | low, short)


def _parts(template: Template) -> list[_Part]:
    parts: list[_Part] = []
    for field in template.fields:
        if field.length == VARIABLE:
            parts.append(_Part((field,), None))
        elif parts and parts[-1].octets is not None:
            before = parts[-1]
            parts[-1] = _Part((*before.fields, field), (before.octets or 0) + field.length)
        else:
            parts.append(_Part((field,), field.length))
    return parts


def _used(field: Field) -> bool:
    key = field.number, field.enterprise
    return key in set(element_keys().values()) or (key[0] in SECTIONS and not key[1])


def _fitted(octets: Octets, place: Ints, length: Ints, field: Field) -> Octets:
    """Texts to their first octets, numbers to their last ones; zeros where there are none."""
    if (field.number, field.enterprise) in _texts():
        column = _cells(octets, place, _TEXT)
        column[np.arange(_TEXT) >= length[:, None]] = 0
    else:
        column = _cells(octets, place + length - _NUMBER, _NUMBER)
        column[np.arange(_NUMBER) < _NUMBER - length[:, None]] = 0
        if len(length) and length.max() > _NUMBER:
            column = np.concatenate([_overflow(octets, place, length)[:, None], column], axis=1)
    return column


def _overflow(octets: Octets, place: Ints, length: Ints) -> Octets:
    """An octet a number: not 0 where it has more than eight octets and needs them."""
    size = min(int(length.max()) - _NUMBER, _TEXT)
    before = _cells(octets, place, size).copy()
    before[np.arange(size) >= length[:, None] - _NUMBER] = 0
    beyond = before.any(axis=1) | (length > _TEXT + _NUMBER)
    return np.asarray(beyond, np.uint8)


def _texts() -> set[tuple[int, int]]:
    keys = element_keys()
    return {key for name, key in keys.items() if key[1] or name == "applicationName"}


def _cells(octets: Octets, place: Ints, size: int) -> Octets:
    """``size`` octets from each place, (places, size)."""
    if not size:
        return np.zeros((len(place), 0), np.uint8)
    windows: npt.NDArray[np.void] = np.ndarray(
        (len(octets) - size + 1,), f"V{size}", octets, 0, (1,)
    )
    return windows[place].view(np.uint8).reshape(-1, size)
