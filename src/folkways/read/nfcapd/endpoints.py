"""Addresses, translated addresses and ports, and who measured where."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.addresses import address_to_text, addresses_from_numpy, sortable
from folkways.model.columns import ADDRESS
from folkways.model.validity import nullable
from folkways.read.nfcapd.facts import Facts
from folkways.read.nfcapd.fields import Fields

Words = npt.NDArray[np.uint32]
"""(rows, 4) numbers of 32 bits in network order that are the 16 bytes of an address each."""
_MAPPED = int.from_bytes(b"\0\0\xff\xff", "little")
_EGRESS = 1


def addresses(fields: Fields) -> dict[str, pa.Array]:
    """Source and destination."""
    return {f"{side}_address": _column(_words(fields, side)) for side in ("source", "destination")}


def translated(fields: Fields) -> dict[str, pa.Array]:
    """What a NAT box made of addresses and ports; null where it left them as they were."""
    columns: dict[str, pa.Array] = {}
    for side in ("source", "destination"):
        name = f"translated_{side}"
        if fields.has(f"{name}4") or fields.has(f"{name}6"):
            words = _words(fields, name)
            told = words[:, [0, 1, 3]].any(axis=1)
            changed = told & (words != _words(fields, side)).any(axis=1)
            columns[f"{name}_address"] = addresses_from_numpy(words.view(np.uint8), changed)
        port = fields.get(f"{name}_port")
        if port is not None:
            same = (port == 0) | (port == fields.rows[f"{side}_port"])
            columns[f"{name}_port"] = nullable(port.astype(np.int32), ~same)
    return columns


def _words(fields: Fields, name: str) -> Words:
    """Addresses of one kind, from IPv6 if the records have both, unless it is zero."""
    six = None
    if fields.has(f"{name}6"):
        six = fields.rows[f"{name}6"].byteswap().view(np.uint32)
        if not fields.has(f"{name}4"):
            return six
    words = np.zeros((len(fields.rows), 4), np.uint32)
    if fields.has(f"{name}4"):
        words[:, 2] = _MAPPED
        words[:, 3] = fields.rows[f"{name}4"].byteswap()
    if six is not None:
        used = six.any(axis=1)
        words[used] = six[used]
    return words


def _column(words: Words) -> pa.Array:
    return pa.Array.from_buffers(ADDRESS, len(words), [None, pa.py_buffer(words)])


def exporters(fields: Fields, facts: Facts) -> dict[str, pa.Array]:
    """Who measured: the exporter that the record refers to, else whoever sent it to the collector.

    Where: its domain, and ``egress`` where the record says so; 0 may be ingress or not told.
    """
    keys = fields.rows["exporter"].astype(np.int64) << 1
    direction = fields.get("direction")
    if direction is not None:
        keys |= direction == _EGRESS
    # Nearly always all are of one exporter.
    coded = pa.array(keys[:1] if (keys == keys[0]).all() else keys).dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    known = [facts.exporters.get(key >> 1) for key in distinct]
    names = _spread([one and one.address for one in known], coded.indices, len(keys))
    if None in known:
        names = pc.coalesce(names, _senders(fields))
    ways = ["egress" if key & 1 else "" for key in distinct]
    points = [
        f"{(one and one.place) or ''} {way}".strip() or None
        for one, way in zip(known, ways, strict=True)
    ]
    where = _spread(points, coded.indices, len(keys))
    if fields.has("domain", "point"):
        where = pc.coalesce(_observed(fields), where)
    return {"exporter": names, "observation_point": where}


def _spread(words: list[str | None], places: pa.Array, rows: int) -> pa.Array:
    """The words at places of a list, or the only one in all rows."""
    texts = pa.array(words, pa.string())
    return pa.repeat(texts[0], rows) if len(words) == 1 else texts.take(places)


def _observed(fields: Fields) -> pa.Array:
    """Domain and point where a record states its own; null: it does not."""
    way = np.zeros(len(fields.rows), np.int64)
    if fields.has("direction"):
        way = (fields.rows["direction"] == _EGRESS).astype(np.int64)
    told = np.stack([fields.rows["domain"], fields.rows["point"].astype(np.int64), way], axis=1)
    distinct, places = np.unique(told, axis=0, return_inverse=True)
    words = [
        f"domain {domain}{f' point {point}' if point else ''}{' egress' if egress else ''}"
        if domain
        else None
        for domain, point, egress in distinct.tolist()
    ]
    return pa.array(words, pa.string()).take(pa.array(places.reshape(-1)))


def _senders(fields: Fields) -> pa.Array:
    """Whoever sent each record to the collector; null: not told."""
    if not (fields.has("router4") or fields.has("router6")):
        return pa.nulls(len(fields.rows), pa.string())
    words = _words(fields, "router")
    distinct, places = np.unique(sortable(words.view(np.uint8)), return_inverse=True)
    texts = [
        address_to_text(raw) if raw[12:].strip(b"\0") else None
        for raw in (value.ljust(16, b"\0") for value in distinct.tolist())
    ]
    return pa.array(texts, pa.string()).take(pa.array(places))
