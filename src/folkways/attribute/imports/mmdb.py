"""MaxMind DB files: the networks of the search tree, with the country or AS of each.

Read by the format's specification (version 2.0), a level of the tree at once: five times faster
than asking a library for each network, and it cannot be led in circles by a damaged tree.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import networks
from folkways.attribute.imports.content import read_content
from folkways.attribute.imports.mmdb_data import Decoder, MmdbError
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import Ints, Octets

METADATA = b"\xab\xcd\xefMaxMind.com"
METADATA_SPAN = 128 << 10
_SEPARATOR = 16  # zero bytes between the tree and the data
_MAPPED = np.frombuffer(bytes(10) + b"\xff\xff" + bytes(4), np.uint8)


@dataclass(frozen=True)
class _Tree:
    """(nodes, 2) what the records of each node lead to, and the depth of the address's bits."""

    children: Ints
    bits: int

    @property
    def nodes(self) -> int:
        return len(self.children)


def read_mmdb(path: Path, kind: str) -> RangeRows:
    """Read all networks of a MaxMind DB file.

    Args:
        path: the file.
        kind: ``country`` (``country.iso_code`` or a flat ``country_code``), or ``asn``
            (``autonomous_system_number`` with the organisation as name, or ``asn``).

    Returns:
        Rows in address order; ``dates`` is the day on which the file was built.

    Raises:
        CatalogueError: the file is none, is damaged, or holds nothing of the kind.
    """
    content = read_content(path)
    try:
        metadata, tree, data = _parts(content)
        octets, depth, target = _leaves(tree)
        values, names = _values(data, target - tree.nodes - _SEPARATOR, kind)
    except MmdbError as error:
        raise CatalogueError(f"{path} is no sound MaxMind DB file: {error}.") from None
    if values.null_count == len(values):
        raise CatalogueError(f"{path} holds nothing for a list of kind {kind}.")
    found = networks(octets, depth, np.ones(len(octets), np.bool_))
    pick = np.flatnonzero(~found.mixed)
    rows = pa.array(pick)
    skipped = {"prefix of IPv4-mapped and other addresses": int(found.mixed.sum())}
    return RangeRows(
        found.first[pick],
        found.last[pick],
        values.take(rows),
        names.take(rows),
        len(octets),
        +Counter(skipped),
        dates=_built(metadata),
    )


def _parts(content: bytes) -> tuple[dict[str, Any], _Tree, memoryview]:
    """The metadata, the search tree and the data section."""
    place = content.rfind(METADATA, max(0, len(content) - METADATA_SPAN))
    if place < 0:
        raise MmdbError("it has no metadata")
    metadata = Decoder(memoryview(content)[place + len(METADATA) :]).decode(0)
    if not isinstance(metadata, dict):
        raise MmdbError("its metadata is no map")
    nodes, size, version, major = (
        metadata.get(key)
        for key in ("node_count", "record_size", "ip_version", "binary_format_major_version")
    )
    if not all(isinstance(number, int) for number in (nodes, size, version, major)):
        raise MmdbError("its metadata lacks numbers")
    if major != 2 or version not in {4, 6} or size not in {24, 28, 32}:
        raise MmdbError("its metadata states an unknown format")
    if not 0 < nodes * size // 4 <= place - _SEPARATOR:
        raise MmdbError("its tree is cut")
    end = nodes * size // 4
    tree = _Tree(_records(content[:end], size), 128 if version == 6 else 32)
    return metadata, tree, memoryview(content)[end + _SEPARATOR : place]


def _records(tree: bytes, size: int) -> Ints:
    """(nodes, 2) records of 24, 28 or 32 bits, big-endian; of 28, half a byte lies between."""
    octets = np.frombuffer(tree, np.uint8).reshape(-1, size // 4).astype(np.int64)
    if size == 32:
        return np.frombuffer(tree, ">u4").reshape(-1, 2).astype(np.int64)
    left = octets[:, 0] << 16 | octets[:, 1] << 8 | octets[:, 2]
    right = octets[:, -3] << 16 | octets[:, -2] << 8 | octets[:, -1]
    if size == 28:
        left |= (octets[:, 3] & 0xF0) << 20
        right |= (octets[:, 3] & 0x0F) << 24
    return np.stack([left, right], axis=1)


def _leaves(tree: _Tree) -> tuple[Octets, Ints, Ints]:
    """All networks with data: (n, 16) address, (n,) length of 128, (n,) record.

    In a tree of IPv6 the IPv4 addresses lie below ::/96. Other ways to their node (::ffff:0:0/96,
    2002::/16) are aliases. But for these no node is reached twice, so the work is bounded.
    """
    ipv4 = _ipv4_node(tree)
    offset = 128 - tree.bits
    node = np.zeros(1, np.int64)
    octets = np.zeros((1, 16), np.uint8)
    found: list[tuple[Octets, Ints, Ints]] = []
    visited = 0
    for bit in range(offset, 128):
        alias = node == ipv4
        if bit == 96 and tree.bits == 128:
            alias &= octets.any(axis=1)
        node, octets = node[~alias], octets[~alias]
        visited += len(node)
        if visited > tree.nodes:
            raise MmdbError("its tree leads to a node twice")
        below = tree.children[node].reshape(-1)
        octets = np.repeat(octets, 2, axis=0)
        octets[1::2, bit // 8] |= np.uint8(0x80 >> bit % 8)
        leaf = below > tree.nodes
        depth = np.full(int(leaf.sum()), bit + 1, np.int64)
        found.append((octets[leaf], depth, below[leaf]))
        inner = below < tree.nodes
        node, octets = below[inner], octets[inner]
    if len(node):
        raise MmdbError("its tree is deeper than an address is long")
    first, depth, target = (np.concatenate(column) for column in zip(*found, strict=True))
    mapped = (depth >= 96) & ~first[:, :12].any(axis=1)
    first[mapped] |= _MAPPED
    order = np.argsort(first.view("S16").reshape(-1), kind="stable")
    return first[order], depth[order], target[order]


def _ipv4_node(tree: _Tree) -> int:
    """The node that 96 zero bits lead to; -1 if they lead to none or the tree is of IPv4."""
    if tree.bits == 32:
        return -1
    node = 0
    for _ in range(96):
        node = int(tree.children[node, 0])
        if node >= tree.nodes:
            return -1
    return node


def _values(data: memoryview, targets: Ints, kind: str) -> tuple[pa.Array, pa.Array]:
    """The value and the name of each record; records that are alike are decoded once."""
    distinct, codes = np.unique(targets, return_inverse=True)
    decoder = Decoder(data)
    pairs = [_value(decoder.decode(int(place)), kind) for place in distinct]
    values, names = (pa.array([pair[n] for pair in pairs], pa.string()) for n in (0, 1))
    at = pa.array(codes)
    return values.take(at), names.take(at)


def _value(record: Any, kind: str) -> tuple[str | None, str | None]:
    if not isinstance(record, dict):
        return None, None
    if kind == "asn":
        number = record.get("autonomous_system_number", record.get("asn"))
        name = record.get("autonomous_system_organization", record.get("as_name"))
        return _text(number), _text(name)
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else country
    return _text(code if code is not None else record.get("country_code")), None


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None


def _built(metadata: dict[str, Any]) -> tuple[dt.date, dt.date] | None:
    epoch = metadata.get("build_epoch")
    if not isinstance(epoch, int) or not 0 < epoch < 2**36:
        return None
    day = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=epoch)).date()
    return day, day
