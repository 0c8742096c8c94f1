"""What tests of the decoder share: packets in, rows out."""

from collections.abc import Sequence
from typing import Any

from folkways.model.batches import Batch, Tally
from folkways.read.netflow import Decoder

A = ("192.0.2.1", 2055)


def decode(*fed: Any, batch_rows: int = 1000) -> tuple[list[dict[str, Any]], Tally]:
    """Packets, or pairs of a packet and its exporter, to rows."""
    tally = Tally()
    decoder = Decoder(tally, batch_rows=batch_rows)
    batches: list[Batch] = []
    for one in fed:
        packet, exporter = one if isinstance(one, tuple) else (one, A)
        batches += decoder.feed(packet, exporter)
    batches += decoder.finish()
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


def pack(fields: Sequence[tuple[int, ...]], *values: int | bytes) -> bytes:
    """A record: each value as its field's length says."""
    return b"".join(
        value.ljust(field[1], b"\0")
        if isinstance(value, bytes)
        else value.to_bytes(field[1], "big")
        for field, value in zip(fields, values, strict=True)
    )
