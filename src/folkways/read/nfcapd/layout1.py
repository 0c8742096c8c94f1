"""Flow records of layout 1 as tables, one for each extension map and set of flags."""

from collections.abc import Iterator, Mapping

import numpy as np

from folkways.formats.nfcapd import layout1
from folkways.formats.nfcapd.parts import PARTS, Part
from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields
from folkways.read.nfcapd.layout2 import DAMAGED
from folkways.read.nfcapd.walk import FlowHead, Octets, Positions, take

HEAD = FlowHead(layout1.FLOW_RECORD, layout1.FLOW.itemsize, 0, 255)
_FORM_FLAGS = layout1.FLAG_IPV6 | layout1.FLAG_PACKETS_64 | layout1.FLAG_BYTES_64
_COUNTERS = {False: "<u4", True: "<u8"}


def tables(
    data: Octets,
    at: Positions,
    sizes: Positions,
    maps: Mapping[int, tuple[int, ...]],
    tally: Tally,
) -> Iterator[Fields]:
    """Yield the flow records at positions as tables; those that cannot be read are counted."""
    old = data[at] == layout1.OLD_FLOW_RECORD
    for head, use in ((layout1.FLOW, ~old), (layout1.OLD_FLOW, old)):
        whole = use & (sizes >= head.itemsize)
        tally.skip(DAMAGED, int((use & ~whole).sum()))
        yield from _by_map((data, at[whole], sizes[whole]), head, maps, tally)


def _by_map(
    records: tuple[Octets, Positions, Positions],
    head: Part,
    maps: Mapping[int, tuple[int, ...]],
    tally: Tally,
) -> Iterator[Fields]:
    data, at, sizes = records
    heads = take(data, at, head)
    keys = heads["map"].astype(np.int64) << 3 | heads["flags"] & _FORM_FLAGS
    for key in np.unique(keys).tolist():
        mine = keys == key
        extensions = maps.get(key >> 3)
        if extensions is None:
            tally.skip("record whose extension map is missing", int(mine.sum()))
            continue
        dtype = _dtype(head, key & _FORM_FLAGS, extensions)
        if dtype is None:
            tally.skip("record with an unknown extension", int(mine.sum()))
            continue
        whole = sizes[mine] >= dtype.itemsize
        tally.skip(DAMAGED, int((~whole).sum()))
        rows = take(data, at[mine][whole], dtype)
        yield Fields(rows, rows["flags"] & layout1.FLAG_SAMPLED > 0, np.zeros(len(rows), np.bool_))


def _dtype(head: Part, flags: int, extensions: tuple[int, ...]) -> Part | None:
    """The record as a structure; None if an extension's length is not known."""
    if not set(extensions) <= set(layout1.EXTENSIONS):
        return None
    packets, octets = bool(flags & layout1.FLAG_PACKETS_64), bool(flags & layout1.FLAG_BYTES_64)
    parts = [
        head,
        PARTS["ipv6" if flags & layout1.FLAG_IPV6 else "ipv4"],
        np.dtype([("packets", _COUNTERS[packets])]),
        np.dtype([("bytes", _COUNTERS[octets])]),
        *(layout1.EXTENSIONS[extension] for extension in extensions),
    ]
    fields: dict[str, tuple[np.dtype[np.generic], int]] = {}
    offset = 0
    for part in parts:
        for name, (kind, place, *_) in (part.fields or {}).items():
            fields.setdefault(name, (kind, offset + place))
        offset += part.itemsize
    return np.dtype(
        {
            "names": list(fields),
            "formats": [kind for kind, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": offset,
        }
    )
