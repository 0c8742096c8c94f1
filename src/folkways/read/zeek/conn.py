"""conn.log to records: every row is a whole connection, stated from originator to responder."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import PROTOCOLS
from folkways.model.addresses import MAPPED_PREFIX, addresses_to_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.numbers import Mask, durations, integers, mask_of, times
from folkways.read.rejects import Rejects
from folkways.read.uids import uid_numbers
from folkways.read.zeek.history import tcp_flags
from folkways.read.zeek.rows import Rows

MAX_PORT = 65_535
_MILLISECOND = 1_000_000
_ICMP, _ICMP6, _TCP = 1, 58, 6

MISSED, PAYLOAD = "missed-bytes", "payload-bytes"


def records(rows: Rows, tally: Tally) -> Batch:
    """The rows that have a time, two addresses and sound numbers; the others are counted."""
    rejects = Rejects(rows.count)
    start, known = times(rows.text("ts"))
    rejects.reject(~known, "no time")
    columns = flows(rows, rejects)
    length, _, bad = durations(rows.text("duration"))
    # A sum beyond 64 bits is no time either.
    rejects.reject(bad | (length > np.iinfo(np.int64).max - start), "bad number")
    end = start + np.where(rejects.keep, length, 0)
    columns["start_ms"] = pa.array(start // _MILLISECOND)
    columns["end_ms"] = pa.array(end // _MILLISECOND)
    rejects.report(tally)
    for flaw in (MISSED, PAYLOAD):
        tally.flag(
            flaw, int((mask_of(pc.match_substring(columns["flaws"], flaw)) & rejects.keep).sum())
        )
    kept = int(rejects.keep.sum())
    if kept < rows.count:
        wanted = pa.array(rejects.keep)
        columns = {name: column.filter(wanted) for name, column in columns.items()}
    return make_batch("records", columns, kept)


def flows(rows: Rows, rejects: Rejects) -> dict[str, pa.Array]:
    """All that a row says but its times."""
    n = rows.count
    source, destination = addresses(rows.text("id.orig_h")), addresses(rows.text("id.resp_h"))
    rejects.reject(~mask_of(pc.and_(source.is_valid(), destination.is_valid())), "bad address")
    protocol = _protocol(rows, source, rejects)
    columns = {
        "source_address": source,
        "destination_address": destination,
        "protocol": protocol,
        "uid": uid_numbers(rows.text("uid")),
        "sensor_label": rows.text("service"),
        "initiator": _all("source", n),
        "begins": _all(True, n),  # noqa: FBT003  # a value, not a switch
        # Zeek counts every packet that it is given; sampling before it is the user's to say.
        "sampling": _all(1, n),
    }
    columns |= _ports(rows, protocol, rejects)
    columns |= _volumes(rows, rejects)
    is_tcp = mask_of(pc.equal(protocol, _TCP))
    flags = tcp_flags(rows.text("history"), is_tcp)
    columns["tcp_flags_forward"], columns["tcp_flags_reverse"] = flags
    return columns


def _all(value: object, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _number(rows: Rows, name: str, rejects: Rejects, most: int = 2**63 - 1) -> pa.Array:
    column, bad = integers(rows.text(name), most)
    rejects.reject(bad, "bad number")
    return column


def _protocol(rows: Rows, source: pa.Array, rejects: Rejects) -> pa.Array:
    """The number from ``ip_proto`` (newer logs), else from the word; null where neither says."""
    words = pa.array(list(PROTOCOLS), pa.string())
    numbers = pa.array(list(PROTOCOLS.values()), pa.int16())
    protocol = numbers.take(pc.index_in(rows.text("proto"), words))
    icmp = mask_of(pc.equal(protocol, _ICMP))
    if icmp.any():
        octets, known = addresses_to_numpy(source)
        prefix = np.frombuffer(MAPPED_PREFIX, np.uint8)
        six = known & (octets[:, :12] != prefix).any(axis=1)
        protocol = pc.if_else(pa.array(icmp & six), pa.scalar(_ICMP6, pa.int16()), protocol)
    if rows.has("ip_proto"):
        stated = _number(rows, "ip_proto", rejects, 255).cast(pa.int16())
        protocol = pc.coalesce(stated, protocol)
    return protocol


def _ports(rows: Rows, protocol: pa.Array, rejects: Rejects) -> dict[str, pa.Array]:
    """Ports of TCP and UDP. Zeek writes ICMP's type and code there, and 0 for other protocols."""
    word = rows.text("proto")
    has_ports = pc.is_in(word, pa.array(["tcp", "udp"]))
    unsaid = pc.and_(word.is_null(), pc.is_in(protocol, pa.array([6, 17, None], pa.int16())))
    wanted = pc.or_(has_ports, unsaid)
    columns = {}
    for name, field in (("source_port", "id.orig_p"), ("destination_port", "id.resp_p")):
        port = _number(rows, field, rejects, MAX_PORT).cast(pa.int32())
        columns[name] = pc.if_else(wanted, port, pa.scalar(None, pa.int32()))
    return columns


def _volumes(rows: Rows, rejects: Rejects) -> dict[str, pa.Array]:
    """IP bytes where the log has them, else payload bytes, which is said in ``flaws``."""
    on_ip = rows.has("orig_ip_bytes") or rows.has("resp_ip_bytes")
    kind = "ip_bytes" if on_ip else "bytes"
    payload = not on_ip and (rows.has("orig_bytes") or rows.has("resp_bytes"))
    missed = mask_of(pc.greater(_number(rows, "missed_bytes", rejects), 0))
    columns = {
        "bytes_forward": _number(rows, f"orig_{kind}", rejects),
        "bytes_reverse": _number(rows, f"resp_{kind}", rejects),
        "packets_forward": _number(rows, "orig_pkts", rejects),
        "packets_reverse": _number(rows, "resp_pkts", rejects),
    }
    measured = pc.or_(columns["bytes_forward"].is_valid(), columns["bytes_reverse"].is_valid())
    columns["flaws"] = _flaws(missed, mask_of(measured) & payload)
    return columns


def _flaws(missed: Mask, payload: Mask) -> pa.Array:
    words = pa.array([None, MISSED, PAYLOAD, f"{MISSED},{PAYLOAD}"], pa.string())
    return words.take(pa.array(missed * 1 + payload * 2))
