"""Bytes and packets of flows: steps, else totals, else what a firewall or a switch counts.

What counts since the last report of a flow (steps) and what counts since its start (totals) are
never mixed in one row. Elements 231, 232, 298 and 299 count what each side of a connection sent; by
IANA's registry they are octets of payload since the last report. Elements 352 and 353 count octets
of frames. What is counted behind the exporter (23, 24, 171, 172) stands for the record's own
traffic where nothing else does; beside other counters see ``outgoing``.
"""

from typing import NamedTuple

import numpy as np

from folkways.model.batches import Tally
from folkways.read.netflow.fields import LONGEST, Bools, Fields, Ints

WAYS = ("bytes_forward", "bytes_reverse", "packets_forward", "packets_reverse")
_STEP = {"bytes": "octetDeltaCount", "packets": "packetDeltaCount"}
_TOTAL = {"bytes": "octetTotalCount", "packets": "packetTotalCount"}
_POST_STEP = {"bytes": "postOctetDeltaCount", "packets": "postPacketDeltaCount"}
_POST_TOTAL = {"bytes": "postOctetTotalCount", "packets": "postPacketTotalCount"}
_SESSION = {
    "bytes_forward": "initiatorOctets",
    "bytes_reverse": "responderOctets",
    "packets_forward": "initiatorPackets",
    "packets_reverse": "responderPackets",
}
_STEP_FRAMES, _TOTAL_FRAMES = "layer2OctetDeltaCount", "layer2OctetTotalCount"


class Counters(NamedTuple):
    """Counters by column, -1 where they are not known, and of which kind they are."""

    values: dict[str, Ints]
    totals: bool = False
    """They run on from the start of the flow."""
    sessions: frozenset[str] = frozenset()
    """Those of what each side of a connection sent."""
    frames: bool = False
    """Octets are those of frames."""
    out: dict[str, Ints] = {}  # noqa: RUF012  # never changed
    """What left the exporter, by ``bytes`` and ``packets``, where other counters stand beside."""

    @property
    def silent(self) -> Bools:
        """Records without octets, or packets if these alone are carried; one element: all are."""
        ways = self.values | {f"{kind}_out": counted for kind, counted in self.out.items()}
        octets = [counted for way, counted in ways.items() if way.startswith("bytes")]
        found = [counted <= 0 for counted in octets or ways.values()]
        return np.asarray(np.logical_and.reduce(found)) if found else np.ones(1, np.bool_)


def counters(fields: Fields, tally: Tally) -> Counters:
    """The counters of records, each from the first element that carries it."""
    totals = _are_totals(fields)
    main, post = (_TOTAL, _POST_TOTAL) if totals else (_STEP, _POST_STEP)
    frame = _TOTAL_FRAMES if totals else _STEP_FRAMES
    values: dict[str, Ints] = {}
    sessions = set()
    frames = False
    for name in WAYS:
        kind, way = name.split("_")
        used = _counter(fields, main[kind], tally, reverse=way == "reverse")
        if used is None and not totals:
            used = _counter(fields, _SESSION[name], tally)
            if used is not None:
                sessions.add(name)
        if used is None and name == "bytes_forward":
            used = _counter(fields, frame, tally)
            frames = used is not None
        if used is not None:
            values[name] = used
    behind = {kind: _counter(fields, name, tally) for kind, name in post.items()}
    out = {kind: counted for kind, counted in behind.items() if counted is not None}
    if out and not values:
        values = {f"{kind}_forward": counted for kind, counted in out.items()}
        out = {}
    return Counters(values, totals, frozenset(sessions), frames, out)


def _are_totals(fields: Fields) -> bool:
    """Whether records count from their start: only if no octets, else no packets, are steps."""
    steps = (_STEP["bytes"], "initiatorOctets", "responderOctets", _STEP_FRAMES)
    totals = (_TOTAL["bytes"], _TOTAL_FRAMES)
    for step, total in (
        (steps, totals),
        ((_STEP["packets"], "initiatorPackets"), (_TOTAL["packets"],)),
        (tuple(_POST_STEP.values()), tuple(_POST_TOTAL.values())),
    ):
        if any(fields.has(name) or fields.has(name, reverse=True) for name in step):
            return False
        if any(fields.has(name) or fields.has(name, reverse=True) for name in total):
            return True
    return False


def _counter(fields: Fields, name: str, tally: Tally, *, reverse: bool = False) -> Ints | None:
    used = fields.unsigned(name, reverse=reverse)
    if used is None or not (absurd := int((used < 0).sum())):
        return used
    octets = fields.length(name, reverse=reverse)
    if octets > LONGEST:
        tally.flag("counter beyond 64 bits", absurd)
        tally.note(
            f"{name} comes in {octets} octets, and holds numbers that do not fit 64 bits: they are "
            "unknown, not 0."
        )
    else:
        tally.flag("impossible counter", absurd)
    return np.where(used < 0, -1, used)
