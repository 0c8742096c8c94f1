"""The ways in which a connection can be hidden: the values of the column ``hidden``."""

HIDDEN = (
    "dns-tunnel",
    "encrypted-dns",
    "possible-tor",
    "possible-vps",
    "proxy",
    "tor",
    "tunnel-like",
    "vpn",
)
"""In the order in which the column names several."""

SUSPECTED = frozenset({"possible-tor", "possible-vps", "tunnel-like"})
"""What could be hiding and could be something else. No headline counts it."""
