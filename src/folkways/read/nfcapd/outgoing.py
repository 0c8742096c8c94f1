"""What outgoing counters are: see ``read.outgoing`` for what decides where no record says it."""

import numpy as np

from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields, Ints, Mask
from folkways.read.outgoing import Counted, outgoing_meaning, say_unknown

_EGRESS = 1
_FIRST_GROUP = 224 << 24
_GROUPS_V6 = 0xFF


def outgoing(
    fields: Fields, values: dict[str, Ints], keep: Mask, tally: Tally
) -> tuple[Mask, Mask]:
    """Rows whose outgoing counters are the other direction, and rows whose own traffic is unknown.

    Where they are the row's own traffic, which nothing else counts, they take its place.
    """
    told = _told(fields, values)
    untold = np.zeros(len(told), np.bool_)
    nothing = np.zeros(len(told), np.int64)
    octets, packets = values.get("out_bytes"), values.get("out_packets", nothing)
    octets = np.full(len(told), -1, np.int64) if octets is None else octets
    reverse = told.copy()
    open_to_doubt = ~told & keep & ((octets > 0) | (packets > 0))
    if not open_to_doubt.any():
        return reverse, untold
    for exporter in np.unique(fields.rows["exporter"][open_to_doubt]).tolist():
        mine = np.flatnonzero((fields.rows["exporter"] == exporter) & ~told & keep)
        ways = values["bytes"], values["packets"], octets, packets
        meaning = outgoing_meaning(
            Counted(*(way[mine] for way in ways)),
            egress=fields.rows["direction"][mine] == _EGRESS if fields.has("direction") else None,
            multicast=_to_group(fields)[mine],
            biflow=False,
        )
        say_unknown(tally, int(meaning.unknown.sum()))
        own = mine[meaning.own]
        values["bytes"][own], values["packets"][own] = np.maximum(octets[own], 0), packets[own]
        reverse[mine] = meaning.reverse & (octets[mine] >= 0)
        silent = (values["bytes"][mine] == 0) & (values["packets"][mine] == 0)
        untold[mine] = meaning.unknown & silent
    return reverse, untold


def _told(fields: Fields, values: dict[str, Ints]) -> Mask:
    """Rows of which it is told that their outgoing counters are the other direction."""
    found = np.zeros(len(fields.rows), np.bool_)
    if "out_bytes" not in values:
        return found
    for name in ("firewall_event", "biflow"):
        told = fields.get(name)
        if told is not None:
            found |= told > 0
    if fields.appended and "out_packets" in values:
        found |= values["out_packets"] > 0
    return found


def _to_group(fields: Fields) -> Mask:
    """Which rows go to a multicast group or to all."""
    found = np.zeros(len(fields.rows), np.bool_)
    if fields.has("destination4"):
        found |= fields.rows["destination4"] >= _FIRST_GROUP
    if fields.has("destination6"):
        found |= fields.rows["destination6"][:, 0] >> np.uint64(56) == _GROUPS_V6
    return found
