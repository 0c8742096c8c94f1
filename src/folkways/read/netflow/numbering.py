"""Sequence numbers of export packets: what was lost, and what came late.

v5 counts flows, v9 export packets (RFC 3954), IPFIX data records (RFC 7011 3.1); a number says what
was sent before its packet. A step that no loss explains (the other unit, the packet's own records)
is taken as that exporter's way of counting.
"""

from dataclasses import dataclass

from folkways.formats.ipfix import IPFIX, V9
from folkways.model.batches import Gap, Tally
from folkways.read.netflow.messages import Exporter, Header, parse_header
from folkways.read.serial import MODULUS, signed

_IPFIX_SEQUENCE = slice(8, 12)
_JUMP = 1 << 24
"""No loss is so long."""
_LATE = {V9: 1_000}
_LATE_FLOWS = 30_000
"""How far behind a number may be before it is one of a new start."""
_BOOT_MOVED_MS = 5_000
_OPEN = 16
"""Gaps that late packets may still fill."""


@dataclass
class _Open:
    """A gap that late packets may fill: its first number, and how many are missing."""

    sequence: int
    lost: int
    first_ms: int
    last_ms: int


class Numbering:
    """The sequence numbers of one exporter's domain."""

    __slots__ = ("_odd", "_open", "by_flows", "expected", "last")

    def __init__(self) -> None:
        self.expected: int | None = None
        """The next number; None: not known."""
        self.last = b""
        """The packet before."""
        self.by_flows = False
        """v9 only: the numbers count flows."""
        self._odd = 0
        self._open: list[_Open] = []

    def take(self, packet: bytes, units: int | None, exporter: Exporter, tally: Tally) -> None:
        """Take a packet that holds ``units`` of what its version counts (None: not known)."""
        if packet[1] == IPFIX and units is not None and self._goes_on(packet):
            self.expected = ((self.expected or 0) + units) % MODULUS
            self.last = packet
            return
        header = parse_header(packet)
        if header is None:
            return
        if header.version == V9:
            units = header.claimed if self.by_flows else 1
        last = parse_header(self.last)
        if last is not None and self.expected not in {None, header.sequence}:
            if _restarted(last, header):
                tally.flag("exporter restarted")
            elif self._is_late(last, header, units, exporter, tally):
                return
        self.expected = None if units is None else (header.sequence + units) % MODULUS
        self.last = packet

    def _goes_on(self, packet: bytes) -> bool:
        return int.from_bytes(packet[_IPFIX_SEQUENCE], "big") == self.expected

    def _is_late(
        self, last: Header, header: Header, units: int | None, exporter: Exporter, tally: Tally
    ) -> bool:
        """Judge a number that is not the expected one; whether its packet is an older one."""
        step = signed(header.sequence - (self.expected or 0))
        since = signed(header.sequence - last.sequence)
        if since == 0 or (header.version != V9 and since in {1, units}):
            return False  # it counts nothing, packets, or the packet's own records as well
        if step < 0:
            far = -step > _LATE.get(header.version, _LATE_FLOWS) or header.sequence == 0
            if far and header.export_ms >= last.export_ms:
                tally.flag("exporter restarted")
                return False
            tally.flag("export packet out of order")
            self._fill(header.sequence, units or 1)
            return True
        if step > _JUMP:
            tally.flag("sequence jumped")
            return False
        self._odd = self._odd + 1 if since == last.claimed else 0
        begun, ended = sorted((last.export_ms, header.export_ms))
        self._open.append(_Open(self.expected or 0, step, begun, ended))
        if header.version == V9 and self._odd > 1:
            self.by_flows = True
            self._open.clear()
        elif len(self._open) > _OPEN:
            self._close(self._open.pop(0), header.version, exporter, tally)
        return False

    def _fill(self, sequence: int, units: int) -> None:
        for gap in self._open:
            if 0 <= signed(sequence - gap.sequence) < _JUMP and gap.lost > 0:
                gap.lost -= min(units, gap.lost)
                return

    def finish(self, version: int, exporter: Exporter, tally: Tally) -> None:
        """Report the gaps that nothing filled."""
        for gap in self._open:
            self._close(gap, version, exporter, tally)
        self._open.clear()

    @staticmethod
    def _close(gap: _Open, version: int, exporter: Exporter, tally: Tally) -> None:
        if gap.lost:
            cause = "sequence gap (packets)" if version == V9 else "sequence gap"
            whose = exporter[0] if exporter else None
            tally.add_gap(Gap(gap.first_ms, gap.last_ms, cause, whose, gap.lost))


def _restarted(last: Header, header: Header) -> bool:
    """Whether the instant at which the exporter's uptime began has moved (32 bits of it)."""
    if last.uptime_ms is None or header.uptime_ms is None:
        return False
    begun = last.export_ms - last.uptime_ms
    return signed(header.export_ms - header.uptime_ms - begun) > _BOOT_MOVED_MS
