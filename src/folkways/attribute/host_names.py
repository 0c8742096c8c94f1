"""Host names in one spelling, as they stand in flows: ASCII, lower case, without the last dot."""

import re

_HOST = re.compile(r"^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$")
_NUMBER = re.compile(r"^[0-9]+$")


def host_name(text: str) -> str | None:
    """A host name from text, names of other scripts in punycode; None if it is none.

    An address is no name, and neither is anything else whose last part is a number.
    """
    name = text.strip().lower().removesuffix(".")
    if len(name) > 253:
        return None
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    if len(name) > 253 or not _HOST.match(name) or _NUMBER.match(name.rpartition(".")[2]):
        return None
    return name
