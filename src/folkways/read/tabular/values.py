"""What single texts of a table mean: addresses, protocols, flags, countries, sides."""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.protocols import PROTOCOL_NUMBERS
from folkways.model.addresses import address_to_text
from folkways.read.addresses import addresses

STRING = pa.string()
Parse = Callable[[str], bool | int | str | None]

_BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
_VERDICTS = {
    **dict.fromkeys(("true", "yes", "1", "denied", "deny", "drop", "dropped", "blocked"), True),
    **dict.fromkeys(("reject", "rejected", "block", "discarded"), True),
    **dict.fromkeys(("false", "no", "0", "allowed", "allow", "accept", "accepted", "pass"), False),
    **dict.fromkeys(("permit", "permitted", "passed", "forwarded"), False),
}
FORWARDED, DROPPED = 1, 2
_STATUSES = ("unknown", "forwarded", "dropped", "consumed")
_UNSPECIFIED = pa.array([b"\0" * 16, b"\0" * 10 + b"\xff\xff" + b"\0" * 4], pa.binary(16))
_MAPPED = r"^(?i)::ffff:([0-9]+\.)"


def by_distinct(column: pa.Array, parse: Parse, kind: pa.DataType = STRING) -> pa.Array:
    """Parse a column, each distinct text once; the result has the type ``kind``."""
    encoded = column.dictionary_encode()
    return pa.array([parse(t) for t in encoded.dictionary.to_pylist()], kind).take(encoded.indices)


def part(pattern: re.Pattern[str], text: str) -> str | None:
    """The first group of a pattern that is the whole text, else None."""
    found = pattern.fullmatch(text)
    return found[1] if found else None


def meant(values: dict[str, str], text: str) -> str | None:
    """What a text stands for; itself, if it is not listed; None for an empty meaning."""
    return values.get(text, text) or None


def null_if_zero(numbers: pa.Array) -> pa.Array:
    """Numbers of which 0 stands for unknown."""
    return pc.if_else(pc.equal(numbers, 0), pa.scalar(None, pa.int64()), numbers)


def address_column(column: pa.Array) -> pa.Array:
    """Text, or 16 bytes, as 16-byte addresses; null where the text is none."""
    return column if column.type == pa.binary(16) else addresses(column)


def written(column: pa.Array) -> pa.Array:
    """Text as it is; addresses of 16 bytes, and IPv4 in IPv6, as people write them."""
    if column.type != pa.binary(16):
        return pc.replace_substring_regex(column, _MAPPED, r"\1")
    encoded = column.dictionary_encode()
    texts = [address_to_text(octets) for octets in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def changed(translated: pa.Array, original: pa.Array | None) -> pa.Array:
    """What translation made of a value; null where it left it, or says none."""
    if translated.type == pa.binary(16):
        none = pc.is_in(translated, value_set=_UNSPECIFIED)
        translated = pc.if_else(none, pa.scalar(None, pa.binary(16)), translated)
    if original is None:
        return translated
    same = pc.equal(translated, original).fill_null(fill_value=False)
    return pc.if_else(same, pa.scalar(None, translated.type), translated)


def country(text: str) -> str | None:
    """Two letters (ISO 3166-1), upper case."""
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None


def side(text: str) -> str | None:
    """The words for either side of a flow."""
    return text if text in {"source", "destination"} else None


def denied(text: str) -> bool | None:
    """Whether a firewall discarded the packets, from a word."""
    return _VERDICTS.get(text.lower())


def forwarding_status(text: str) -> int | None:
    """IPFIX's forwardingStatus (RFC 7270 section 4.12), of which the upper two bits tell.

    0 is unknown, 1 forwarded, 2 dropped, 3 consumed by the device itself, which is no denial. Some
    write the word in place of the number.
    """
    word = text.lower().split(" ")[0]
    if word in _STATUSES:
        return _STATUSES.index(word)
    try:
        value = int(text, 0)
    except ValueError:
        return None
    return value >> 6 if 0 <= value < 256 else None


def protocol(text: str) -> int | None:
    """The number of an IP protocol, from a number or a name."""
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 4 and int(text) < 256 else None
    return PROTOCOL_NUMBERS.get(text.lower())


def flags(text: str) -> int | None:
    """A number, a hexadecimal number, or letters such as .A..SF (dots mean not set)."""
    try:
        value = int(text, 0) if text.isascii() and len(text) < 8 else int(text)
    except ValueError:
        letters = text.upper().replace(".", "").replace("-", "").replace("_", "")
        if not set(letters) <= set(_BITS):
            return None
        return sum(_BITS[letter] for letter in set(letters))
    # IPFIX's tcpControlBits hold the bits of the header's length above the flags.
    return value & 0xFF if 0 <= value < 65_536 else None
