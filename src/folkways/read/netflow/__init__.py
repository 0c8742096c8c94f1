"""NetFlow v5, v9 and IPFIX: dumps of export packets, IPFIX files, and captures of exports.

- ``Decoder`` takes export packets one by one and is free of files.
- Bytes are octetDeltaCount, else totals (85, 86) differenced flow by flow, else what each side of a
  connection sent by a firewall (flawed ``payload-bytes``), else octets of frames (``frame-bytes``).
  Post-counters (23, 24) are not the other direction and not used.
- The flaw ``total-counters``: the flow has no time, or may be one that was forgotten, so that what
  was counted before could not be taken off.
- Rows have one direction, unless reverse elements or a firewall's counters give the other.
- A firewall's denied connection is a row with the flaw ``rejected``.
- Sampling that nobody states is null.
- A packet that comes twice counts once; sequence numbers tell what was lost.
"""

from folkways.read.netflow.decoder import Decoder
from folkways.read.netflow.reader import NetFlowReader

__all__ = ["Decoder", "NetFlowReader"]
