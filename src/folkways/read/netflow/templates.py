"""Templates: how the records of a data set are laid out, parsed from template sets.

A template whose record would have no octet at all is refused: a set of any length would hold
endlessly many of its records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from folkways.formats.ipfix import (
    ENTERPRISE_BIT,
    MIN_DATA_SET,
    SET_HEADER,
    VARIABLE,
    v5_record,
)

SCOPE = -1
"""Stands for the enterprise of v9 scope fields, whose numbers are not information elements."""
_V9_OPTIONS_HEADER = 6
_IPFIX_OPTIONS_HEADER = 6


class Field(NamedTuple):
    """One field: element number, octets (``VARIABLE``: see the record), enterprise (0: IANA)."""

    number: int
    length: int
    enterprise: int = 0


@dataclass(frozen=True)
class Template:
    """The layout of a record. ``options``: its records describe the exporter, not flows."""

    number: int
    fields: tuple[Field, ...]
    options: bool = False

    @cached_property
    def variable(self) -> bool:
        """Whether records differ in length."""
        return any(f.length == VARIABLE for f in self.fields)

    @cached_property
    def octets(self) -> int:
        """The smallest length of a record; its exact length if it is not variable."""
        return sum(1 if f.length == VARIABLE else f.length for f in self.fields)


class MalformedError(ValueError):
    """A set or a message contradicts itself; the message names the cause to be counted."""


class Withdrawal(NamedTuple):
    """The exporter takes back a template (RFC 7011 8.1); its set's own number: all of its kind."""

    number: int


def v5_template() -> Template:
    """The fixed layout of v5 as a template."""
    return Template(0, tuple(Field(number, octets) for number, octets in v5_record()))


def parse_v9(content: memoryview, *, options: bool) -> Iterator[Template]:
    """Templates of a v9 (options) template set's content (RFC 3954 5.2 and 6.1).

    Raises:
        MalformedError: a template is cut or impossible; those before it were yielded.
    """
    header = _V9_OPTIONS_HEADER if options else 4
    while len(content) >= header:
        number = _u16(content, 0)
        if number < MIN_DATA_SET:
            if any(content):
                raise MalformedError("malformed template")
            return  # padding
        if options:
            scopes, others = _u16(content, 2), _u16(content, 4)
            if scopes % 4 or others % 4:
                raise MalformedError("malformed template")
            counts = scopes // 4, others // 4
        else:
            counts = 0, _u16(content, 2)
        end = header + 4 * sum(counts)
        if end > len(content):
            raise MalformedError("cut template")
        fields = tuple(
            Field(_u16(content, at), _u16(content, at + 2), SCOPE if i < counts[0] else 0)
            for i, at in enumerate(range(header, end, 4))
        )
        yield _checked(Template(number, fields, options))
        content = content[end:]


def parse_ipfix(content: memoryview, *, options: bool) -> Iterator[Template | Withdrawal]:
    """Templates and withdrawals of an IPFIX (options) template set's content (RFC 7011 3.4).

    Raises:
        MalformedError: a template is cut or impossible; those before it were yielded.
    """
    while len(content) >= 4:
        number, count = SET_HEADER.unpack_from(content)
        if count == 0:
            if number == 0:
                return  # padding
            yield Withdrawal(number)
            content = content[4:]
            continue
        if number < MIN_DATA_SET:
            raise MalformedError("malformed template")
        at = _IPFIX_OPTIONS_HEADER if options else 4
        fields = []
        for _ in range(count):
            field, at = _ipfix_field(content, at)
            fields.append(field)
        yield _checked(Template(number, tuple(fields), options))
        content = content[at:]


def _ipfix_field(content: memoryview, at: int) -> tuple[Field, int]:
    if at + 4 > len(content):
        raise MalformedError("cut template")
    number, length = SET_HEADER.unpack_from(content, at)
    if not number & ENTERPRISE_BIT:
        return Field(number, length), at + 4
    if at + 8 > len(content):
        raise MalformedError("cut template")
    enterprise = int.from_bytes(content[at + 4 : at + 8], "big")
    # An enterprise of zero would be IANA's own numbers; RFC 7011 does not allow it.
    return Field(number & ~ENTERPRISE_BIT, length, enterprise or SCOPE), at + 8


def _checked(template: Template) -> Template:
    if not template.octets:
        raise MalformedError("template without octets")
    return template


def _u16(content: memoryview, at: int) -> int:
    return content[at] << 8 | content[at + 1]
