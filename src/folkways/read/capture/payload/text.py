"""Which bytes are believed to be a host name, since payloads hold anything."""

import re

MAX_NAME = 255  # octets, RFC 1035 section 2.3.4
_REFUSED = re.compile(rb"[ ,/?#@\\]")  # RFC 3986 ends a host at these; commas separate our names


def host_name(raw: bytes) -> str | None:
    """A name in lower case without its final dot; None if it is no plausible name.

    Refused: empty or longer than 255 octets, control characters, spaces, commas, delimiters of
    URIs, bytes that are not UTF-8.
    """
    if raw.endswith(b"."):
        raw = raw[:-1]
    if not raw or len(raw) > MAX_NAME or _REFUSED.search(raw):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    # isprintable is false for every control, separator and unassigned character.
    return text.lower() if text.isprintable() else None
