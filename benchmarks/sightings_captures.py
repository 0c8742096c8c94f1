"""A world of the packets of real captures. For ``sightings.py``."""

from pathlib import Path

import numpy as np

from pairing import MEMBERS, read_packets
from sightings_world import Ints, Packets, World


def world_of_captures(folder: Path, limit: int) -> World:
    """The largest captures of a folder; each connection is what a meter without timeouts finds."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in {".pcap", ".pcapng"})
    chosen = sorted(files, key=lambda p: (-p.stat().st_size, p.name))[:limit]
    read = [p for n, f in enumerate(chosen) if (p := read_packets(f, n)) and len(p.time_ms)]

    def column(name: str) -> Ints:
        return np.concatenate([getattr(packets, name) for packets in read])

    source, destination, ports = column("source"), column("destination"), column("ports")
    by_member = source[:, 0] == MEMBERS
    member = np.where(by_member[:, None], source, destination).astype(np.int64)
    remote = np.where(by_member[:, None], destination, source).astype(np.int64)
    ports = np.where(by_member[:, None], ports, ports[:, ::-1])
    protocol = column("protocol")
    whole = np.concatenate([member, remote, ports, protocol[:, None]], axis=1)
    key = np.unique(whole, axis=0, return_inverse=True)[1].reshape(-1)
    flow = np.unique(column("flow"), return_inverse=True)[1]
    order = np.lexsort((column("time_ms"), flow))
    flow, time = flow[order], column("time_ms")[order]
    first = np.flatnonzero(np.append(True, np.diff(flow) != 0))
    packets = Packets(
        number=np.arange(len(flow)),
        flow=flow,
        way=np.where(by_member, 0, 1)[order],
        time=time,
        size=column("size")[order],
        flags=column("flags")[order],
    )
    opened = by_member == column("forward")
    return World(
        packets=packets,
        key=key[order][first],
        protocol=protocol[order][first],
        by_member=opened[order][first],
        start=np.minimum.reduceat(time, first),
        end=np.maximum.reduceat(time, first),
    )
