"""sFlow version 5 in captures: the packets that were sampled, not those that carry the samples.

- A row is a sampled packet; its time is that at which the datagram was captured, for sFlow has no
  clock. Datagrams without a capture around them are refused therefore.
- Raw headers are dissected as packets of a capture are: behind tags and labels, and of a tunnel in
  clear the innermost packet. Where that finds no IP, the agent's own IPv4 or IPv6 structure counts.
- Bytes are the length in the IP header, never that of the frame.
- AS numbers (1003) and translations (1007, 1020) are what the agent says of the outermost packet;
  of one inside a tunnel they are not known. All other records are passed over by their length.
- What the agent discarded has ``denied``: by the output of a sample, or by a notice of a discarded
  packet, which is no sample (1 in 1). What left by a known interface was not denied.
- The exporter is the agent; the observation point is the source that sampled, with the direction
  where the sample's input and output tell it.
- Numbers of datagrams tell which were lost, and an agent's count of drops which samples it did not
  send. The numbers of samples would tell the same losses again and are not used. A datagram that
  was captured twice counts once.

Read by specification, and compared with tshark; one real capture was at hand.
"""

from folkways.read.sflow.reader import SflowReader

__all__ = ["SflowReader"]
