"""Events of flow (whole connections) and netflow (one direction each) to records.

Suricata counts the whole frame with its Ethernet header. What is above the header (VLAN tags,
padding to 60 bytes) differs by packet, so the bytes cannot be turned into IP bytes and are flagged.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.headers import Protocol
from folkways.formats.protocols import PROTOCOL_NUMBERS
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.numbers import integers, mask_of
from folkways.read.rejects import Rejects
from folkways.read.suricata.events import Events
from folkways.read.uids import flow_numbers

FRAME_BYTES = "frame-bytes"
FRAME_NOTE = (
    "Suricata counts bytes of whole frames, Ethernet header included: 14 bytes or more a packet "
    "above the IP bytes of other sources."
)

MAX_PORT = 65_535
_MILLISECOND = 1_000
_NO_LABELS = ("failed", "unknown")  # Suricata's words for having found no protocol
_BY_NUMBER = {f"{number:03}": number for number in range(256)}
"""How Suricata writes a protocol without a name."""
_DENIED = {"drop": True, "reject": True, "pass": False, "accept": False}
_HEX = tuple(f"{flags:02x}" for flags in range(256))


def flow_records(events: Events, tally: Tally) -> Batch:
    """Records of both directions; Suricata states them from client to server."""
    rejects = Rejects(events.count)
    columns = _common("flow", events, rejects)
    n = events.count
    columns |= {
        "bytes_forward": _number(events, "flow.bytes_toserver", rejects),
        "bytes_reverse": _number(events, "flow.bytes_toclient", rejects),
        "packets_forward": _number(events, "flow.pkts_toserver", rejects),
        "packets_reverse": _number(events, "flow.pkts_toclient", rejects),
        "tcp_flags_forward": _flags(events.column("tcp.tcp_flags_ts")),
        "tcp_flags_reverse": _flags(events.column("tcp.tcp_flags_tc")),
        "initiator": _all("source", n),
        "begins": _all(True, n),  # noqa: FBT003  # a value, not a switch
        "denied": _denied(events.column("flow.action")),
    }
    return _finish(columns, rejects, tally)


def netflow_records(events: Events, tally: Tally) -> Batch:
    """Records of one direction; the other one is an event of its own, or none."""
    rejects = Rejects(events.count)
    columns = _common("netflow", events, rejects)
    columns |= {
        "bytes_forward": _number(events, "netflow.bytes", rejects),
        "packets_forward": _number(events, "netflow.pkts", rejects),
        "tcp_flags_forward": _flags(events.column("tcp.tcp_flags")),
    }
    return _finish(columns, rejects, tally)


def _common(kind: str, events: Events, rejects: Rejects) -> dict[str, pa.Array]:
    start, has_start = events.times(f"{kind}.start")
    end, has_end = events.times(f"{kind}.end")
    rejects.reject(~(has_start & has_end), "no time")
    rejects.reject(end < start, "ends before it begins")
    source, destination = addresses(events.column("src_ip")), addresses(events.column("dest_ip"))
    rejects.reject(~mask_of(pc.and_(source.is_valid(), destination.is_valid())), "bad address")
    protocol = _protocol(events.column("proto"))
    label = events.column("app_proto")
    return {
        "start_ms": pa.array(start // _MILLISECOND),
        "end_ms": pa.array(end // _MILLISECOND),
        "source_address": source,
        "destination_address": destination,
        "source_port": _port(events, "src_port", protocol, rejects),
        "destination_port": _port(events, "dest_port", protocol, rejects),
        "protocol": protocol,
        "uid": flow_numbers(events.column("flow_id")),
        # The flow of the tunnel, which has events of its own and counts the same packets.
        "parent_uid": flow_numbers(events.column("parent_id")),
        "sensor_label": pc.if_else(pc.is_in(label, pa.array(_NO_LABELS)), None, label),
        # Suricata counts every packet that it is given; sampling before it is the user's to say.
        "sampling": _all(1, events.count),
        "exporter": events.column("host"),
    }


def _finish(columns: dict[str, pa.Array], rejects: Rejects, tally: Tally) -> Batch:
    rejects.report(tally)
    kept = int(rejects.keep.sum())
    if kept < rejects.count:
        wanted = pa.array(rejects.keep)
        columns = {name: column.filter(wanted) for name, column in columns.items()}
    measured = columns["bytes_forward"].is_valid()
    if "bytes_reverse" in columns:
        measured = pc.or_(measured, columns["bytes_reverse"].is_valid())
    columns["flaws"] = pc.if_else(measured, FRAME_BYTES, pa.scalar(None, pa.string()))
    count = int(mask_of(measured).sum())
    tally.flag(FRAME_BYTES, count)
    if count:
        tally.note(FRAME_NOTE)
    return make_batch("records", columns, kept)


def _all(value: object, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _number(events: Events, name: str, rejects: Rejects) -> pa.Array:
    column, bad = integers(events.column(name))
    rejects.reject(bad, "bad number")
    return column


def _port(events: Events, name: str, protocol: pa.Array, rejects: Rejects) -> pa.Array:
    """A port, where the protocol has ports or is not known."""
    column, bad = integers(events.column(name), MAX_PORT)
    rejects.reject(bad, "bad number")
    has_ports = pc.is_in(protocol, pa.array([*Protocol.WITH_PORTS, None], pa.int16()))
    return pc.if_else(has_ports, column, None).cast(pa.int32())


def _protocol(words: pa.Array) -> pa.Array:
    """IANA numbers of protocols by name or as three digits; null where neither is known."""
    known = PROTOCOL_NUMBERS | _BY_NUMBER
    numbers = pa.array(list(known.values()), pa.int16())
    return numbers.take(pc.index_in(pc.ascii_lower(words), pa.array(list(known), pa.string())))


def _denied(action: pa.Array) -> pa.Array:
    """What an inline Suricata did with the flow (since 4.1); null where it does not say."""
    values = pa.array(list(_DENIED.values()), pa.bool_())
    return values.take(pc.index_in(pc.ascii_lower(action), pa.array(list(_DENIED))))


def _flags(texts: pa.Array) -> pa.Array:
    """TCP flags from two hexadecimal digits; null where there are none."""
    flags = pa.array(np.arange(256, dtype=np.int16))
    return flags.take(pc.index_in(pc.ascii_lower(texts), pa.array(_HEX)))
