"""SiLK: the flow files of all thirteen record formats, in both byte orders.

Plain, zlib, LZO or snappy; headers of version 16 with their entries, and the older ones.

- Rows have one direction. SiLK does not say how packets were sampled: null.
- Bytes of packed formats are packets times a rounded ratio, as SiLK itself computes them.
- The exporter is the sensor's number, else the probe's name; the observation point is the flowtype,
  whose number means what each site's own configuration says.
- ``begins`` only where the first packet is known to be a SYN without ACK, and the flow does not go
  on from one that was cut by a timeout.
- Labels are YAF's: ``applabel:443``.

RWGENERIC 5, RWIPV6 1 and 2 and RWIPV6ROUTING 3 (zlib, LZO) are tested on real files; all others are
read by specification, the sources of libsilk.
"""

from folkways.read.silk.reader import SilkReader

__all__ = ["SilkReader"]
