"""Records of one template to rows of the records table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.netflow.fields import Fields, Ints
from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.options import Facts, implausible, implausible_note, text
from folkways.read.netflow.times import Context, flow_times

Bools = npt.NDArray[np.bool_]
_WITH_PORTS = np.array([6, 17, 33, 132, 136])  # TCP, UDP, DCCP, SCTP, UDP-Lite
_PORTS = {
    "source": ("sourceTransportPort", "tcpSourcePort", "udpSourcePort"),
    "destination": ("destinationTransportPort", "tcpDestinationPort", "udpDestinationPort"),
}
_COUNTERS = {
    "bytes": ("octetDeltaCount", "octetTotalCount", "initiatorOctets", "responderOctets"),
    "packets": ("packetDeltaCount", "packetTotalCount", "initiatorPackets", "responderPackets"),
}
_CREATED, _DENIED = 1, 3
_BIGGEST_RATE = (1 << 32) - 1


@dataclass(frozen=True)
class Origin:
    """Who exported the records of a batch, and what was said about it."""

    exporter: Exporter
    domain: int
    facts: Facts


def make_rows(
    fields: Fields, context: Context, header_rate: Ints, origin: Origin, tally: Tally
) -> Batch | None:
    """A batch of ``records``; None if no record is of a flow. What is left out is counted.

    Args:
        fields: the records.
        context: times of their packets' headers.
        header_rate: sampling by the packets' headers, 0 where they say none.
        origin: whose they are.
        tally: where causes are counted.
    """
    columns: dict[str, pa.Array] = {}
    addressed = np.zeros(fields.rows, np.bool_)
    for side in ("source", "destination"):
        octets, known = _address(fields, side)
        columns[f"{side}_address"] = addresses_from_numpy(octets, known)
        addressed |= known
    counters, total = _counters(fields, tally)
    columns |= {name: _nullable(*pair) for name, pair in counters.items()}
    keep = _kept(fields, addressed, counters["bytes_forward"], tally)
    if not keep.any():
        return None
    columns |= _times(fields, context, keep, tally)
    protocol = fields.unsigned("protocolIdentifier")
    columns |= _transport(fields, protocol)
    columns |= _labels(fields, origin)
    columns["sampling"] = _sampling(fields, header_rate, origin, tally)
    if total:
        columns["flaws"] = pa.repeat("total-counters", fields.rows)
        tally.flag("total-counters", int(keep.sum()))
    if origin.exporter is not None:
        columns["exporter"] = pa.repeat(origin.exporter[0], fields.rows)
    batch = make_batch("records", columns, fields.rows)
    return batch if keep.all() else Batch("records", batch.rows.filter(pa.array(keep)))


def _nullable(values: Ints, known: Bools) -> pa.Array:
    return pa.array(values, pa.int64(), mask=~known)


def _address(fields: Fields, side: str) -> tuple[npt.NDArray[np.uint8], Bools]:
    """Addresses of one side as (rows, 16) octets, and where they are known."""
    octets = np.zeros((fields.rows, 16), np.uint8)
    known = np.zeros(fields.rows, np.bool_)
    six, four = fields.octets(f"{side}IPv6Address"), fields.octets(f"{side}IPv4Address")
    version = fields.unsigned("ipVersion")
    if six is not None and six.shape[1] == 16:
        octets[:] = six
        known[:] = True
    if four is not None and four.shape[1] == 4 and not known.any():
        octets[:, 10:12] = 0xFF
        octets[:, 12:] = four
        known[:] = True
    elif four is not None and four.shape[1] == 4:
        # In a template with both, the unused one is zero, unless the version says which it is.
        of_four = ~octets.any(axis=1)
        if version is not None:
            of_four = (version == 4) | (of_four & (version != 6))
        octets[of_four, :10] = 0
        octets[of_four, 10:12] = 0xFF
        octets[of_four, 12:] = four[of_four]
    return octets, known


def _counters(fields: Fields, tally: Tally) -> tuple[dict[str, tuple[Ints, Bools]], bool]:
    """Bytes and packets each way with where they are known; whether totals were used."""
    found: dict[str, tuple[Ints, Bools]] = {}
    total = False
    for kind, (delta, whole, opener, responder) in _COUNTERS.items():
        for way, reverse in (("forward", False), ("reverse", True)):
            used = fields.unsigned(delta, reverse=reverse)
            if used is None:
                used = fields.unsigned(whole, reverse=reverse)
                total = total or used is not None
            if used is None:
                used = fields.unsigned(responder if reverse else opener)
            if used is None:
                used = np.full(fields.rows, -1, np.int64)
            elif (absurd := int((used < 0).sum())) > 0:
                tally.flag("impossible counter", absurd)
            found[f"{kind}_{way}"] = np.maximum(used, 0), used >= 0
    return found, total


def _kept(fields: Fields, addressed: Bools, octets: tuple[Ints, Bools], tally: Tally) -> Bools:
    """Which records are flows: with an address, and not only the news of a firewall or NAT."""
    tally.skip("no address", int((~addressed).sum()))
    silent = ~octets[1] | (octets[0] == 0)
    event = fields.unsigned("firewallEvent")
    news = np.zeros(fields.rows, np.bool_)
    if event is not None:
        news = addressed & silent & ((event == _CREATED) | (event == _DENIED))
        tally.skip("firewall event without traffic", int(news.sum()))
    mapping = np.zeros(fields.rows, np.bool_)
    if fields.has("natEvent"):
        mapping = addressed & ~news & ~octets[1]
        tally.skip("NAT event without traffic", int(mapping.sum()))
    return addressed & ~news & ~mapping


def _times(fields: Fields, context: Context, keep: Bools, tally: Tally) -> dict[str, pa.Array]:
    start, end, guessed = flow_times(fields, context)
    tally.flag("time of export used", int((guessed & keep).sum()))
    wrong = end < start
    tally.flag("end before start", int((wrong & keep).sum()))
    return {"start_ms": pa.array(start), "end_ms": pa.array(np.where(wrong, start, end))}


def _transport(fields: Fields, protocol: Ints | None) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    if protocol is None:
        ported = np.ones(fields.rows, np.bool_)
    else:
        columns["protocol"] = _nullable(protocol, (protocol >= 0) & (protocol <= 255))
        ported = np.isin(protocol, _WITH_PORTS)
    for side, names in _PORTS.items():
        for name in names:
            port = fields.unsigned(name)
            if port is not None:
                columns[f"{side}_port"] = _nullable(port, ported & (port >= 0) & (port < 1 << 16))
                break
    for way, reverse in (("forward", False), ("reverse", True)):
        flags = fields.unsigned("tcpControlBits", reverse=reverse)
        if flags is not None:
            tcp = np.ones(fields.rows, np.bool_) if protocol is None else protocol == 6
            columns[f"tcp_flags_{way}"] = _nullable(flags & 0xFF, tcp)
    for side, name in (("source", "bgpSourceAsNumber"), ("destination", "bgpDestinationAsNumber")):
        number = fields.unsigned(name)
        if number is not None:
            columns[f"{side}_asn"] = _nullable(number, (number > 0) & (number < 1 << 32))
    flows = fields.unsigned("deltaFlowCount")
    if flows is not None:
        columns["flows"] = _nullable(flows, flows > 1)
    return columns


def _labels(fields: Fields, origin: Origin) -> dict[str, pa.Array]:
    """Application names: from the record itself, else by the exporter's own table."""
    names = fields.octets("applicationName")
    if names is not None:
        raw = pa.array([row.tobytes() for row in names]).dictionary_encode()
        words = [text(value) or None for value in raw.dictionary.to_pylist()]
        return {"sensor_label": pa.array(words, pa.string()).take(raw.indices)}
    ids = fields.unsigned("applicationId")
    if ids is None:
        return {}
    distinct, places = np.unique(ids, return_inverse=True)
    words = [origin.facts.application(origin.exporter, int(value)) for value in distinct]
    return {"sensor_label": pa.array(words, pa.string()).take(pa.array(places))}


def _sampling(fields: Fields, header_rate: Ints, origin: Origin, tally: Tally) -> pa.Array:
    """Sampling by the record, the packet's header, or options data; in this order.

    What a person states of all exporters wins over all of it.
    """
    if origin.facts.stated_rate is not None:
        return pa.repeat(origin.facts.stated_rate, fields.rows)
    sampler = fields.unsigned("samplerId")
    if sampler is None:
        sampler = fields.unsigned("selectorId")
    facts, exporter, domain = origin.facts, origin.exporter, origin.domain
    if sampler is None:
        rate = np.full(fields.rows, facts.rates(exporter, domain, [None])[0] or 0, np.int64)
    else:
        distinct, places = np.unique(sampler, return_inverse=True)
        rates = facts.rates(exporter, domain, distinct.tolist())
        rate = np.array([known or 0 for known in rates], np.int64)[places]
    rate = np.where(header_rate > 0, header_rate, rate)
    own = _own_rate(fields)
    if own is not None:
        for value in np.unique(own[own >= 1 << 16]):
            if implausible(int(value)):
                tally.flag("implausible sampling", int((own == value).sum()))
                tally.note(implausible_note(int(value)))
                own = np.where(own == value, 0, own)
        rate = np.where((own > 0) & (own <= _BIGGEST_RATE), own, rate)
    return _nullable(rate, rate > 0)


def _own_rate(fields: Fields) -> Ints | None:
    for name in ("samplingInterval", "samplerRandomInterval"):
        rate = fields.unsigned(name)
        if rate is not None:
            return rate
    interval = fields.unsigned("samplingPacketInterval")
    space = fields.unsigned("samplingPacketSpace")
    if interval is None or space is None:
        return None
    taken = np.clip(interval, 1, 1 << 40)
    whole = taken + np.clip(space, 0, 1 << 40)
    return np.where(interval > 0, (whole + taken // 2) // taken, 0)
