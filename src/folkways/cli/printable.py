"""Text from data on its way to a terminal, which it must not steer."""

import re
from unicodedata import category

_CONTROLS = re.compile("[\x7f-\x9f]")


def printable(text: str) -> str:
    """A line in which whatever cannot be printed is U+FFFD; all kinds of spaces stay."""
    return "".join(c if c.isprintable() or category(c) == "Zs" else "\ufffd" for c in text)


def escaped(json: str) -> str:
    """JSON in which those control characters are escaped that JSON lets stand."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
