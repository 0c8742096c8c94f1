"""Exporters' clocks, set against that of the capture which holds their packets."""

from folkways.model.batches import Tally
from folkways.read.netflow.messages import Exporter, parse_header

OFF_MS = 600_000
"""Ten minutes: no network delays a packet so long, and no clock that is kept is so far off."""
_MAX_OFF = 20_000
_MAX_NOTED = 100
_MINUTE_MS = 60_000
CAUSE = "clock: exporter off by ten minutes or more (packet)"

Place = tuple[Exporter, int, int]
"""Exporter, version, domain."""


class Clocks:
    """Whose clock is off, by what their last packet said."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._off: set[Place] = set()
        self._noted: set[Exporter] = set()

    def off(self, place: Place) -> bool:
        """Whether the clock there is off now."""
        return place in self._off

    def moved(self, packet: bytes, exporter: Exporter, received_ms: int) -> Place | None:
        """The place of a packet whose clock is off and was not, or is right again; else None."""
        header = parse_header(packet)
        if header is None:
            return None
        place = exporter, header.version, header.domain
        ahead = header.export_ms - received_ms
        if abs(ahead) < OFF_MS:
            return place if place in self._off else None
        self._tally.flag(CAUSE)
        self._note(exporter, ahead)
        return None if place in self._off else place

    def turn(self, place: Place) -> None:
        """Take it that the clock there has moved."""
        if place in self._off:
            self._off.remove(place)
        elif len(self._off) < _MAX_OFF:
            self._off.add(place)

    def _note(self, exporter: Exporter, ahead: int) -> None:
        if exporter in self._noted or len(self._noted) >= _MAX_NOTED:
            return
        self._noted.add(exporter)
        whose = f"of {exporter[0]}" if exporter else "of an exporter"
        side = "ahead of" if ahead > 0 else "behind"
        self._tally.note(
            f"The clock {whose} is {_length(abs(ahead))} {side} the one that captured its packets; "
            "the times of its flows are used as it gives them, with the flaw clock."
        )


def _length(ms: int) -> str:
    """``3 h 05 min``, or days from two of them on."""
    minutes = round(ms / _MINUTE_MS)
    if minutes >= 2 * 24 * 60:
        return f"{round(minutes / (24 * 60)):,} days"
    return f"{minutes // 60} h {minutes % 60:02} min"
