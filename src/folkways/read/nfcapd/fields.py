"""The fields of a table of flow records, as 64-bit numbers, whatever their size in the file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fields:
    """Flow records of one shape; ``rows`` has the fields of ``formats.nfcapd`` that they carry.

    ``marked``: rows whose counters nfcapd multiplied by the sampling rate. ``anonymised``: rows
    with other addresses than were measured. ``appended``: the outgoing counters stand behind all
    that a collector writes, so that nfdump has added them when it joined the two directions of
    flows (nfdump -b, -B).
    """

    rows: npt.NDArray[np.void]
    marked: Mask
    anonymised: Mask
    appended: bool = False

    def has(self, *names: str) -> bool:
        """Whether all of these fields are carried."""
        return set(names) <= set(self.rows.dtype.names or ())

    def get(self, name: str) -> Ints | None:
        """A field; None: not carried. Numbers of 2^63 or more become negative."""
        return self.rows[name].astype(np.int64) if self.has(name) else None
