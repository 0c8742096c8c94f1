"""A day's flows as the columns of Zeek's logs: conn, ssl, http, quic and dns.

Columns are texts, put together in Arrow for all rows at once; ``tsv.py`` writes them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.simulate.flows import ALIAS_ZONE, ANSWERED, Flows, aliased
from folkways.simulate.packets import HISTORIES, STATES, Wire
from folkways.simulate.places import Ints
from folkways.simulate.plan import Plan
from folkways.simulate.tsv import UNSET, Columns

_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)


@dataclass(frozen=True)
class Texts:
    """The tables of texts that a plan's codes point to, as Arrow arrays."""

    addresses: pa.Array
    analysers: pa.Array
    hosts: pa.Array

    @classmethod
    def of(cls, plan: Plan) -> "Texts":
        """Those of a plan; the last host stands for none."""
        return cls(
            pa.array(plan.places.texts),
            pa.array([a or UNSET for a in plan.ways.analysers]),
            pa.array([*plan.ways.hosts, UNSET]),
        )


def logs_of_day(
    plan: Plan, texts: Texts, flows: Flows, wire: Wire, draw: np.random.Generator
) -> dict[str, Columns]:
    """The columns of each log that differ from row to row, by log and column name.

    A QUIC connection has rows in quic and in ssl, as Zeek's analyser hands its handshake on.
    """
    ids = _ids(plan, texts, flows, draw)
    is_dns = flows.answer >= 0
    analyser = np.array(plan.ways.analysers)[plan.ways.analyser[flows.way]]
    analyser[is_dns] = "dns"
    host = plan.ways.host[flows.way] % len(texts.hosts)
    tls = np.isin(analyser, ["ssl", "quic,ssl"])
    quic, http = analyser == "quic,ssl", analyser == "http"
    return {
        "conn": {**ids, **_conn(plan, texts, flows, wire)},
        "ssl": {**_some(ids, tls), "server_name": _take(texts.hosts, host[tls])},
        "http": {
            **_some(ids, http),
            "host": _take(texts.hosts, host[http]),
            "response_body_len": _numbers(np.maximum(flows.down[http] - 300, 0)),
        },
        "quic": {
            **_some(ids, quic),
            "server_name": _take(texts.hosts, host[quic]),
            "client_initial_dcid": _hex(int(quic.sum()), draw),
        },
        "dns": {**_some(ids, is_dns), **_dns(plan, texts, flows.take(is_dns), draw)},
    }


def _ids(plan: Plan, texts: Texts, flows: Flows, draw: np.random.Generator) -> Columns:
    inwards = plan.inwards[flows.item]
    port = np.where(flows.answer >= 0, 53, plan.ways.port[flows.way])
    return {
        "ts": _seconds(flows.start_us),
        "uid": _uids(len(port), draw),
        "id.orig_h": _take(texts.addresses, np.where(inwards, flows.remote, flows.member)),
        "id.orig_p": _numbers(flows.high_port),
        "id.resp_h": _take(texts.addresses, np.where(inwards, flows.member, flows.remote)),
        "id.resp_p": _numbers(port),
    }


def _conn(plan: Plan, texts: Texts, flows: Flows, wire: Wire) -> Columns:
    inwards = plan.inwards[flows.item]
    is_dns = flows.answer >= 0
    service = pc.if_else(
        pa.array(is_dns), "dns", _take(texts.analysers, plan.ways.analyser[flows.way])
    )
    silent = pa.array(wire.silent)
    unset = pa.scalar(UNSET)
    # Attempts and backscatter carry no payload that an analyser could have recognised.
    quiet = pa.array(wire.silent | (plan.outcome[flows.item] != ANSWERED))
    return {
        "proto": pc.if_else(pa.array(wire.udp), "udp", "tcp"),
        "service": pc.if_else(quiet, unset, service),
        "duration": pc.if_else(silent, unset, _seconds(flows.duration_us)),
        "orig_bytes": pc.if_else(silent, unset, _numbers(flows.up)),
        "resp_bytes": pc.if_else(silent, unset, _numbers(flows.down)),
        "conn_state": _take(pa.array(STATES), wire.state),
        "local_orig": pc.if_else(pa.array(inwards), "F", "T"),
        "local_resp": pc.if_else(pa.array(inwards), "T", "F"),
        "history": _take(pa.array(HISTORIES), wire.state),
        "orig_pkts": _numbers(wire.up_packets),
        "orig_ip_bytes": _numbers(wire.up_ip_bytes),
        "resp_pkts": _numbers(wire.down_packets),
        "resp_ip_bytes": _numbers(wire.down_ip_bytes),
    }


def _dns(plan: Plan, texts: Texts, flows: Flows, draw: np.random.Generator) -> Columns:
    host = plan.ways.host[flows.way]
    query = _take(texts.hosts, host)
    v6 = pa.array(plan.places.is_v6[flows.answer])
    alias = pa.array(aliased(host))
    ttl = _take(pa.array(["60.000000", "300.000000", "600.000000"]), host % 3)
    address = _take(texts.addresses, flows.answer)
    owner = pc.binary_join_element_wise(query, pa.scalar("." + ALIAS_ZONE), "")
    return {
        "trans_id": _numbers(draw.integers(0, 65_536, len(host))),
        "rtt": _seconds(flows.duration_us),
        "query": query,
        "qtype": pc.if_else(v6, "28", "1"),
        "qtype_name": pc.if_else(v6, "AAAA", "A"),
        "answers": pc.if_else(alias, pc.binary_join_element_wise(owner, address, ","), address),
        "TTLs": pc.if_else(alias, pc.binary_join_element_wise("3600.000000", ttl, ","), ttl),
    }


def _some(columns: Columns, which: npt.NDArray[np.bool_]) -> Columns:
    mask = pa.array(which)
    return {name: column.filter(mask) for name, column in columns.items()}


def _take(table: pa.Array, codes: Ints) -> pa.Array:
    return table.take(pa.array(codes))


def _numbers(values: Ints) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def _seconds(microseconds: Ints) -> pa.Array:
    """Seconds with six places, as Zeek writes times and intervals."""
    whole, part = np.divmod(microseconds, 1_000_000)
    padded = pc.utf8_lpad(_numbers(part), 6, "0")
    return pc.binary_join_element_wise(_numbers(whole), padded, ".")


def _uids(count: int, draw: np.random.Generator) -> pa.Array:
    """Connection ids: C and 17 characters of base 62."""
    letters = np.full((count, 18), ord("C"), np.uint8)
    letters[:, 1:] = _BASE62[draw.integers(0, 62, (count, 17), np.uint8)]
    return _fixed(letters)


def _hex(count: int, draw: np.random.Generator) -> pa.Array:
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    return _fixed(digits[draw.integers(0, 16, (count, 16), np.uint8)])


def _fixed(letters: npt.NDArray[np.uint8]) -> pa.Array:
    count, width = letters.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(
        count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))
    )
