"""nfcapd: flow files of nfdump 1.6 (layout 1) and 1.7 (layout 2), plain, LZO, LZ4, bzip2 or zstd.

What such files say, and what follows from it:

- Rows have one direction. Outgoing counters are the other one where a firewall wrote the record,
  where the exporter calls it a biflow (RFC 5103), and where ``nfdump -b`` or ``-B`` joined two
  flows; elsewhere the records of an exporter decide together (``read.outgoing``).
- nfcapd multiplies the counters of sampled flows and marks them. This is undone, and the rate
  stands beside them. Where the rate is not in the file the counters stay as they are, with the
  flaw ``scaled-counters``: the same rate given once more by hand would count twice.
- nfcapd stores 0 where an exporter tells no direction, so that only ``egress`` is certain.
- Firewall updates tell what came since the last one; the row of the end has ``cumulative``. What a
  firewall or router discarded has ``denied``.
- Flows that nfdump summed (``-a``, ``-A``) say how many they are.
- Times are UTC by the records; the names of files are not read.

zstd, records of NSEL and NAT, samplers by id and most extensions of layout 1 are read by
specification: no collected sample was at hand (files made by hand are printed alike by nfdump).
"""

from folkways.read.nfcapd.reader import NfcapdReader

__all__ = ["NfcapdReader"]
