"""Tables of flow records as rows of ``records``."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.headers import Protocol
from folkways.model.batches import Batch, Tally, make_batch
from folkways.model.validity import nullable
from folkways.read.nfcapd.endpoints import addresses, exporters, translated
from folkways.read.nfcapd.events import Events, events
from folkways.read.nfcapd.facts import Facts
from folkways.read.nfcapd.fields import Fields, Mask
from folkways.read.nfcapd.layout2 import UNADDRESSED, UNTIMED
from folkways.read.nfcapd.times import times
from folkways.read.nfcapd.volumes import Counters, volumes

_TCP = 6
_WITH_PORTS = np.isin(np.arange(256), Protocol.WITH_PORTS)
_INITIATORS = pa.array(["source", "destination", None])
_BY_BIFLOW = np.array([2, 0, 1] + [2] * 253)
"""RFC 5103, biflowDirection: 1 the source opened, 2 the destination; others do not say."""


def make_rows(fields: Fields, facts: Facts, tally: Tally) -> Batch | None:
    """A batch of the records that are flows; None if none is. Others are counted.

    Args:
        fields: the records.
        facts: what the file has said of exporters, samplers and applications.
        tally: where causes are counted.
    """
    if not fields.has("packets", "bytes"):
        tally.skip(UNTIMED, len(fields.rows))
        return None
    if not (fields.has("source4") or fields.has("source6")):
        tally.skip(UNADDRESSED, len(fields.rows))
        return None
    tally.flag("anonymised addresses", int(fields.anonymised.sum()))
    counters = Counters.of(fields)
    event = events(fields, counters.impossible, counters.silent, tally)
    keep = event.keep
    when = times(fields, keep, tally)
    if not keep.any():
        return None
    columns = {"start_ms": pa.array(when.start), "end_ms": pa.array(when.end)}
    columns |= event.columns()
    columns |= _transport(fields)
    columns |= volumes(fields, counters, facts, event, tally)
    flaws = _flaws(columns.get("flaws"), event, when.unstarted, when.mended, tally)
    if flaws is not None:
        columns["flaws"] = flaws
    columns |= addresses(fields)
    columns |= translated(fields)
    columns |= exporters(fields, facts)
    columns |= _labels(fields, facts)
    batch = make_batch("records", columns, len(fields.rows))
    return batch if keep.all() else Batch("records", batch.rows.filter(pa.array(keep)))


def _flaws(
    known: pa.Array | None, event: Events, unstarted: Mask | None, mended: Mask | None, tally: Tally
) -> pa.Array | None:
    """The flaws of counters with those of times: totals without a start may count twice."""
    for word, where in (("total-counters", unstarted), ("clock", mended)):
        if where is None or (word == "total-counters" and event.ended is None):
            continue
        wrong = where if event.ended is None or word == "clock" else where & event.ended
        if not wrong.any():
            continue
        if word == "total-counters":
            tally.flag(word, int((wrong & event.keep).sum()))
        before = pa.nulls(len(wrong), pa.string()) if known is None else known
        both = pc.coalesce(pc.binary_join_element_wise(before, word, ","), pa.scalar(word))
        known = pc.if_else(pa.array(wrong), both, before)
    return known


def _transport(fields: Fields) -> dict[str, pa.Array]:
    protocol = fields.rows["protocol"]
    has_ports, is_tcp = _WITH_PORTS[protocol], protocol == _TCP
    columns = {
        "protocol": pa.array(protocol.astype(np.int16)),
        "tcp_flags_forward": nullable(fields.rows["tcp_flags"].astype(np.int16), is_tcp),
    }
    for side in ("source", "destination"):
        port = fields.rows[f"{side}_port"].astype(np.int32)
        columns[f"{side}_port"] = nullable(port, has_ports)
        number = fields.get(f"{side}_asn")
        if number is not None:
            columns[f"{side}_asn"] = nullable(number, number != 0)
    flags = fields.get("reverse_tcp_flags")
    if flags is not None:
        columns["tcp_flags_reverse"] = nullable(flags.astype(np.int16), is_tcp & (flags != 0))
    return columns


def _labels(fields: Fields, facts: Facts) -> dict[str, pa.Array]:
    """The name of the application, and who opened, where a firewall or a biflow says it."""
    columns: dict[str, pa.Array] = {}
    application, biflow = fields.get("application"), fields.get("biflow")
    if application is not None and facts.applications:
        distinct, places = np.unique(application, return_inverse=True)
        words = [facts.applications.get(number) for number in distinct.tolist()]
        columns["sensor_label"] = pa.array(words, pa.string()).take(pa.array(places))
    opener = _BY_BIFLOW[0] if biflow is None else _BY_BIFLOW[biflow]
    event = fields.get("firewall_event")
    opener = np.broadcast_to(
        opener if event is None else np.where(event > 0, 0, opener), len(fields.rows)
    )
    if (opener != _BY_BIFLOW[0]).any():
        columns["initiator"] = _INITIATORS.take(pa.array(opener))
    return columns
