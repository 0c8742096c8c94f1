"""What the stages of reading a capture hand each other: the packets of one chunk, by column."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PacketColumns:
    """The parsed IP packets of one chunk in capture order; every array has ``n`` rows.

    Of a tunnelled packet these are the columns of the innermost one. Offsets point into ``data``.
    """

    data: npt.NDArray[np.uint8]
    """The chunk's bytes, (size,): captured packets, and the file's own framing between them."""
    time_ns: npt.NDArray[np.int64]
    """Capture time in nanoseconds since 1970 UTC, as the file says it; not always ascending."""
    flow: npt.NDArray[np.int64]
    """Id of the piece of a flow, unique over the capture, equal for both directions."""
    forward: npt.NDArray[np.bool_]
    """True: from the piece's source to its destination."""
    protocol: npt.NDArray[np.uint8]
    """IANA protocol number of the innermost IP packet, after IPv6 extension headers."""
    source: npt.NDArray[np.uint8]
    """(n, 16): who sent this packet; IPv4 as IPv4-mapped IPv6."""
    destination: npt.NDArray[np.uint8]
    """(n, 16): who it was sent to."""
    source_port: npt.NDArray[np.int32]
    """TCP, UDP, UDP-Lite, SCTP or DCCP port of the sender of this packet; -1: unknown or none."""
    destination_port: npt.NDArray[np.int32]
    """The port it was sent to; -1 likewise."""
    tcp_flags: npt.NDArray[np.uint8]
    """The TCP header's flag byte (CWR ECE URG ACK PSH RST SYN FIN); 0 where it is not TCP."""
    tcp_seq: npt.NDArray[np.uint32]
    """TCP sequence number; 0 where it is not TCP."""
    payload_start: npt.NDArray[np.int64]
    """Offset into ``data`` of what UDP or TCP carry, or of SCTP's chunks; 0: there is nothing."""
    payload_length: npt.NDArray[np.int64]
    """Captured bytes of it that lie within the IP length; 0 where there is none."""
    payload_cut: npt.NDArray[np.bool_]
    """True: the capture or fragmentation cut the payload, so that only its first part is there."""
    fragment: npt.NDArray[np.bool_]
    """True: a later fragment of an IP packet (offset above 0); it has no header, no payload here,
    and the ports of its first fragment where that was seen."""

    def __len__(self) -> int:
        """The number of packets."""
        return len(self.time_ns)
