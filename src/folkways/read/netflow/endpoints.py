"""Addresses, ports, protocol and TCP flags of flows, and what a NAT box made of them."""

import numpy as np
import pyarrow as pa

from folkways.formats.headers import Protocol
from folkways.model.addresses import addresses_from_numpy
from folkways.model.validity import nullable
from folkways.read.netflow.fields import Fields, Ints, Octets

_WITH_PORTS = np.isin(np.arange(256), Protocol.WITH_PORTS)
_PORTS = {
    "source": ("sourceTransportPort", "tcpSourcePort", "udpSourcePort"),
    "destination": ("destinationTransportPort", "tcpDestinationPort", "udpDestinationPort"),
}
_MAPPED = np.frombuffer(b"\0\0\xff\xff", np.uint32)[0]
_TCP = 6


def addresses(fields: Fields, side: str) -> Octets | None:
    """Addresses of one side as (rows, 16) octets; None: not carried.

    ``side`` is the name of the element without the family: ``source``, ``postNATSource``, ...
    """
    six, four = f"{side}IPv6Address", f"{side}IPv4Address"
    has_six, has_four = fields.length(six) == 16, fields.length(four) == 4
    if not has_four:
        return fields.octets(six) if has_six else None
    mapped = _mapped(fields.octets(four))
    found = fields.octets(six) if has_six else None
    if found is None:
        return mapped
    # In a template with both, the unused one is zero, unless the version says which it is.
    of_four = np.asarray(~found.any(axis=1))
    version = fields.unsigned("ipVersion")
    if version is not None:
        of_four = (version == 4) | (of_four & (version != 6))
    return np.where(of_four[:, None], mapped, found)


def _mapped(four: Octets | None) -> Octets:
    if four is None:
        return np.zeros((0, 16), np.uint8)
    words = np.zeros((len(four), 4), np.uint32)
    words[:, 2] = _MAPPED
    words[:, 3] = four.view(np.uint32).reshape(-1)
    return words.view(np.uint8).reshape(-1, 16)


def ports(fields: Fields, protocol: Ints | None) -> dict[str, Ints]:
    """Ports by side, -1 where they are not known or the protocol has none."""
    found = {}
    for side, names in _PORTS.items():
        numbers = (fields.unsigned(name) for name in names)
        port = next((p for p in numbers if p is not None), None)
        if port is not None:
            usable = port >> 16 == 0
            if protocol is not None:
                usable &= _WITH_PORTS[protocol & 0xFF]
            found[side] = np.where(usable, port, -1)
    return found


def transport(fields: Fields, protocol: Ints | None, port: dict[str, Ints]) -> dict[str, pa.Array]:
    """Columns of protocol, ports, TCP flags and AS numbers."""
    columns: dict[str, pa.Array] = {}
    if protocol is not None:
        columns["protocol"] = nullable(protocol.astype(np.int16), protocol >> 8 == 0)
    for side, numbers in port.items():
        columns[f"{side}_port"] = nullable(numbers.astype(np.int32), numbers >= 0)
    for way, flags in _flags(fields).items():
        known = flags >= 0 if protocol is None else (flags >= 0) & (protocol == _TCP)
        columns[f"tcp_flags_{way}"] = nullable((flags & 0xFF).astype(np.int16), known)
    for side, name in (("source", "bgpSourceAsNumber"), ("destination", "bgpDestinationAsNumber")):
        number = fields.unsigned(name)
        if number is not None:
            columns[f"{side}_asn"] = nullable(number, (number > 0) & (number < 1 << 32))
    return columns


def _flags(fields: Fields) -> dict[str, Ints]:
    """TCP flags each way; YAF tells the first packet's apart from those of all others."""
    found = {}
    for way, reverse in (("forward", False), ("reverse", True)):
        flags = fields.unsigned("tcpControlBits", reverse=reverse)
        if flags is None:
            first = fields.unsigned("reverseInitialTCPFlags" if reverse else "initialTCPFlags")
            others = fields.unsigned("reverseUnionTCPFlags" if reverse else "unionTCPFlags")
            if first is not None and others is not None:
                flags = first | others
        if flags is not None:
            found[way] = flags
    return found


def translated(
    fields: Fields, sides: dict[str, Octets], port: dict[str, Ints]
) -> dict[str, pa.Array]:
    """What a NAT box made of addresses and ports; null where it left them as they were."""
    columns: dict[str, pa.Array] = {}
    for side, word in (("source", "Source"), ("destination", "Destination")):
        octets = addresses(fields, f"postNAT{word}")
        if octets is not None and side in sides:
            other = (octets != sides[side]).any(axis=1) & octets[:, 12:].any(axis=1)
            columns[f"translated_{side}_address"] = addresses_from_numpy(octets, other)
        number = fields.unsigned(f"postNAPT{word}TransportPort")
        if number is not None and side in port:
            other = (number > 0) & (number >> 16 == 0) & (port[side] >= 0) & (number != port[side])
            columns[f"translated_{side}_port"] = nullable(number.astype(np.int32), other)
    return columns
