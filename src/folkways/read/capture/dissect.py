"""From frames to packets: link, IP, transport, and as many tunnels as are inside each other."""

import numpy as np

from folkways.model.batches import Tally
from folkways.read.capture.frames import Frames
from folkways.read.capture.link import strip_link
from folkways.read.capture.network import read_network
from folkways.read.capture.packets import Cursor, Packets, join, unread_packets
from folkways.read.capture.transport import read_transport
from folkways.read.capture.tunnels import MAX_TUNNELS, NAMES, enter_tunnels


def dissect(frames: Frames, tally: Tally) -> Packets:
    """Read the headers of all frames; what is not used has its cause, and is not counted here."""
    packets = unread_packets(frames)
    row = np.arange(len(frames), dtype=np.intp)
    whole = Cursor(row, frames.start, frames.start + frames.captured, frames.start + frames.wire)
    links = np.unique(frames.link)
    found = []
    for link in links:
        mine = whole if len(links) == 1 else whole.take(frames.link == link)
        found.append(strip_link(frames.data, int(link), mine, packets.cause))
    ip = join(found)
    for level in range(MAX_TUNNELS + 1):
        carried = read_network(frames.data, ip, packets, inner=level > 0)
        if not len(carried):
            break
        read_transport(frames.data, carried, packets)
        ip = enter_tunnels(frames.data, carried, packets)
        if not len(ip):
            break
    if packets.unopened.any():
        counts = np.bincount(packets.unopened, minlength=len(NAMES))
        for name, count in zip(NAMES[1:], counts[1:].tolist(), strict=True):
            tally.flag(f"tunnel not opened: {name}", count)
        tally.note(
            "Of tunnels that are not opened the packets around them count, with their addresses."
        )
    tally.flag("IP length above wire length", int(packets.too_long.sum()))
    return packets
