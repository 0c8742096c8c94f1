"""The ways in which a connection can be hidden: the values of the column ``hidden``."""

HIDDEN = (
    "dns-tunnel",
    "encrypted-dns",
    "possible-proxy",
    "possible-tor",
    "possible-vpn",
    "possible-vps",
    "proxy",
    "tor",
    "tunnel-like",
    "vpn",
)
"""In the order in which the column names several."""

SUSPECTED = frozenset(
    {"possible-proxy", "possible-tor", "possible-vpn", "possible-vps", "tunnel-like"}
)
"""What could be hiding and could be something else. No headline counts it."""
