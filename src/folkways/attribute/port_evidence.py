"""Where a port may speak: who opened, whether there was an answer, and what else was seen.

A port is an agreement that nobody has to keep, so it is the weakest evidence there is. It speaks
only

- of what the **member opened**, and not from a system port (below 1024, RFC 6335) to one above,
  which is how servers answer: clocks that lie tell the wrong opener. Where nobody knows who opened,
  only of a system port, which the other side at a port above can but have called. So the replies
  of a member's own server never take the far side's own port for a service.
- below the ports that systems give to clients (``EPHEMERAL``), unless its rule is marked telling.
- where the remote side **said something**: no attempt, no lone SYN, no lone reset has a service.
- where nothing **else was seen**: a name or a sensor's label that shows another protocol speaks
  against it (TLS on port 22 is no SSH), and so does a sensor that looked and recognised nothing, if
  it would have recognised the service.
"""

from collections.abc import Iterable

from folkways.attribute.parse import CARRIERS

EPHEMERAL = 32768
"""The lowest port of the range that Linux and Android give to clients (ip_local_port_range); IANA's
dynamic ports (RFC 6335, from 49152 on) lie above."""
SYSTEM = 1024
"""System ports lie below (RFC 6335 section 6): no system gives them to clients (RFC 6056)."""

_BITS = {name: 1 << place for place, name in enumerate((*CARRIERS, "unrecognised", "other"))}
UNRECOGNISED, OTHER = "unrecognised", "other"


def seen_bits(kinds: Iterable[str]) -> int:
    """A set of what was seen: carriers, ``unrecognised``, ``other``."""
    found = 0
    for kind in kinds:
        found |= _BITS[kind]
    return found


# The three parts, over a row ``c`` of CONNECTED.
_CLIENT = f"(c.member_port IS NULL OR c.member_port >= {SYSTEM})"
# Equal system ports on both sides are those of peers (NTP, IKE).
_CALLED = f"""CASE WHEN c.remote_port < {SYSTEM} THEN c.opened_by = 'member' OR (
    c.opened_by IS NULL AND ({_CLIENT} OR c.member_port = c.remote_port))
    ELSE c.opened_by = 'member' AND {_CLIENT} END"""
# Of samples nobody knows whether there was an answer. A SYN alone (2) asks; RST (4), with or
# without ACK (16), is how a system says that nobody listens.
HEARD = """(c.answered IS NOT FALSE
    AND (c.protocol = 6 AND (
        CASE WHEN opened_by = 'remote' THEN c.tcp_flags_out ELSE c.tcp_flags_in END IN (4, 20)
        OR (c.answered IS NULL
        AND (coalesce(c.tcp_flags_out, 0) | coalesce(c.tcp_flags_in, 0)) = 2))) IS NOT TRUE)"""
_NAMED = " ".join(
    f"WHEN '{name}' THEN {_BITS[name]}" for name in CARRIERS if name in {"tls", "quic", "http"}
)
# What was seen of the payload: a name shows what it stood in, a label what the sensor recognised.
SEEN = f"""(coalesce(l.seen, 0) | CASE WHEN c.name IS NULL THEN 0
    ELSE CASE c.name_source {_NAMED} ELSE 0 END END)"""
SPEAKS = f"({_CALLED} AND {HEARD} AND c.noise = 'use')"
"""Whether the port of the remote side may speak at all."""
CALLED_PORT = f"""CASE opened_by WHEN 'remote' THEN c.member_port WHEN 'member' THEN c.remote_port
    ELSE CASE WHEN c.remote_port < {SYSTEM} THEN c.remote_port
              WHEN c.member_port < {SYSTEM} THEN c.member_port END END"""
"""The port of the side that was called; where nobody knows which, the system port of the two."""
