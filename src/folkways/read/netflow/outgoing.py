"""What left the exporter beside what came in (23, 24): see ``read.outgoing`` for what decides."""

import numpy as np

from folkways.formats.ipfix import biflow_exporter
from folkways.model.batches import Tally
from folkways.read.netflow.counters import Counters
from folkways.read.netflow.fields import Bools, Fields, Ints, Octets
from folkways.read.outgoing import Counted, outgoing_meaning, say_unknown

_EGRESS = 1
_MAPPED = np.frombuffer(b"\0\0\xff\xff", np.uint32)[0]
_FIRST_GROUP, _GROUPS_V6 = 224, 0xFF
"""First octets of multicast groups; above those of IPv4 lie reserved ones and broadcast."""


def with_outgoing(
    counts: Counters, fields: Fields, sides: dict[str, Octets], keep: Bools, tally: Tally
) -> Counters:
    """The counters with the other direction where the outgoing ones are that.

    Records that give the other direction by elements of its own are left alone.
    """
    told = {"bytes_reverse", "packets_reverse"} & set(counts.values)
    if not counts.out or told:
        return counts
    nothing = np.full(fields.rows, -1, np.int64)
    values = counts.values
    direction = fields.unsigned("flowDirection")
    egress = None if direction is None else direction == _EGRESS
    counted = Counted(
        # Octets of frames cannot be set against those of packets.
        nothing if counts.frames else values.get("bytes_forward", nothing),
        values.get("packets_forward", nothing),
        counts.out.get("bytes", nothing),
        counts.out.get("packets", nothing),
    )
    meaning = outgoing_meaning(
        counted, egress=egress, multicast=_to_group(fields.rows, sides), biflow=_biflow(fields)
    )
    say_unknown(tally, int((meaning.unknown & keep).sum()))
    # Nothing counts what such a record came for: zero would be a measurement.
    silent = meaning.unknown & (counted.octets <= 0) & (counted.packets <= 0)
    changed = meaning.own | silent
    found: dict[str, Ints] = {}
    for kind, out in counts.out.items():
        own = values.get(f"{kind}_forward", nothing)
        if changed.any():
            found[f"{kind}_forward"] = np.where(meaning.own, out, np.where(silent, -1, own))
        if meaning.reverse.any():
            found[f"{kind}_reverse"] = np.where(meaning.reverse, out, -1)
    return counts._replace(values=values | found)


def _biflow(fields: Fields) -> bool:
    """Whether the exporter is known for it, or says that its flows have two directions."""
    return fields.has("biflowDirection") or fields.carries(lambda key: biflow_exporter(*key))


def _to_group(rows: int, sides: dict[str, Octets]) -> Bools:
    """Which records go to a multicast group or to all."""
    octets = sides.get("destination")
    if octets is None:
        return np.zeros(rows, np.bool_)
    words = np.ascontiguousarray(octets).view(np.uint32)
    mapped = (words[:, 2] == _MAPPED) & (words[:, 0] == 0) & (words[:, 1] == 0)
    return np.asarray(np.where(mapped, octets[:, 12] >= _FIRST_GROUP, octets[:, 0] == _GROUPS_V6))
