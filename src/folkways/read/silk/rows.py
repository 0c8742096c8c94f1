"""Records of SiLK as rows of ``records``. They are of one direction: reverse columns are null."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats import silk
from folkways.formats.headers import Protocol, TcpFlag
from folkways.formats.silk import TcpState
from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.rejects import Rejects
from folkways.read.silk.fields import Fields, Numbers
from folkways.read.silk.header import Header

Mask = npt.NDArray[np.bool_]
_MOST_MS = 253_402_300_800_000
"""The year 10000."""
_SCALE = 64
"""Packets are counted in so many where a record says so; bytes per packet in such parts."""


def make_rows(records: npt.NDArray[np.void], header: Header, tally: Tally) -> Batch | None:
    """A batch of the usable records; None if there is none."""
    fields = Fields(records, header)
    rejects = Rejects(len(records))
    start = _start(fields, header)
    rejects.reject((start < 0) | (start >= _MOST_MS), "record with a time outside 1970 to 9999")
    rejects.reject(
        (fields["packets"] < 0) | (fields["bytes"] < 0), "record with a counter beyond 63 bits"
    )
    rejects.report(tally)
    use = rejects.keep
    if not use.any():
        return None
    if not use.all():
        fields, start = Fields(records[use], header), start[use]
    protocol = _protocol(fields)
    columns = {
        "start_ms": pa.array(start),
        "end_ms": pa.array(start + _elapsed(fields)),
        "protocol": pa.array(protocol.astype(np.int16)),
        **_addresses(fields),
        **_ports(fields, protocol),
        **_volumes(fields, tally),
        **_flags(fields, protocol == Protocol.TCP),
        "sensor_label": _named("applabel:", fields["application"], 0),
        **_place(fields, header),
    }
    return make_batch("records", columns, len(start))


def _start(fields: Fields, header: Header) -> Numbers:
    if "start_ms" in fields:
        return fields["start_ms"]
    since = 0 if "start_s" in fields else header.hour_ms or 0
    seconds = fields["start_s"] + fields["offset_s"]
    return since + seconds * 1000 + fields["start_fraction_ms"] + fields["offset_ms"]


def _elapsed(fields: Fields) -> Numbers:
    return fields["elapsed_ms"] + fields["elapsed_s"] * 1000 + fields["elapsed_fraction_ms"]


def _protocol(fields: Fields) -> Numbers:
    """Web formats hold TCP only, and do not say so."""
    if "protocol" in fields:
        return fields["protocol"]
    if "is_tcp" in fields:
        return np.where(fields.flag("is_tcp"), Protocol.TCP, fields["protocol_or_flags"])
    return np.full(len(fields.records), Protocol.TCP, np.int64)


def _addresses(fields: Fields) -> dict[str, pa.Array]:
    ipv6 = fields.flag("tcp_state", TcpState.IPV6)
    return {
        f"{side}_address": addresses_from_numpy(fields.address(side, ipv6))
        for side in ("source", "destination")
    }


def _ports(fields: Fields, protocol: Numbers) -> dict[str, pa.Array]:
    """ICMP's type and code stand where others have ports, and are no ports."""
    none = ~np.isin(protocol, Protocol.WITH_PORTS)
    ports = {side: fields[f"{side}_port"] for side in ("source", "destination")}
    unknown = dict.fromkeys(ports, none)
    if "client_port" in fields:
        server = np.array(silk.WEB_PORTS)[fields["server_port"]]
        client = fields["client_port"]
        for side, serves in (("source", True), ("destination", False)):
            is_server = fields.flag("source_is_server") == serves
            ports[side] = np.where(is_server, server, client)
            unknown[side] = none | (is_server & (server == 0))
    return {f"{side}_port": pa.array(ports[side], mask=unknown[side]) for side in ports}


def _volumes(fields: Fields, tally: Tally) -> dict[str, pa.Array]:
    """Bytes as SiLK computes them from a ratio: the fraction rounded to the nearest byte."""
    packets, octets = fields["packets"], fields["bytes"]
    if "bytes" in fields:
        full = (packets == fields.limit("packets")) | (octets == fields.limit("bytes"))
        tally.flag("counter at its format's limit, perhaps more", int(full.sum()))
    else:
        coarse = fields.flag("packets_in_64s")
        tally.flag("packets rounded down to a multiple of 64", int(coarse.sum()))
        tally.note("Bytes are packets times a ratio here (SiLK's packed records), so rounded.")
        packets = np.where(coarse, packets * _SCALE, packets)
        ratio = fields["bpp"] | fields["bpp_high"] << 10 | fields["bpp_low"]
        octets = (ratio * packets + _SCALE // 2) // _SCALE
    return {"bytes_forward": pa.array(octets), "packets_forward": pa.array(packets)}


def _flags(fields: Fields, tcp: Mask) -> dict[str, pa.Array]:
    """All TCP flags; a flow whose first packet is a SYN, and that continues none, begins."""
    first = fields["first_flags"]
    every = fields["flags"]
    if "protocol_or_flags" in fields:
        first = every = fields["protocol_or_flags"]
    expanded = tcp & fields.flag("tcp_state", TcpState.EXPANDED)
    every = np.where(expanded, every | first | fields["rest_flags"], every)
    syn = (first & (TcpFlag.SYN | TcpFlag.ACK)) == TcpFlag.SYN
    begins = expanded & syn & ~fields.flag("tcp_state", TcpState.CONTINUES)
    return {
        "tcp_flags_forward": pa.array(every.astype(np.int16), mask=~tcp),
        "begins": pa.array(begins, mask=~begins),
        "initiator": pa.array(["source"]).take(pa.array(np.zeros(len(tcp), np.int8), mask=~begins)),
    }


def _place(fields: Fields, header: Header) -> dict[str, pa.Array]:
    """Who measured: the sensor's number, else the probe's name; and SiLK's type of the flow."""
    n = len(fields.records)
    sensor = fields["sensor"] if "sensor" in fields else np.full(n, header.sensor)
    flowtype = fields["flowtype"] if "flowtype" in fields else np.full(n, header.flowtype)
    exporter = _named("sensor ", sensor, silk.NO_SENSOR)
    if header.probe is not None:
        exporter = exporter.fill_null(header.probe)
    return {
        "exporter": exporter,
        "observation_point": _named("flowtype ", flowtype, silk.NO_FLOWTYPE),
    }


def _named(word: str, numbers: Numbers, none: int) -> pa.Array:
    """Texts of a word and a number of 16 bits; null where the number says that there is none."""
    distinct = np.flatnonzero(np.bincount(numbers))
    places = np.zeros(int(distinct[-1]) + 1, np.int32)
    places[distinct] = np.arange(len(distinct))
    names = [None if n == none else f"{word}{n}" for n in distinct.tolist()]
    return pa.array(names, pa.string()).take(pa.array(places[numbers]))
