"""Columns of text to columns of ``records``, each value checked, and which rows are kept.

A row without a time or without an address that parses gives nothing; any other bad value costs
only itself: it becomes null, and is counted.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.headers import Protocol
from folkways.model.addresses import addresses_from_text
from folkways.model.batches import Batch, Tally, make_batch

MAX_SECONDS = 253_402_300_799
"""The last second of the year 9999; later times are none."""

_PORTED = pa.array(Protocol.WITH_PORTS, pa.int64())


class Keep:
    """Which rows are kept; what is dropped is counted once, under the first cause."""

    def __init__(self, rows: int, tally: Tally) -> None:
        self.mask: npt.NDArray[np.bool_] = np.ones(rows, np.bool_)
        self._tally = tally

    def drop(self, where: pa.Array, cause: str) -> None:
        """Drop rows where true (null is not)."""
        found = flags(where) & self.mask
        self._tally.skip(cause, int(found.sum()))
        self.mask &= ~found


def flags(column: pa.Array) -> npt.NDArray[np.bool_]:
    """A boolean column as numpy; null is false."""
    return np.asarray(column.fill_null(fill_value=False).to_numpy(zero_copy_only=False), np.bool_)


def numbers(
    text: pa.Array, field: str, tally: Tally | None = None, limit: int = 2**63 - 1
) -> pa.Array:
    """Whole numbers from 0 to ``limit``, also written as 443.0; else null, counted in ``tally``."""
    plain = pc.replace_substring_regex(text, r"\.0+$", "")
    good = pc.match_substring_regex(plain, r"^[0-9]{1,18}$")
    found = pc.if_else(good, plain, pa.scalar(None, pa.string())).cast(pa.int64())
    found = pc.if_else(pc.less_equal(found, limit), found, pa.scalar(None, pa.int64()))
    if tally is not None:
        tally.flag(f"bad value: {field}", found.null_count - text.null_count)
    return found


def sides(sides_text: dict[str, list[pa.Array]], keep: Keep, tally: Tally) -> dict[str, pa.Array]:
    """The addresses of both sides, each the first of its candidates that parses.

    Rows where an address is given and none parses, or where neither side has any, are dropped.
    """
    found: dict[str, pa.Array] = {}
    for side, candidates in sides_text.items():
        parsed = [addresses_from_text(text) for text in candidates]
        found[side] = pc.coalesce(*parsed)
        given = pc.is_valid(pc.coalesce(*candidates))
        keep.drop(
            pc.and_(given, pc.is_null(found[side])), f"address does not parse: {side}_address"
        )
        bad = pc.and_(pc.is_valid(candidates[0]), pc.is_null(parsed[0]))
        tally.flag(f"bad value: {side}_address", int((flags(bad) & keep.mask).sum()))
    keep.drop(pc.and_(*(pc.is_null(column) for column in found.values())), "no address")
    return {f"{side}_address": column for side, column in found.items()}


def counted(text: dict[str, pa.Array], tally: Tally) -> dict[str, pa.Array]:
    """Ports, protocol, flags and counters by the names of ``records``, from text."""
    found: dict[str, pa.Array] = {}
    for field, column in text.items():
        limit = 2**63 - 1
        if field.endswith("_port") or field.startswith("tcp_flags"):
            limit = 65_535 if field.endswith("_port") else 255
        elif field == "protocol":
            limit = 255
        elif field.endswith("_asn"):
            limit = 2**32 - 1
        found[field] = numbers(column, field, tally, limit)
    protocol = found["protocol"]
    # Ports of ICMP and the like are written as 0; a row of unknown protocol keeps what it says.
    ported = pc.is_in(protocol, value_set=_PORTED)
    ported = pc.if_else(pc.is_null(protocol), pa.scalar(value=True), ported)
    for field in ("source_port", "destination_port"):
        found[field] = pc.if_else(ported, found[field], pa.scalar(None, pa.int64()))
    return found


def filtered(columns: dict[str, pa.Array], keep: Keep) -> dict[str, pa.Array]:
    """The kept rows of columns."""
    if keep.mask.all():
        return columns
    mask = pa.array(keep.mask)
    return {name: column.filter(mask) for name, column in columns.items()}


def judged(columns: dict[str, pa.Array], denied: pa.Array) -> None:
    """What a rule of the provider's firewall let pass or not, in place; null where not said."""
    columns["denied"] = denied
    columns["flaws"] = pc.if_else(
        pa.array(flags(denied)), pa.scalar("rejected"), pa.scalar(None, pa.string())
    )


def meaning(words: pa.Array, values: dict[str, bool]) -> pa.Array:
    """What words stand for, whatever their case; null for others."""
    found = pc.index_in(pc.utf8_upper(words), pa.array(list(values)))
    return pa.array(list(values.values()), pa.bool_()).take(found)


def records(columns: dict[str, pa.Array], rows: int) -> Batch:
    """A batch of records."""
    return make_batch("records", columns, rows)
