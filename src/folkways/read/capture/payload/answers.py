"""Collects DNS answers and gives them as columns of the table of answers."""

import numpy as np
import pyarrow as pa

from folkways.model.addresses import MAPPED_PREFIX
from folkways.model.batches import Tally
from folkways.model.columns import ADDRESS
from folkways.read.capture.payload.dns import addresses, read_response
from folkways.read.capture.payload.text import host_name

DAMAGED = "DNS message damaged or cut"
IMPLAUSIBLE = "name not plausible"


class AnswerColumns:
    """The answers of one chunk, row by row in, column by column out."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._rows: list[tuple[int, bytes, str, str, str | None, bytes, int]] = []

    def __len__(self) -> int:
        """The number of rows so far."""
        return len(self._rows)

    def add(self, message: bytes, time_ns: int, client: bytes) -> None:
        """Add the addresses that a response gives to the question it answers.

        Args:
            message: the DNS message, without the length prefix of TCP.
            time_ns: time of the packet that ended it.
            client: 16-byte address of the receiver.
        """
        response = read_response(message)
        if response is None:
            return
        if not response.complete:
            self._tally.flag(DAMAGED)
        for record, names, ttl in addresses(response):
            chain = [host_name(name) for name in names]
            known = [name for name in chain if name is not None]
            if len(known) < len(chain):
                self._tally.flag(IMPLAUSIBLE)
                continue
            address = record.value if len(record.value) == 16 else MAPPED_PREFIX + record.value
            joined = ",".join(known) if len(known) > 1 else None
            self._rows.append(
                (time_ns // 1_000_000, client, known[0], known[-1], joined, address, ttl)
            )

    def take(self) -> dict[str, pa.Array]:
        """All rows as the columns of ANSWERS; empty afterwards."""
        rows, self._rows = self._rows, []
        times, clients, queries, canonicals, chains, values, ttls = (
            zip(*rows, strict=True) if rows else [()] * 7
        )
        return {
            "start_ms": pa.array(np.array(times, np.int64)),
            "client_address": pa.array(clients, ADDRESS),
            "query": pa.array(queries, pa.string()),
            "canonical": pa.array(canonicals, pa.string()),
            "chain": pa.array(chains, pa.string()),
            "address": pa.array(values, ADDRESS),
            "ttl_s": pa.array(np.array(ttls, np.int64)),
        }
