"""A 64-bit hash for rows of numbers and octets: to name flows and to sample them by their key."""

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


def hashes(*columns: npt.NDArray[np.generic]) -> Hashes:
    """A hash a row of (n,) columns of numbers, and of (n, 16) octets (after Vigna's mix)."""
    found = np.full(len(columns[0]), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        parts = column.view(np.uint64).T if column.ndim == 2 else (column.astype(np.uint64),)
        for part in parts:
            found ^= part
            found *= np.uint64(0xBF58476D1CE4E5B9)
            found ^= found >> np.uint64(29)
            found *= np.uint64(0x94D049BB133111EB)
            found ^= found >> np.uint64(32)
    return found
