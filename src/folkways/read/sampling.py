"""Sampling rates that cannot be meant, in whichever format they stand."""

import numpy as np
import numpy.typing as npt

from folkways.model.batches import Tally


def implausible(rate: int) -> bool:
    """Whether a rate is more likely a small number in the wrong byte order."""
    return rate >= 1 << 16 and rate % (1 << 16) == 0


def note_implausible(tally: Tally, rate: int, count: int = 1) -> None:
    """Count so many records or statements of such a rate, and tell the person."""
    tally.flag("implausible sampling", count)
    tally.note(
        f"An exporter says that it samples 1 in {rate}, which looks like a number in the wrong "
        "byte order; it is not used. Give the true rate with --sampling."
    )


def without_implausible(rates: npt.NDArray[np.int64], tally: Tally) -> npt.NDArray[np.int64]:
    """Rates of records, (n,), with 0 in the place of implausible ones, which are counted."""
    for rate in np.unique(rates[rates >= 1 << 16]).tolist():
        if implausible(rate):
            mine = rates == rate
            note_implausible(tally, rate, int(mine.sum()))
            rates = np.where(mine, 0, rates)
    return rates
