"""Rows of sampled packets: sampled headers are dissected together, as those of a capture are."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats import sflow
from folkways.formats.headers import Protocol, TcpFlag
from folkways.model.addresses import MAPPED_PREFIX, addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.capture.dissect import dissect
from folkways.read.capture.frames import Frames, Integers, Octets, gather
from folkways.read.capture.packets import CAUSES, Cause, Flags, Packets
from folkways.read.sampling import without_implausible
from folkways.read.sflow.datagram import Datagrams, agent_of, sub_agent_of
from folkways.read.sflow.numbering import Drops, Source
from folkways.read.sflow.records import Found, as_numbers, first_of, read_addresses
from folkways.read.sflow.samples import Samples, flow_samples
from folkways.read.sflow.walk import Parts, walk

_MS_NS = 1_000_000
_NO_LINK = -1
_UNREADABLE = "sample without an IP packet"
_WAYS = ("", " ingress", " egress")
_Columns = dict[str, pa.Array]


def make_rows(waiting: Datagrams, drops: Drops, sampling: int | None, tally: Tally) -> Batch | None:
    """A row for each flow sample with an IP packet; None: there is none. The rest is counted.

    Args:
        waiting: the datagrams.
        drops: what sources said of dropped samples so far.
        sampling: what a person says of all of them, 1 in N.
        tally: where causes are counted.
    """
    data, at, end, claimed = waiting.joined()
    walked = walk(data, at, end, claimed)
    cut = int(walked.cut.sum())
    tally.records += len(walked.parts.owner) + cut
    tally.skip("cut sample", cut)
    samples = flow_samples(data, walked.parts, tally)
    if not len(samples):
        return None
    inside = walk(data, samples.at, samples.end, samples.records)
    tally.flag("cut flow record", int(inside.cut.sum()))
    time_ms = np.array(waiting.times_ms, np.int64)[samples.datagram]
    columns = {"start_ms": pa.array(time_ms), "end_ms": pa.array(time_ms)}
    columns |= _places(samples, waiting, time_ms, drops)
    columns["sampling"] = _sampling(samples.rate, sampling, tally)
    packets, stated = _packets(data, inside.parts, time_ms, tally)
    columns |= _packet_columns(packets, stated)
    columns |= _routing(data, inside.parts, len(samples))
    columns |= _translated(data, inside.parts, packets)
    batch = make_batch("records", columns, len(samples))
    used = packets.cause == Cause.NONE
    if used.all():
        return batch
    return Batch("records", batch.rows.filter(pa.array(used))) if used.any() else None


def _packets(
    data: Octets, records: Parts, time_ms: Integers, tally: Tally
) -> tuple[Packets, Flags]:
    """The packet of each sample, by its raw header, else by the agent's own IP structure (true)."""
    n = len(time_ms)
    raw = first_of(records, sflow.Record.RAW_HEADER, sflow.RAW_HEADER.itemsize, n)
    head = gather(data, raw.at, sflow.RAW_HEADER)
    start, captured, wire = np.zeros((3, n), np.int64)
    link = np.full(n, _NO_LINK, np.int32)
    start[raw.row] = raw.at + sflow.RAW_HEADER.itemsize
    there = raw.end - raw.at - sflow.RAW_HEADER.itemsize
    captured[raw.row] = np.minimum(head["size"], there)
    on_wire = head["frame"].astype(np.int64) - head["stripped"]
    wire[raw.row] = np.maximum(on_wire, captured[raw.row])
    protocols, places = np.unique(head["protocol"], return_inverse=True)
    links = [sflow.LINKS.get(protocol, _NO_LINK) for protocol in protocols.tolist()]
    link[raw.row] = np.array(links, np.int32)[places]
    packets = dissect(Frames(data, start, captured, wire, time_ms * _MS_NS, link), tally)
    before = packets.cause.copy()
    _fill(data, first_of(records, sflow.Record.IPV4, sflow.IPV4.itemsize, n), sflow.IPV4, packets)
    _fill(data, first_of(records, sflow.Record.IPV6, sflow.IPV6.itemsize, n), sflow.IPV6, packets)
    bare = packets.cause != Cause.NONE
    bare[raw.row] = False
    tally.skip(_UNREADABLE, int(bare.sum()))
    counts = np.bincount(packets.cause[~bare], minlength=len(CAUSES))
    for cause, count in zip(CAUSES[1:], counts[1:].tolist(), strict=True):
        tally.skip(cause, count)
    return packets, (before != Cause.NONE) & (packets.cause == Cause.NONE)


def _fill(data: Octets, found: Found, layout: np.dtype[np.void], packets: Packets) -> None:
    """Take packets without readable headers from IP structures; 0 in them is unknown."""
    head = gather(data, found.at, layout)
    usable = (packets.cause[found.row] != Cause.NONE) & (head["protocol"] < 1 << 8)
    row, head = found.row[usable], head[usable]
    packets.cause[row] = Cause.NONE
    packets.ip_bytes[row] = head["length"]
    packets.protocol[row] = head["protocol"]
    with_ports = np.isin(head["protocol"], Protocol.WITH_PORTS)
    for side in ("source", "destination"):
        address, ports = getattr(packets, side), getattr(packets, f"{side}_port")
        if layout is sflow.IPV4:
            address[row, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
            address[row, 12:] = head[side]
        else:
            address[row] = head[side]
        port = head[f"{side}_port"].astype(np.int64)
        ports[row] = np.where(with_ports & (port > 0) & (port < 1 << 16), port, -1)
    packets.tcp_flags[row] = head["tcp_flags"] & 0xFF


def _packet_columns(p: Packets, stated: Flags) -> _Columns:
    flagged = (p.protocol == Protocol.TCP) & ~p.cut & (p.fragment < 2)
    flagged &= ~stated | (p.tcp_flags > 0)
    syn = flagged & (p.tcp_flags & (TcpFlag.SYN | TcpFlag.ACK) == TcpFlag.SYN)
    return {
        "source_address": addresses_from_numpy(p.source),
        "destination_address": addresses_from_numpy(p.destination),
        "source_port": _known(p.source_port, p.source_port >= 0),
        "destination_port": _known(p.destination_port, p.destination_port >= 0),
        "protocol": pa.array(p.protocol.astype(np.int16)),
        "bytes_forward": _known(p.ip_bytes, p.ip_bytes > 0),
        "packets_forward": pa.array(np.ones(len(p), np.int64)),
        "tcp_flags_forward": _known(p.tcp_flags.astype(np.int16), flagged),
        "begins": _known(syn, syn),
        "flaws": _words(["cut"], np.zeros(len(p), np.int8), p.cut),
    }


def _sampling(rate: Integers, stated: int | None, tally: Tally) -> pa.Array:
    if stated is not None:
        return pa.repeat(pa.scalar(stated, pa.int64()), len(rate))
    rate = without_implausible(rate, tally)
    return _known(rate, rate > 0)


def _places(samples: Samples, waiting: Datagrams, time_ms: Integers, drops: Drops) -> _Columns:
    """Exporter and observation point; what sources dropped is told on the way."""
    streams: dict[bytes, int] = {}
    numbers = [streams.setdefault(header.stream, len(streams)) for header in waiting.headers]
    stream = np.array(numbers, np.int64)[samples.datagram]
    keys = np.stack([stream, samples.kind, samples.index], axis=1)
    codes, distinct = _distinct(keys)
    known = list(streams)
    texts = [agent_of(stream) for stream in known]
    sources: list[Source] = [(known[s], kind, index) for s, kind, index in distinct]
    agents = [texts[s] for s, _, _ in distinct]
    in_order = ~np.array(waiting.late, np.bool_)[samples.datagram]
    drops.take(sources, agents, *(c[in_order] for c in (codes, samples.drops, time_ms)))
    mine = samples.kind == 0
    into, out = (mine & (samples.index == way) for way in (samples.input, samples.output))
    way = np.where(into & ~out, 1, np.where(out & ~into, 2, 0))
    points = [_point(source) + word for source, word in product(sources, _WAYS)]
    return {
        "exporter": pa.array(agents, pa.string()).take(pa.array(codes)),
        "observation_point": pa.array(points, pa.string()).take(pa.array(codes * len(_WAYS) + way)),
    }


def _distinct(keys: Integers) -> tuple[Integers, list[list[int]]]:
    """(n, k) numbers as (n,) places in a list of the distinct ones."""
    width = keys.shape[1]
    flat = pa.py_buffer(np.ascontiguousarray(keys))
    octets = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8 * width), len(keys), [None, flat])
    encoded = octets.dictionary_encode()
    distinct = np.frombuffer(b"".join(encoded.dictionary.to_pylist()), np.int64)
    return encoded.indices.to_numpy().astype(np.int64), distinct.reshape(-1, width).tolist()


def _point(source: Source) -> str:
    """``interface 7``, behind ``sub-agent 1`` where an agent has such."""
    stream, kind, index = source
    sub_agent = sub_agent_of(stream)
    what = sflow.SOURCES[kind] if kind < len(sflow.SOURCES) else f"class {kind} source"
    return f"sub-agent {sub_agent} {what} {index}" if sub_agent else f"{what} {index}"


def _routing(data: Octets, records: Parts, n: int) -> _Columns:
    gateway = first_of(records, sflow.Record.GATEWAY, sflow.GATEWAY.itemsize, n)
    if not len(gateway.row):
        return {}
    columns = {}
    for side, number in zip(("source", "destination"), as_numbers(data, gateway), strict=True):
        column = np.zeros(n, np.int64)
        column[gateway.row] = number
        columns[f"{side}_asn"] = _known(column, column > 0)
    return columns


def _translated(data: Octets, records: Parts, packets: Packets) -> _Columns:
    """What a NAT box made of addresses and ports; null where it left them as they were."""
    n = len(packets)
    columns: _Columns = {}
    nat = first_of(records, sflow.Record.NAT, 8, n)
    at = nat.at
    for side in ("source", "destination") if len(at) else ():
        address, known, at = read_addresses(data, at, nat.end)
        octets, other = np.zeros((n, 16), np.uint8), np.zeros(n, np.bool_)
        octets[nat.row] = address
        other[nat.row] = known & (address != getattr(packets, side)[nat.row]).any(axis=1)
        columns[f"translated_{side}_address"] = addresses_from_numpy(octets, other)
    ports = first_of(records, sflow.Record.NAT_PORTS, sflow.NAT_PORTS.itemsize, n)
    head = gather(data, ports.at, sflow.NAT_PORTS)
    for side in ("source", "destination") if len(head) else ():
        port = np.zeros(n, np.int64)
        port[ports.row] = head[side]
        own = getattr(packets, f"{side}_port")
        other = (port > 0) & (port < 1 << 16) & (own >= 0) & (port != own)
        columns[f"translated_{side}_port"] = _known(port, other)
    return columns


def _known(values: npt.NDArray[np.generic], known: Flags) -> pa.Array:
    """Null where it is not known."""
    return pa.array(values, mask=~known)


def _words(words: list[str], codes: npt.NDArray[np.int8], known: Flags) -> pa.Array:
    array = pa.array(codes, mask=~known)
    return pa.DictionaryArray.from_arrays(array, pa.array(words)).cast(pa.string())
