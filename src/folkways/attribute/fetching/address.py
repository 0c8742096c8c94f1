"""Which addresses may be asked at all: https, nobody's password in them, nothing odd.

The same rule holds for what a user writes and for where a server sends us on.
"""

from urllib.parse import urlsplit


def address_fault(url: str) -> str | None:
    """Why a URL is refused, as the end of a sentence; None if it may be asked."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must be written in ASCII without spaces (percent-encoded, punycode)"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        return "is no address of the web"
    if parts.scheme != "https":
        return "must begin with https://, so that nobody on the way can change the list"
    if not host:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "must not carry a user name or password"
    return None
