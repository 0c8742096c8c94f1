"""Records of variable length: found one by one, and laid out anew with fixed lengths.

Only templates with variable fields are walked in Python; from then on their records go the same
vectorised way as all others.
"""

from folkways.formats.ipfix import VARIABLE
from folkways.read.netflow.templates import Field, Template

_TEXT, _NUMBER = 64, 8
_TEXTS = frozenset({94, 96})
"""applicationDescription and applicationName: what is used of texts."""


def split(template: Template, content: bytes) -> tuple[list[list[bytes]], bool]:
    """All records of a data set as lists of field values; whether the set ended inside a record.

    Padding (fewer octets than the shortest record) is no cut.
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
                if length == 255:  # the three-byte form, RFC 7011 7
                    length = int.from_bytes(content[at : at + 2], "big")
                    at += 2
            if at + length > end:
                return records, True
            values.append(content[at : at + length])
            at += length
        records.append(values)
    return records, False


def flat_template(template: Template) -> Template:
    """The layout that ``flatten`` makes: variable fields get a fixed length."""
    fields = tuple(
        f._replace(length=_flat_length(f)) if f.length == VARIABLE else f for f in template.fields
    )
    return Template(template.number, fields, template.options)


def flatten(template: Template, content: bytes) -> tuple[bytes, int, bool]:
    """The records of a set in the layout of ``flat_template``, their count, whether it was cut."""
    records, cut = split(template, content)
    plan = template.fields
    parts = [
        _fit(field, value) if field.length == VARIABLE else value
        for values in records
        for field, value in zip(plan, values, strict=True)
    ]
    return b"".join(parts), len(records), cut


def _flat_length(field: Field) -> int:
    return _TEXT if field.number in _TEXTS and not field.enterprise else _NUMBER


def _fit(field: Field, value: bytes) -> bytes:
    if _flat_length(field) == _TEXT:
        return value[:_TEXT].ljust(_TEXT, b"\0")
    return value[-_NUMBER:].rjust(_NUMBER, b"\0")
