"""conn.log to records: every row is a whole connection, stated from originator to responder."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import PROTOCOLS
from folkways.model.addresses import MAPPED_PREFIX, addresses_to_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.numbers import Mask, durations, mask_of, times
from folkways.read.rejects import Rejects
from folkways.read.uids import uid_numbers
from folkways.read.zeek.history import tcp_flags
from folkways.read.zeek.rows import Rows
from folkways.read.zeek.volumes import MISSED, PAYLOAD, number, volumes

MAX_PORT = 65_535
_MILLISECOND = 1_000_000
_ICMP, _ICMP6, _TCP = 1, 58, 6

_TUNNELS = "tunnel_parents"
_UID = "[A-Za-z0-9]+"
_SEVERAL = rf"{_UID}[^A-Za-z0-9]+{_UID}"


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
    _count_several(rows, rejects.keep, tally)
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
    columns |= volumes(rows, rejects)
    columns |= _parents(rows)
    is_tcp = mask_of(pc.equal(protocol, _TCP))
    flags = tcp_flags(rows.text("history"), is_tcp)
    columns["tcp_flags_forward"], columns["tcp_flags_reverse"] = flags
    return columns


def _all(value: object, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), count)


def _count_several(rows: Rows, keep: Mask, tally: Tally) -> None:
    if _has_parents(rows):
        several = mask_of(pc.match_substring_regex(rows.text(_TUNNELS), _SEVERAL))
        tally.flag("several tunnels carried a row: the last is kept", int((several & keep).sum()))


def _has_parents(rows: Rows) -> bool:
    return rows.has(_TUNNELS) and rows.text(_TUNNELS).null_count < rows.count


def _parents(rows: Rows) -> dict[str, pa.Array]:
    """The tunnel that carried a row: the last of ``tunnel_parents``, a set that few rows have.

    Each of them is the innermost tunnel at some time of the connection's life; what carried that
    one stands in its own row. More than one is seldom, and counted.
    """
    if not _has_parents(rows):
        return {}
    last = pc.struct_field(
        pc.extract_regex(rows.text(_TUNNELS), rf"(?P<uid>{_UID})[^A-Za-z0-9]*$"), "uid"
    )
    return {"parent_uid": uid_numbers(last)} if last.null_count < len(last) else {}


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
        stated = number(rows.text("ip_proto"), rejects, 255).cast(pa.int16())
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
        port = number(rows.text(field), rejects, MAX_PORT).cast(pa.int32())
        columns[name] = pc.if_else(wanted, port, pa.scalar(None, pa.int32()))
    return columns
