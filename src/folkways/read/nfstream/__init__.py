"""Captures metered by nfstream, for the sake of nDPI's labels; an extra, used only when asked for.

- The metering of Folkways itself is faster, knows DNS answers and fragments, and is what a capture
  is read with. nfstream adds what nDPI calls each flow. Both of one capture in a study count twice.
- A label counts only if nDPI looked into the packets. What it guesses by a port or an address stays
  out: ports and dated lists are weighed later, with their own evidence.
- A name counts where the label says TLS, QUIC or HTTP; with DNS it is the name that was asked for.
- Bytes are IP bytes (nfstream's accounting mode 1). Time limits are those of all captures; pieces
  of a connection are joined later. nfstream does not end a flow with its FIN, so that a second
  connection between the same ports within the idle limit is not told from the first.
- nfstream says nothing of packets that it passes over, so that these cannot be counted; a packet
  whose time goes backwards gets the time before it.

nfstream 6.6 with its nDPI, compared with the metering of Folkways on the captures of nDPI's tests.
"""

from folkways.read.nfstream.reader import NfstreamReader

__all__ = ["NfstreamReader"]
