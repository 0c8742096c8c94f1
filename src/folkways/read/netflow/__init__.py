"""NetFlow v5, v9 and IPFIX: raw dumps of export packets, and IPFIX files.

- ``Decoder`` takes export packets one by one and is free of files: captures can feed it too.
- Bytes are octetDeltaCount, else totals (flagged ``total-counters``), else what a firewall counts
  for initiator and responder. Post-counters (23, 24) are not the other direction and not used.
- Rows have one direction, unless reverse elements or a firewall's counters give the other.
- Sampling that nobody states is null.
"""

from folkways.read.netflow.decoder import Decoder
from folkways.read.netflow.reader import NetFlowReader

__all__ = ["Decoder", "NetFlowReader"]
