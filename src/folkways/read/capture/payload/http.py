"""Host names in HTTP/1 requests (RFC 9110 section 7.2, RFC 9112 section 3.2)."""

import re

from folkways.read.capture.payload.outcome import Need, Outcome, Sight

METHODS = frozenset(
    # RFC 9110, RFC 5789, WebDAV (RFC 4918, 3253, 3744, 4791, 5323), UPnP eventing, BITS, RPC.
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH "
    b"PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT CHECKOUT CHECKIN MERGE "
    b"MKACTIVITY ACL MKCALENDAR BIND VERSION-CONTROL SUBSCRIBE UNSUBSCRIBE NOTIFY "
    b"BITS_POST RPC_IN_DATA RPC_OUT_DATA CCM_POST PURGE".split()
)
_LONGEST = max(len(method) for method in METHODS)
# No second run of spaces here: two runs side by side would cost quadratic time.
_HOST = re.compile(rb"\n[Hh][Oo][Ss][Tt][ \t]*:([^\r\n]*)[\r\n]")
_HEAD_END = re.compile(rb"\n\r?\n")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_PORT = re.compile(rb":[0-9]*\Z")


def read_request(data: bytes) -> Outcome:
    """The host that a request asks for, without its port.

    The target of CONNECT, else the Host header, else the host of an absolute target.
    """
    method, space, _ = data[: _LONGEST + 1].partition(b" ")
    if method not in METHODS:
        started = not space and any(known.startswith(method) for known in METHODS)
        return Need.MORE if started else None
    line_end = data.find(b"\n")
    if line_end < 0:
        return Need.MORE
    words = data[:line_end].rstrip(b"\r ").split(b" ")
    if len(words) < 2 or not words[-1].startswith(b"HTTP/1."):
        return None
    target = words[1]
    if method == b"CONNECT" and not target.startswith((b"/", b"HTTP/")):
        return Sight(strip_port(target))
    return _read_head(data, target)


def _read_head(data: bytes, target: bytes) -> Outcome:
    """The Host header's host, else that of the target of the request."""
    head_end = _HEAD_END.search(data)
    host = _HOST.search(data, 0, head_end.end() if head_end else len(data))
    if host and host[1].strip():
        return Sight(strip_port(host[1].strip()))
    if not head_end:
        return Need.MORE
    absolute = _ABSOLUTE.match(target)
    return Sight(strip_port(absolute[1]) if absolute else b"")


def strip_port(authority: bytes) -> bytes:
    """The host of ``host:port``, ``[v6]:port`` or ``user@host`` (RFC 3986 section 3.2)."""
    host = authority.rpartition(b"@")[2]
    if host.startswith(b"["):
        return host[1:].partition(b"]")[0]
    # An IPv6 address without brackets has more than one colon, and no port can be told from it.
    return _PORT.sub(b"", host) if host.count(b":") == 1 else host
