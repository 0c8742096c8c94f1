"""dns.log to answers: one row an address, with the names that lead to it and the time it holds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.hosts import hosts
from folkways.read.numbers import Mask, durations, integers, mask_of, times
from folkways.read.rejects import Rejects
from folkways.read.zeek.rows import Rows

_MILLISECOND, _SECOND = 1_000_000, 1_000_000_000
_A, _AAAA, _ANY = 1, 28, 255  # IANA: DNS resource record types


def answers(rows: Rows, tally: Tally) -> Batch:
    """Rows for the questions whose answer holds addresses; the other questions are counted."""
    rejects = Rejects(rows.count)
    start, known = times(rows.text("ts"))
    rejects.reject(~known, "no time")
    delay, _, bad_delay = durations(rows.text("rtt"))
    rejects.reject(bad_delay | (delay > np.iinfo(np.int64).max - start), "bad number")
    kind, bad_kind = integers(rows.text("qtype"))
    rejects.reject(bad_kind, "bad number")
    query = hosts(rows.text("query"))
    for cause, mask in query.causes.items():
        rejects.reject(mask, cause)
    client = addresses(rows.text("id.orig_h"))
    rejects.reject(~mask_of(client.is_valid()), "bad address")
    flat = _flatten(rows)
    # Addresses under another question (PTR or SRV by multicast DNS) do not belong to its name.
    asked = mask_of(pc.or_(kind.is_null(), pc.is_in(kind, pa.array([_A, _AAAA, _ANY]))))
    has_address = np.zeros(rows.count, np.bool_)
    has_address[flat.parents[flat.is_address]] = True
    rejects.reject(~(has_address & asked), "no address in the answer")
    rejects.report(tally)

    chained = mask_of(pc.not_equal(kind, _ANY).fill_null(True))  # noqa: FBT003  # pyarrow's own
    chains = _chains(flat, query.names, chained)
    chosen = np.flatnonzero(flat.is_address & rejects.keep[flat.parents])
    row = pa.array(flat.parents[chosen])
    moment = (start + np.where(rejects.keep, delay, 0)) // _MILLISECOND
    # Unknown (NaN) on either side stays unknown.
    with np.errstate(invalid="ignore"):
        shortest = np.minimum(flat.ttls, chains.ttls[flat.parents])
    columns = {
        "start_ms": pa.array(moment).take(row),
        "client_address": client.take(row),
        "query": query.names.take(row),
        "canonical": chains.canonical.take(row),
        "chain": chains.text.take(row),
        "address": flat.addresses.take(pa.array(chosen)),
        "ttl_s": _seconds(shortest[chosen]),
    }
    return make_batch("answers", columns, len(chosen))


@dataclass(frozen=True)
class _Flat:
    """All answers of all rows one after the other; ``ttls`` in seconds, NaN where unknown."""

    parents: npt.NDArray[np.int64]
    texts: pa.Array
    addresses: pa.Array
    is_address: Mask
    ttls: npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Chains:
    """Per row: the names from question to owner, the last of them, the smallest time to live."""

    text: pa.Array
    canonical: pa.Array
    ttls: npt.NDArray[np.float64]


def _flatten(rows: Rows) -> _Flat:
    lists, ttls = rows.vector("answers"), rows.vector("TTLs")
    texts = lists.flatten()
    parents = np.asarray(pc.list_parent_indices(lists).to_numpy(), np.int64)
    found = addresses(texts)
    lengths, ttl_lengths = (
        np.asarray(pc.list_value_length(v).fill_null(0).to_numpy(), np.int64) for v in (lists, ttls)
    )
    values, known, _ = durations(ttls.flatten())
    # A trailing unknown stands for answers whose times to live are not given one by one.
    seconds = np.append(np.where(known, values / _SECOND, np.nan), np.nan)
    place = np.arange(len(texts)) - (np.cumsum(lengths) - lengths)[parents]
    place += (np.cumsum(ttl_lengths) - ttl_lengths)[parents]
    paired = (lengths == ttl_lengths)[parents]
    aligned = seconds[np.where(paired, place, -1)]
    return _Flat(parents, texts, found, mask_of(found.is_valid()), aligned)


def _chains(flat: _Flat, query: pa.Array, chained: Mask) -> _Chains:
    """Zeek lists the names of a chain in order, mixed with addresses and with other records' text.

    Other records ("TXT 9 v=spf1 ...", "RRSIG ...") hold blanks, which names do not.
    """
    count = len(query)
    names = hosts(flat.texts).names
    is_name = ~flat.is_address & mask_of(names.is_valid()) & chained[flat.parents]
    parents = flat.parents[is_name]
    ttls = np.full(count, np.inf)
    with np.errstate(invalid="ignore"):
        np.minimum.at(ttls, parents, flat.ttls[is_name])
    per_row = np.bincount(parents, minlength=count)
    bounds = np.concatenate(([0], np.cumsum(per_row)))
    chosen = names.filter(pa.array(is_name))
    lists = pa.ListArray.from_arrays(pa.array(bounds, pa.int32()), chosen)
    has_names = pa.array(per_row > 0)
    joined = pc.binary_join_element_wise(query, pc.binary_join(lists, ","), ",")
    last = chosen.take(pa.array(bounds[1:] - 1, mask=per_row == 0))
    return _Chains(
        pc.if_else(has_names, joined, pa.scalar(None, pa.string())),
        pc.if_else(has_names, last, query),
        ttls,
    )


def _seconds(ttls: npt.NDArray[np.float64]) -> pa.Array:
    known = np.isfinite(ttls)
    return pa.array(np.where(known, ttls, 0).astype(np.int64), mask=~known)
