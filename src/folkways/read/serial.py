"""Sequence numbers and uptimes of 32 bits, which wrap (RFC 1982: serial arithmetic).

Only the signed difference of two such numbers has a meaning.
"""

MODULUS = 1 << 32


def signed(difference: int) -> int:
    """A difference of wrapping counters as the nearer of the two that it can be."""
    return (difference + (MODULUS >> 1)) % MODULUS - (MODULUS >> 1)
