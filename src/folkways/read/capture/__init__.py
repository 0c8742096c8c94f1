"""Captures to flows: framing, headers, tunnels, metering; names and DNS answers on the way.

- A packet counts where it is IP: in Ethernet (also 802.3), Linux cooked, PPP, HDLC, loopback, PPI
  or raw frames, behind VLAN tags, PPPoE and MPLS. All other packets are counted by cause.
- In a tunnel in clear (IP in IP, GRE, PPTP, ERSPAN, EtherIP, MPLS, L2TP, NSH; VXLAN, Geneve, GRE,
  MPLS, L2TP, GTP-U, TZSP and Teredo in UDP on their ports, if what is inside fits;
  up to four inside each other) the innermost IP packet counts, not its envelopes.
- Bytes are those of the IP header's length, whatever was captured; checksums are not judged.
- A packet that the capture holds more than once counts once, as ``twice`` says.
- Fragments belong to the flow of their first one; without it they have no ports.
- Pieces of flows are cut as ``cuts`` says; the source is the sender of the first packet, or its
  receiver if that answers a SYN (a SYN with ACK, or the reset that refuses one).
"""

from folkways.read.capture.reader import CaptureReader

__all__ = ["CaptureReader"]
