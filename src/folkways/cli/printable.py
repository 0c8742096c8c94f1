"""Text from data on its way to a terminal, which it must not steer."""

import codecs
import io
import re
from typing import TextIO
from unicodedata import category

_CONTROLS = re.compile("[\x7f-\x9f]")


def printable(text: str) -> str:
    """A line in which whatever cannot be printed is U+FFFD; all kinds of spaces stay."""
    return "".join(c if c.isprintable() or category(c) == "Zs" else "\ufffd" for c in text)


def speaks_utf8(stream: TextIO) -> bool:
    """Whether a stream takes all characters."""
    try:
        return codecs.lookup(stream.encoding or "utf-8").name == "utf-8"
    except LookupError:
        return False


def forgive(stream: TextIO) -> None:
    """What a stream of another encoding cannot say becomes a question mark, not an error."""
    if isinstance(stream, io.TextIOWrapper) and not speaks_utf8(stream):
        stream.reconfigure(errors="replace")


def escaped(json: str) -> str:
    """JSON in which those control characters are escaped that JSON lets stand."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
