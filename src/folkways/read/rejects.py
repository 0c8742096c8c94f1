"""The account of rows that cannot be used: nothing is dropped without a cause."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from folkways.model.batches import Tally
from folkways.read.numbers import Mask


@dataclass
class Rejects:
    """Which rows are kept. A row with several faults is counted under the first one found."""

    count: int
    keep: Mask = field(init=False)
    causes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.keep = np.ones(self.count, np.bool_)

    def reject(self, bad: Mask | None, cause: str) -> None:
        """Drop these rows; None stands for none."""
        if bad is None or not bad.any():
            return
        self.causes[cause] += int((bad & self.keep).sum())
        self.keep &= ~bad

    def report(self, tally: Tally) -> None:
        """Count all rows, and those that are dropped by cause."""
        tally.records += self.count
        for cause, count in self.causes.items():
            # Rows whose earlier fault was counted add nothing here.
            tally.skip(cause, count)
