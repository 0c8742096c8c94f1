"""What is wrong with the rows of a batch, gathered word by word into one column."""

import numpy as np
import pyarrow as pa

from folkways.read.netflow.fields import Bools


class Flaws:
    """Words for rows; at most seven of them."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, np.int8)
        self._words: list[str] = []

    def add(self, word: str, where: Bools | None = None) -> None:
        """Give a word to the rows; None: to all of them."""
        if where is None or where.any():
            bit = np.int8(1 << len(self._words))
            self._words.append(word)
            self._codes |= bit if where is None else np.where(where, bit, np.int8(0))

    def column(self) -> pa.Array | None:
        """The column; None: nothing is wrong."""
        if not self._words:
            return None
        texts = [
            ",".join(word for i, word in enumerate(self._words) if code >> i & 1) or None
            for code in range(1 << len(self._words))
        ]
        return pa.array(texts, pa.string()).take(pa.array(self._codes))
