"""Counters of both directions from totals, and bytes to the one basis: IP bytes."""

import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.tabular.mapping import Mapping

_HEADER = 20  # octets at least, of IPv4
_NUMBER = pa.scalar(None, pa.int64())
_TEXT = pa.scalar(None, pa.string())
_WAYS = ("forward", "reverse")
_BOTH = (_WAYS, _WAYS[::-1])


def split_totals(columns: dict[str, pa.Array], tally: Tally) -> None:
    """Replace totals of both directions by what they say of each, in place.

    With one direction known the other is the rest. Where no bytes went one way, no packets did, so
    that a total of packets is then all of the other way's.
    """
    for kind in ("bytes", "packets"):
        total = columns.pop(f"{kind}_total", None)
        if total is None:
            continue
        forward, reverse = (columns.get(f"{kind}_{way}") for way in _WAYS)
        if kind == "packets":
            forward, reverse = (_silent(columns, *ways, len(total)) for ways in _BOTH)
        columns[f"{kind}_reverse"] = _rest(total, forward, reverse, kind, tally)
        columns[f"{kind}_forward"] = _rest(total, reverse, forward, kind, tally)


def _rest(
    total: pa.Array, known: pa.Array | None, own: pa.Array | None, kind: str, tally: Tally
) -> pa.Array:
    own = pa.nulls(len(total), pa.int64()) if own is None else own
    if known is None:
        return own
    rest = pc.subtract(total, known)
    bad = pc.and_(own.is_null(), pc.less(rest, 0))
    tally.flag(f"bad value: {kind} of one way exceed the total", pc.sum(bad).as_py() or 0)
    return pc.coalesce(own, pc.if_else(pc.greater_equal(rest, 0), rest, _NUMBER))


def _silent(columns: dict[str, pa.Array], way: str, other: str, rows: int) -> pa.Array:
    """The packets of one way, 0 where only the other sent bytes; null where not known."""
    own = columns.get(f"packets_{way}", pa.nulls(rows, pa.int64()))
    octets, others = columns.get(f"bytes_{way}"), columns.get(f"bytes_{other}")
    if octets is None or others is None:
        return own
    silent = pc.and_(pc.equal(octets, 0), pc.greater(others, 0)).fill_null(fill_value=False)
    return pc.if_else(silent, 0, own)


def to_ip_bytes(
    columns: dict[str, pa.Array], basis: pa.Array | None, mapping: Mapping, tally: Tally
) -> None:
    """Take the overhead of frames off, in place, or say in ``flaws`` what the bytes count."""
    if basis is None and mapping.byte_basis == "ip":
        return
    rows = len(next(iter(columns.values())))
    if basis is None:
        basis = pa.repeat(pa.scalar(mapping.byte_basis), rows)
    else:
        known = pc.is_in(basis, value_set=pa.array(["ip", "frame", "payload"]))
        tally.flag("bad value: byte_basis", rows - basis.null_count - (pc.sum(known).as_py() or 0))
        basis = pc.if_else(known, basis, pa.scalar(mapping.byte_basis))
    frames = pc.equal(basis, "frame")
    flawed = pa.repeat(pa.scalar(value=False), rows)
    counted = flawed
    for way in _WAYS:
        octets = columns.get(f"bytes_{way}")
        if octets is None:
            continue
        counted = pc.or_(counted, octets.is_valid())
        converted = _without(octets, columns.get(f"packets_{way}"), mapping.frame_overhead)
        left = pc.and_(octets.is_valid(), converted.is_null())
        flawed = pc.or_(flawed, pc.and_(frames, left))
        columns[f"bytes_{way}"] = pc.if_else(frames, pc.coalesce(converted, octets), octets)
    payload = pc.and_(pc.equal(basis, "payload"), counted)
    columns["flaws"] = pc.if_else(
        flawed, "frame-bytes", pc.if_else(payload, "payload-bytes", _TEXT)
    )


def _without(octets: pa.Array, packets: pa.Array | None, overhead: int | None) -> pa.Array:
    """Bytes less the overhead of their packets; null where that is not known or leaves nothing."""
    if packets is None or overhead is None:
        return pa.nulls(len(octets), pa.int64())
    enough = pc.less_equal(packets, pc.divide(octets, overhead))
    few = pc.if_else(enough, packets, _NUMBER)
    return pc.subtract(octets, pc.multiply(few, overhead))


def flag_small(columns: dict[str, pa.Array], tally: Tally) -> None:
    """Count rows whose packets would be shorter than an IP header: bytes or packets are wrong.

    Some versions of nfdump print packets for bytes in ndjson.
    """
    small = pa.scalar(value=False)
    for way in _WAYS:
        octets, packets = columns.get(f"bytes_{way}"), columns.get(f"packets_{way}")
        if octets is not None and packets is not None:
            few = pc.less(pc.divide(octets, _HEADER), packets).fill_null(fill_value=False)
            small = pc.or_(small, few)
    if "flaws" in columns:
        payload = pc.equal(columns["flaws"], "payload-bytes").fill_null(fill_value=False)
        small = pc.and_not(small, payload)
    tally.flag("fewer bytes than IP headers alone have", pc.sum(small).as_py() or 0)
