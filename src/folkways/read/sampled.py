"""Columns of packets that were sampled by themselves: sFlow's, and those in sections of IPFIX."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats.headers import Protocol, TcpFlag
from folkways.model.addresses import addresses_from_numpy
from folkways.read.capture.packets import Flags, Packets


def packet_columns(p: Packets, stated: Flags | None = None) -> dict[str, pa.Array]:
    """A row a packet: ends, one packet, octets by its IP header.

    ``stated`` are those that an agent told of without giving the header: 0 in them is unknown.
    """
    flagged = (p.protocol == Protocol.TCP) & ~p.cut & (p.fragment < 2)
    if stated is not None:
        flagged &= ~stated | (p.tcp_flags > 0)
    syn = flagged & (p.tcp_flags & (TcpFlag.SYN | TcpFlag.ACK) == TcpFlag.SYN)
    return {
        "source_address": addresses_from_numpy(p.source),
        "destination_address": addresses_from_numpy(p.destination),
        "source_port": known_values(p.source_port, p.source_port >= 0),
        "destination_port": known_values(p.destination_port, p.destination_port >= 0),
        "protocol": pa.array(p.protocol.astype(np.int16)),
        "bytes_forward": known_values(p.ip_bytes, p.ip_bytes > 0),
        "packets_forward": pa.array(np.ones(len(p), np.int64)),
        "tcp_flags_forward": known_values(p.tcp_flags.astype(np.int16), flagged),
        "begins": known_values(syn, syn),
    }


def known_values(values: npt.NDArray[np.generic], known: Flags) -> pa.Array:
    """Null where it is not known."""
    return pa.array(values, mask=~known)
