"""Flows of nfstream as rows of ``records``."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.headers import Protocol
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.hosts import hosts
from folkways.read.names import HAS_PORT
from folkways.read.numbers import Mask, mask_of
from folkways.read.reader import FORWARD, KEY, REVERSE

GIVES = (KEY | FORWARD | REVERSE) | {
    *("initiator", "exclusive", "sampling", "sensor_label", "name", "name_source"),
}

_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
"""The TCP flags from the lowest bit (RFC 9293, RFC 3168)."""
_SIDES = ("src2dst", "dst2src")
_TEXTS = ("src_ip", "dst_ip", "application_name", "requested_server_name")
_NUMBERS = (
    *("bidirectional_first_seen_ms", "bidirectional_last_seen_ms", "protocol"),
    *("src_port", "dst_port", "application_is_guessed", "application_confidence"),
    *(f"{side}_{what}" for side in _SIDES for what in ("packets", "bytes")),
    *(f"{side}_{flag}_packets" for side in _SIDES for flag in _FLAGS),
)
_texts, _numbers = attrgetter(*_TEXTS), attrgetter(*_NUMBERS)
_DISSECTED = 3
"""nDPI's confidence (ndpi_confidence_t): below it ports, addresses or a user's rules decided."""

_LAST_MS = 2**32 * 1000
"""The last second that pcap can state."""

Numbers = dict[str, npt.NDArray[np.int64]]


def usable(flows: Iterable[Any], tally: Tally) -> Iterator[Any]:
    """Flows, which are nfstream's objects, without those of no possible time; all are counted.

    nfstream takes a time before 1970, or past 2038 in pcap, for one 585 million years away, and
    what comes after it in the capture gets the same.
    """
    for flow in flows:
        tally.records += 1
        tally.versions["nfstream flow"] += 1
        if flow.bidirectional_last_seen_ms <= _LAST_MS:
            yield flow
        else:
            tally.skip("time out of range")


def make_rows(flows: Sequence[Any], tally: Tally) -> Batch:
    """A batch of usable flows."""
    table = np.array([_numbers(flow) for flow in flows], np.int64)
    numbers = dict(zip(_NUMBERS, table.T, strict=True))
    texts = zip(*map(_texts, flows), strict=True)
    source, destination, label, server = (pa.array(column, pa.string()) for column in texts)
    protocol = numbers["protocol"]
    tcp, ports = protocol == Protocol.TCP, np.isin(protocol, Protocol.WITH_PORTS)
    columns = {
        "start_ms": pa.array(numbers["bidirectional_first_seen_ms"]),
        "end_ms": pa.array(numbers["bidirectional_last_seen_ms"]),
        "source_address": addresses(source),
        "destination_address": addresses(destination),
        "source_port": pa.array(numbers["src_port"], mask=~ports),
        "destination_port": pa.array(numbers["dst_port"], mask=~ports),
        "protocol": pa.array(protocol),
        "initiator": _initiator(numbers, tcp),
        "exclusive": pa.repeat(pa.scalar(value=True), len(flows)),
        "sampling": pa.repeat(1, len(flows)),
        "sensor_label": _labels(label, numbers, tally),
        **_names(label, server, tally),
    }
    for side, way in zip(_SIDES, ("forward", "reverse"), strict=True):
        columns[f"bytes_{way}"] = pa.array(numbers[f"{side}_bytes"])
        columns[f"packets_{way}"] = pa.array(numbers[f"{side}_packets"])
        columns[f"tcp_flags_{way}"] = pa.array(_flags(numbers, side), mask=~tcp)
    return make_batch("records", columns, len(flows))


def _flags(numbers: Numbers, side: str) -> npt.NDArray[np.int64]:
    """(n,) the OR of the flags of a side, from its count of packets with each."""
    found = np.zeros(len(numbers["protocol"]), np.int64)
    for bit, flag in enumerate(_FLAGS):
        found |= (numbers[f"{side}_{flag}_packets"] > 0).astype(np.int64) << bit
    return found


def _initiator(numbers: Numbers, tcp: Mask) -> pa.Array:
    """Who opened: the source if it sent SYN alone, the other side if it only sent SYN with ACK.

    Counts by flag do not tell which flags stood together. A packet without ACK is a SYN alone or a
    RST (RFC 9293), so that more of them than of RSTs show the SYN alone; else it is not known.
    """
    syn = tcp & (numbers["src2dst_syn_packets"] > 0)
    without = numbers["src2dst_packets"] - numbers["src2dst_ack_packets"]
    opened = without > numbers["src2dst_rst_packets"]
    known = syn & (opened | (without == 0))
    places = pa.array((~opened).astype(np.int8), mask=~known)
    return pa.array(["source", "destination"]).take(places)


def _labels(label: pa.Array, numbers: Numbers, tally: Tally) -> pa.Array:
    """What nDPI found by looking into the packets."""
    known = mask_of(pc.not_equal(label, "Unknown"))
    guessed = numbers["application_confidence"] < _DISSECTED
    guessed |= numbers["application_is_guessed"] > 0
    tally.flag("label guessed by port or address: not used", int((known & guessed).sum()))
    return pc.if_else(pa.array(known & ~guessed), label, None)


def _names(label: pa.Array, server: pa.Array, tally: Tally) -> dict[str, pa.Array]:
    """The server's name, and where it stood by the first part of the label (``TLS.Google``)."""
    first = pc.utf8_lower(pc.list_element(pc.split_pattern(label, "."), 0))
    given = mask_of(pc.not_equal(server, ""))
    name = pa.nulls(len(label), pa.string())
    for source, port in HAS_PORT.items():
        mine = pa.array(mask_of(pc.equal(first, source)) & given)
        found = hosts(server.filter(mine), port=port)
        for cause, mask in found.causes.items():
            tally.flag(cause, int(mask.sum()))
        name = pc.replace_with_mask(name, mine, found.names)
    return {"name": name, "name_source": pc.if_else(name.is_valid(), first, None)}
