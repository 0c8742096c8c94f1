"""Events of dns, in all versions of their form, to answers: one row an address.

Version 1 has an event for each resource record, which are put together again by flow, id and time;
version 2 has an event for each message, with the records in ``answers`` or, shorter and without
times to live, in ``grouped``; version 3 names the question in ``queries``.
"""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.hosts import hosts
from folkways.read.numbers import Mask, integers, mask_of
from folkways.read.rejects import Rejects
from folkways.read.suricata import resources
from folkways.read.suricata.events import Events

_MILLISECOND = 1_000
_DNS_PORT = "53"
_REQUESTS = ("query", "request")  # of versions 1 and 2, and of version 3
_RESPONSES = ("answer", "response")  # likewise
_MAX_TTL = 2**32 - 1


def answers(events: Events, engine: duckdb.DuckDBPyConnection, tally: Tally) -> Batch:
    """Rows for the addresses that a question leads to; events without any are counted."""
    response = mask_of(pc.is_in(events.text("dns.type"), pa.array(_RESPONSES)))
    requests = mask_of(pc.is_in(events.text("dns.type"), pa.array(_REQUESTS)))
    tally.records += int((~response).sum())
    tally.skip("dns request", int(requests.sum()))
    tally.skip("no dns type", int((~response & ~requests).sum()))
    events = events.only(response)
    rejects = Rejects(events.count)
    start, known = events.times("start")
    with engine.cursor() as cursor:
        messages = resources.messages(cursor, events)
        rejects.reject(~known, "no time")
        client, bad = _client(events, messages["version"])
        rejects.reject(bad, "bad address")
        query = hosts(messages["query"])
        for cause, mask in query.causes.items():
            rejects.reject(mask, cause)
        found = _walked(cursor, events, query.names, rejects.keep)
    # A message of version 1 is several events: each row belongs to the event of its record.
    place = np.asarray(found["event"].to_numpy(), np.int64)
    has_address = np.zeros(events.count, np.bool_)
    has_address[place] = True
    rejects.reject(~has_address, "no address in the answer")
    rejects.report(tally)
    row = pa.array(place)
    columns = {
        "start_ms": pa.array(start // _MILLISECOND).take(row),
        "client_address": client.take(row),
        "query": found["query"],
        "canonical": found["canonical"],
        "chain": found["chain"],
        "address": found["address"],
        "ttl_s": found["ttl_s"],
    }
    return make_batch("answers", columns, len(place))


def _client(events: Events, version: pa.Array) -> tuple[pa.Array, Mask]:
    """Who asked, null where that cannot be told; and where the address of that side is none.

    The server is the side with port 53. Where that does not tell, version 2 states the client as
    the source and version 3 the sender of the message; version 1 is not known to be constant.
    """
    from_server = mask_of(pc.equal(events.text("src_port"), _DNS_PORT))
    to_server = mask_of(pc.equal(events.text("dest_port"), _DNS_PORT))
    plain = from_server != to_server
    second, third = (mask_of(pc.equal(version, number)) for number in ("2", "3"))
    is_source = np.where(plain, to_server, second)
    is_destination = np.where(plain, from_server, third)
    text = pc.if_else(
        pa.array(is_source),
        events.text("src_ip"),
        pc.if_else(pa.array(is_destination), events.text("dest_ip"), None),
    )
    client = addresses(text)
    return client, (is_source | is_destination) & ~mask_of(client.is_valid())


def _walked(
    cursor: duckdb.DuckDBPyConnection, events: Events, query: pa.Array, wanted: Mask
) -> resources.Columns:
    """The addresses with the names that lead to them, in the order of the file."""
    records = resources.records(cursor, events, query, wanted)
    data, kind = records["data"], records["type"]
    address = addresses(pc.if_else(pc.is_in(kind, pa.array(["A", "AAAA"])), data, None))
    target = hosts(pc.if_else(pc.equal(kind, "CNAME"), data, None)).names
    ttl, _ = integers(records["ttl"], _MAX_TTL)
    cleaned = pa.table(
        {
            "message": records["message"],
            "event": records["event"],
            "place": pa.array(np.arange(len(data))),
            "owner": hosts(records["owner"]).names,
            "target": target,
            "address": address.cast(pa.binary()),
            "ttl": ttl,
        }
    )
    return resources.walk(cursor, cleaned, query)
