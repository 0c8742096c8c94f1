"""NetFlow v5, v9 and IPFIX: dumps of export packets, IPFIX files, and captures of exports.

- ``Decoder`` takes export packets one by one and is free of files.
- Bytes are octetDeltaCount, else totals since the start of the flow (85, 86), else what each side
  of a connection sent by a firewall (flawed ``payload-bytes``), else octets of frames
  (``frame-bytes``). Each record stands as it is exported: totals, and a firewall's last report of a
  connection, have ``cumulative``, so that settling knows what they repeat, in other files as well.
- The flaw ``total-counters``: the start is not known, so that nothing tells what a total repeats.
- OUT_BYTES and OUT_PKTS (23, 24) are the other direction, the same packets as they leave, or a
  record's only counters; ``read.outgoing`` says what decides.
- Rows have one direction, unless reverse elements, those or a firewall's counters give the other.
- What a firewall denied (event 3) or a router dropped (forwardingStatus) has ``denied`` and the
  flaw ``rejected``; what they let through is not denied, and all else is unknown.
- A counter that does not fit 64 bits is unknown; the flaw ``clock``: a time was not possible.
- Records that hold the beginning of a sampled packet (313, 315) are read as sFlow's samples are.
- Sampling that nobody states is null.
- A packet that comes twice counts once; sequence numbers tell what was lost.
"""

from folkways.read.netflow.decoder import Decoder
from folkways.read.netflow.reader import NetFlowReader

__all__ = ["Decoder", "NetFlowReader"]
