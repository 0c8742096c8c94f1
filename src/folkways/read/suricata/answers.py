"""Events of dns, in all versions of their form, to answers: one row an address.

Version 1 has an event for each resource record, which are put together again by flow, id and time;
version 2 has an event for each message, with the records in ``answers`` or, shorter and without
times to live, in ``grouped``; version 3 names the question in ``queries``.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.hosts import hosts
from folkways.read.numbers import Mask, integers, mask_of
from folkways.read.rejects import Rejects
from folkways.read.suricata import chains, resources
from folkways.read.suricata.events import Events

_MILLISECOND = 1_000
_DNS_PORT = "53"
_ALIAS, _ADDRESSES = "CNAME", ("A", "AAAA")
_REQUESTS = ("query", "request")  # of versions 1 and 2, and of version 3
_RESPONSES = ("answer", "response")  # likewise
_MAX_TTL = 2**32 - 1


def answers(events: Events, tally: Tally) -> Batch:
    """Rows for the addresses that a question leads to; events without any are counted."""
    kind = events.column("dns.type")
    response = mask_of(pc.is_in(kind, pa.array(_RESPONSES)))
    requests = mask_of(pc.is_in(kind, pa.array(_REQUESTS)))
    tally.records += int((~response).sum())
    tally.skip("dns request", int(requests.sum()))
    tally.skip("no dns type", int((~response & ~requests).sum()))
    events = events.only(response)
    rejects = Rejects(events.count)
    start, known = events.times("timestamp")
    rejects.reject(~known, "no time")
    messages = resources.messages(events, np.where(known, start, -1))
    client, bad = _client(events, messages.version)
    rejects.reject(bad, "bad address")
    records = _used(resources.records(events, messages, rejects.keep))
    # The same names stand in all three places, so they are cleaned together.
    is_alias = pc.equal(records.type, _ALIAS)
    texts = (messages.name, records.owner, pc.if_else(is_alias, records.data, None))
    names = hosts(pa.concat_arrays(texts))
    for cause, mask in names.causes.items():
        rejects.reject(mask[: events.count], cause)
    columns = _walked(records, messages, names.names, rejects.keep)
    # A message of version 1 is several events: each row belongs to the event of its record.
    row = columns.pop("event")
    has_address = np.zeros(events.count, np.bool_)
    has_address[row.to_numpy()] = True
    rejects.reject(~has_address, "no address in the answer")
    rejects.report(tally)
    columns |= {
        "start_ms": pa.array(start // _MILLISECOND).take(row),
        "client_address": client.take(row),
    }
    return make_batch("answers", columns, len(row))


def _client(events: Events, version: pa.Array) -> tuple[pa.Array, Mask]:
    """Who asked, null where that cannot be told; and where the address of that side is none.

    The server is the side with port 53. Where that does not tell, version 2 states the client as
    the source and version 3 the sender of the message; version 1 is not known to be constant.
    """
    from_server = mask_of(pc.equal(events.column("src_port"), _DNS_PORT))
    to_server = mask_of(pc.equal(events.column("dest_port"), _DNS_PORT))
    plain = from_server != to_server
    second, third = (mask_of(pc.equal(version, number)) for number in ("2", "3"))
    is_source = np.where(plain, to_server, second)
    is_destination = np.where(plain, from_server, third)
    text = pc.if_else(
        pa.array(is_source),
        events.column("src_ip"),
        pc.if_else(pa.array(is_destination), events.column("dest_ip"), None),
    )
    client = addresses(text)
    return client, (is_source | is_destination) & ~mask_of(client.is_valid())


def _used(records: resources.Records) -> resources.Records:
    """The records that hold an address or an alias, their type in upper case."""
    kind = pc.ascii_upper(records.type)
    records = replace(records, type=kind)
    return records.only(mask_of(pc.is_in(kind, pa.array([_ALIAS, *_ADDRESSES]))))


def _walked(
    records: resources.Records, messages: resources.Messages, names: pa.Array, wanted: Mask
) -> dict[str, pa.Array]:
    """The addresses with the names that lead to them, in the order of the file.

    ``names`` are those of the questions, the owners and the aliases, one after the other.
    """
    encoded = names.dictionary_encode()
    codes = encoded.indices.cast(pa.int64()).fill_null(chains.UNKNOWN).to_numpy()
    count = len(messages.first)
    query, owner, target = np.split(codes, np.cumsum((count, len(records.event))))
    address = addresses(pc.if_else(pc.equal(records.type, _ALIAS), None, records.data))
    ttl = integers(records.ttl, _MAX_TTL)[0].fill_null(chains.UNKNOWN).to_numpy()
    used = wanted[records.event]
    links = chains.Links(messages.first[records.event], owner, target, ttl).only(used)
    ends = mask_of(address.is_valid())
    walked = chains.walk(query, links, ends[used], encoded.dictionary)
    chosen = np.flatnonzero(ends & used)[walked.reached]
    event, ttl = pa.array(records.event[chosen]), walked.ttl[walked.reached]
    return {
        "event": event,
        "query": names.take(event),
        "canonical": names.take(pa.array(chosen + count)),
        "chain": walked.chain.filter(pa.array(walked.reached)),
        "address": address.take(pa.array(chosen)),
        "ttl_s": pa.array(ttl, mask=ttl == chains.UNKNOWN),
    }
