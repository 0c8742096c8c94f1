"""Finds handshakes: keeps the first messages of young flows until they can be judged, bounded.

Flows are judged at sweeps only, which come after so many packets wherever chunks end: the labels
do not depend on chunks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import Protocol, TcpFlag
from folkways.read.capture.columns import PacketColumns
from folkways.read.capture.frames import Integers, Octets
from folkways.read.capture.packets import Flags, Rows
from folkways.read.capture.signatures import SEEN, WORD, signatures
from folkways.read.capture.signatures_match import MESSAGES, Evidence, match

YOUNGEST = 1 << 14
"""Only the messages of so many flows, those that began last, are kept over a sweep."""
_AT_ONCE = 1 << 13
"""Flows judged at once, which bounds the memory that this needs."""
_NONE, _JUDGED = -1, -2
UNRECOGNISED = "unknown"
"""The label, in nDPI's word, of a flow that begins like no protocol that is known."""
SYSTEM_PORTS = 1024
"""Below are ports assigned to one protocol each (RFC 6335 section 6)."""

Labels = dict[int, str]
"""By id of a piece: the protocol whose handshake it is."""

_FLOW = np.dtype(
    [
        ("id", np.int64),
        ("protocol", np.uint8),
        ("ports", np.int32, 2),
        ("count", np.uint8, 2),
        ("sequence", np.uint32, 2),
        ("message", np.int32, (2, MESSAGES)),
        ("seen", np.int32, (2, MESSAGES)),
        ("length", np.int32, (2, MESSAGES)),
    ]
)
"""A flow that said something: pairs are by side, 0 its source; ``message``: where octets are."""


class SignatureFinder:
    """Says of flows, by the first messages of both sides, which protocol shakes hands in them."""

    def __init__(self) -> None:
        # By id of a flow, from the base up to the end: its place in ``_flows``, and whether it
        # had a SYN.
        self._base = self._end = 0
        self._place = np.zeros(0, np.int32)
        self._begun = np.zeros(0, np.bool_)
        self._flows = np.zeros(0, _FLOW)
        self._used = 0
        self._octets: list[Octets] = []
        self._messages = 0

    def feed(self, packets: PacketColumns) -> None:
        """Look at the next packets, in capture order."""
        if not len(packets):
            return
        self._end = max(self._end, int(packets.flow.max()) + 1)
        self._place = _grown(self._place, self._end - self._base, _NONE)
        self._begun = _grown(self._begun, self._end - self._base, False)  # noqa: FBT003  # a value
        flow = packets.flow - self._base
        young = flow >= 0
        self._begun[flow[young & (packets.tcp_flags & TcpFlag.SYN != 0)]] = True
        known = (packets.protocol == Protocol.TCP) | (packets.protocol == Protocol.UDP)
        rows = np.flatnonzero(young & known & (packets.payload_length > 0))
        rows = rows[self._place[flow[rows]] != _JUDGED]
        side = (~packets.forward[rows]).astype(np.intp)
        wanted = self._wanted(self._place[flow[rows]], side)
        rows, side = rows[wanted], side[wanted]
        order = np.argsort(flow[rows] * 2 + side, kind="stable")
        rows, side = rows[order], side[order]
        if len(rows):
            self._keep(packets, rows, self._places(packets, rows, flow[rows]), side)

    def sweep(self, ended: Integers) -> Labels:
        """Judge the flows that have ended, have said enough, or are no longer young."""
        base = max(self._base, self._end - YOUNGEST)
        flows = self._flows[: self._used]
        done = (flows["count"] == MESSAGES).all(axis=1) | (flows["id"] < base)
        # Flows of which only later fragments were seen never came here.
        here = ended[(ended >= self._base) & (ended < self._end)] - self._base
        place = self._place[here]
        done[place[place >= 0]] = True
        labels = self._judge(done)
        self._place = self._place[base - self._base :].copy()
        self._begun = self._begun[base - self._base :].copy()
        self._base = base
        return labels

    def finish(self) -> Labels:
        """Judge all that are left: the capture ended."""
        return self._judge(np.ones(self._used, np.bool_))

    def _wanted(self, place: npt.NDArray[np.int32], side: Rows) -> Flags:
        """Packets of sides that have not said enough yet."""
        wanted: Flags = place < 0
        kept = np.flatnonzero(~wanted)
        wanted[kept] = self._flows["count"][place[kept], side[kept]] < MESSAGES
        return wanted

    def _places(self, packets: PacketColumns, rows: Rows, flow: Integers) -> Rows:
        """Where the flows of packets are kept; those that are not yet, get a place."""
        new = self._place[flow] == _NONE
        fresh, first = np.unique(flow[new], return_index=True)
        if len(fresh):
            places = np.arange(self._used, self._used + len(fresh))
            self._used += len(fresh)
            self._flows = _grown(self._flows, self._used, 0)
            row = rows[new][first]
            ports = np.stack([packets.source_port[row], packets.destination_port[row]], axis=1)
            back = ~packets.forward[row]
            ports[back] = ports[back, ::-1]
            self._flows[places] = np.zeros((), _FLOW)
            self._flows["id"][places] = fresh + self._base
            self._flows["protocol"][places] = packets.protocol[row]
            self._flows["ports"][places] = ports
            self._place[fresh] = places
        return self._place[flow].astype(np.intp)

    def _keep(self, packets: PacketColumns, rows: Rows, place: Rows, side: Rows) -> None:
        """Keep the messages of sides, which stand together, as far as there is room for them."""
        flows, sequence = self._flows, packets.tcp_seq[rows]
        starts = _starts(place * 2 + side)
        before = np.where(starts, flows["sequence"][place, side], np.roll(sequence, 1))
        said = ~starts | (flows["count"][place, side] > 0)
        # A segment sent again says nothing new.
        again = said & (sequence == before) & (packets.protocol[rows] == Protocol.TCP)
        rows, place, side = rows[~again], place[~again], side[~again]
        first = np.flatnonzero(_starts(place * 2 + side))
        rank = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows))))
        rank += flows["count"][place, side]
        early = rank < MESSAGES
        rows, place, side, rank = rows[early], place[early], side[early], rank[early]

        length = packets.payload_length[rows]
        flows["message"][place, side, rank] = np.arange(self._messages, self._messages + len(rows))
        flows["seen"][place, side, rank] = np.minimum(length, SEEN)
        flows["length"][place, side, rank] = np.where(packets.payload_cut[rows], -1, length)
        # Of several of one side the last in order stands.
        flows["count"][place, side] = rank + 1
        flows["sequence"][place, side] = packets.tcp_seq[rows]
        self._octets.append(_octets(packets.data, packets.payload_start[rows]))
        self._messages += len(rows)

    def _judge(self, done: Flags) -> Labels:
        """The labels of some flows; only the others are kept."""
        octets = np.concatenate([np.zeros((1, SEEN), np.uint8)[:0], *self._octets])
        labels: Labels = {}
        places = np.flatnonzero(done)
        for begin in range(0, len(places), _AT_ONCE):
            labels |= self._label(self._flows[places[begin : begin + _AT_ONCE]], octets)
        self._place[self._flows["id"][places] - self._base] = _JUDGED

        kept = self._flows[: self._used][~done]
        there = np.arange(MESSAGES) < kept["count"][..., np.newaxis]
        self._octets = [octets[kept["message"][there]]]
        self._messages = int(there.sum())
        kept["message"][there] = np.arange(self._messages)
        self._place[kept["id"] - self._base] = np.arange(len(kept))
        self._flows, self._used = kept, len(kept)
        return labels

    def _label(self, flows: npt.NDArray[np.void], octets: Octets) -> Labels:
        evidence = Evidence(
            protocol=flows["protocol"],
            begun=self._begun[flows["id"] - self._base],
            ports=flows["ports"],
            octets=octets[flows["message"]],
            seen=flows["seen"],
            length=flows["length"],
        )
        known = signatures()
        found = match(known, evidence)
        named = np.flatnonzero(found >= 0)
        words = [known[which].label for which in found[named].tolist()]
        strange = flows["id"][_unrecognised(evidence, found)].tolist()
        return dict(zip(flows["id"][named].tolist(), words, strict=True)) | dict.fromkeys(
            strange, UNRECOGNISED
        )


def _unrecognised(evidence: Evidence, found: npt.NDArray[np.int16]) -> Flags:
    """Flows whose beginning was seen and is not that of any protocol known here.

    Only of TCP towards a system port, whose protocol is known here: what travels on others may be
    their own. The client must have spoken, since a greeting alone says little. Of UDP nobody knows
    whether the beginning was seen.
    """
    seen, length = evidence.seen[..., 0], evidence.length[..., 0]
    system = (evidence.ports > 0) & (evidence.ports < SYSTEM_PORTS)
    # What is very short, or was cut by the capture, may be the beginning of anything.
    asked = (system[:, ::-1] & (seen >= WORD)).any(axis=1)
    whole = ((seen == 0) | (length >= 0)).all(axis=1)
    tcp = evidence.protocol == Protocol.TCP
    strange: Flags = (found < 0) & tcp & evidence.begun & asked & whole
    return strange


def _starts(values: Rows) -> Flags:
    """Where a value differs from the one before."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]


def _grown(values: npt.NDArray[Any], size: int, fill: int) -> npt.NDArray[Any]:
    """Room for so many values, and more, so that growing does not cost much."""
    if size <= len(values):
        return values
    grown = np.full(max(size, len(values) * 3 // 2, 1024), fill, values.dtype)
    grown[: len(values)] = values
    return grown


def _octets(data: Octets, start: Integers) -> Octets:
    """(n, SEEN) octets from each offset; zeros beyond the end of the data."""
    if int(start.max(initial=0)) > len(data) - SEEN:
        # Only at the end of a chunk; its bytes are copied once.
        data = np.append(data, np.zeros(SEEN, np.uint8))
    windows = np.ndarray((len(data) - SEEN + 1,), f"V{SEEN}", data, strides=(1,))
    found: Octets = windows[start].view(np.uint8).reshape(-1, SEEN)
    return found
