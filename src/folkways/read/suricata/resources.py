"""The resource records inside dns events, and the walk from a question along its CNAMEs, in SQL."""

import duckdb
import numpy as np
import pyarrow as pa

from folkways.model.columns import ADDRESS
from folkways.read.numbers import Mask
from folkways.read.suricata.events import Events

Columns = dict[str, pa.Array]

MAX_HOPS = 16
"""CNAMEs that are followed; resolvers give up at about as many."""

MAX_RECORDS = 4096
"""Resource records of a message: 65,535 bytes, at 16 at least for one with an address."""

# For each event: what it is, and the first event of its message (itself, but in version 1).
_MESSAGES = f"""
    create or replace temp table messages as
    with parts as materialized (
        select *,
            json_extract_string(line, ['$.type', '$.version', '$.rrname', '$.queries[0].rrname',
                '$.id']) as v,
            json_type(line, '$.answers') is not distinct from 'ARRAY'
                and json_array_length(line, '$.answers') <= {MAX_RECORDS} as detailed,
            json_type(line, '$.grouped') is not distinct from 'OBJECT'
                and coalesce(json_array_length(line, '$.grouped.CNAME'), 0)
                + coalesce(json_array_length(line, '$.grouped.A'), 0)
                + coalesce(json_array_length(line, '$.grouped.AAAA'), 0) <= {MAX_RECORDS} as grouped
        from dns
    ), kinds as materialized (
        select event, line, detailed, grouped,
            coalesce(v[2], case when detailed or grouped then '2' else '1' end) as version,
            coalesce(v[4], v[3]) as name,
            case when v[1] = 'answer' and not detailed and not grouped and flow_id is not null
                and v[5] is not null then concat_ws(chr(31), flow_id, v[5], stamp) end as joint
        from parts
    )
    select *, event as message, name as query from kinds where joint is null
    union all
    select *, min(event) over message as message, first(name) over message as query
    from kinds where joint is not null window message as (
        partition by joint order by event rows between unbounded preceding and unbounded following)
"""

_RECORDS = """
    with used as (
        select m.*, q.query as asked from messages m join asked q using (event) where q.wanted
    ), detailed as (
        select message, event, place, json_extract_string(record,
            ['$.rrname', '$.rrtype', '$.ttl', '$.rdata']) as v
        from (select message, event, unnest(json_extract(line, '$.answers[*]')) as record,
            unnest(range(json_array_length(line, '$.answers')::bigint)) as place
            from used where detailed)
    ), single as (
        select message, event, 0 as place, json_extract_string(line,
            ['$.rrname', '$.rrtype', '$.ttl', '$.rdata']) as v
        from used where not detailed and not grouped
    ), lists as (
        select message, event, asked, json_extract_string(line, '$.grouped.CNAME[*]') as names,
            json_extract_string(line, '$.grouped.A[*]')
                || json_extract_string(line, '$.grouped.AAAA[*]') as texts,
            len(json_extract_string(line, '$.grouped.A[*]')) as fours
        from used where grouped and not detailed
    ), aliases as (
        select message, event, unnest(range(len(names))) as place,
            unnest(list_prepend(asked, names)[:len(names)]) as owner, unnest(names) as data
        from lists
    ), ends as (
        select message, event, unnest(range(len(texts))) as place, fours, len(names) as before,
            coalesce(names[-1], asked) as owner, unnest(texts) as data
        from lists
    )
    select message, event, place, v[1] as owner, upper(v[2]) as type, v[3] as ttl, v[4] as data
    from detailed
    union all select message, event, place, v[1], upper(v[2]), v[3], v[4] from single
    union all select message, event, place, owner, 'CNAME', null, data from aliases
    union all select message, event, before + place, owner,
        case when place < fours then 'A' else 'AAAA' end, null, data from ends
    order by event, place
"""

# An unknown time to live (null) stays unknown along the chain: least() would leave it out.
_WALK = f"""
    with recursive aliases as (
        select message, owner, arg_min(target, place) as target,
            arg_min(coalesce(ttl, -1), place) as ttl
        from records where target is not null and owner is not null group by message, owner
    ), walked(message, hop, name, chain, ttl) as (
        select r.message, 0, m.query, m.query, {2**32}
        from (select distinct message from records) r join asked m on m.event = r.message
        where m.query is not null
        union all
        select w.message, hop + 1, a.target, w.chain || ',' || a.target, least(w.ttl, a.ttl)
        from walked w join aliases a on a.message = w.message and a.owner = w.name
        where hop < {MAX_HOPS} and not list_contains(string_split(w.chain, ','), a.target)
    )
    select r.event, q.query, w.name as canonical, r.address,
        case when hop > 0 then w.chain end as chain,
        case when r.ttl is not null and w.ttl >= 0 then least(r.ttl, w.ttl) end as ttl_s
    from records r join walked w on w.message = r.message and w.name = r.owner
        join asked q on q.event = r.message
    where r.address is not null
    order by r.place
"""


def messages(cursor: duckdb.DuckDBPyConnection, events: Events) -> Columns:
    """For each event, all being responses: its version, and the name that was asked for."""
    columns = {
        "event": pa.array(np.arange(events.count)),
        "line": events.text("dns"),
        "flow_id": events.text("flow_id"),
        "stamp": events.columns["start"],
    }
    cursor.register("dns", pa.table(columns))
    cursor.execute(_MESSAGES)
    found = cursor.sql("select version, query from messages order by event")
    return _columns(found.to_arrow_table())


def records(
    cursor: duckdb.DuckDBPyConnection, events: Events, query: pa.Array, wanted: Mask
) -> Columns:
    """The resource records of the wanted events: message, event, owner, type, ttl, data as text.

    ``query`` is the name asked for, for each event; it owns the records of ``grouped``.
    """
    asked = {
        "event": pa.array(np.arange(events.count)),
        "query": query,
        "wanted": pa.array(wanted),
    }
    cursor.register("asked", pa.table(asked))
    return _columns(cursor.sql(_RECORDS).to_arrow_table())


def walk(cursor: duckdb.DuckDBPyConnection, found: pa.Table, query: pa.Array) -> Columns:
    """From each message's question along the CNAMEs to the addresses, whatever the records' order.

    Addresses of names to which the question does not lead are left out.
    """
    cursor.register("records", found)
    asked = {"event": pa.array(np.arange(len(query))), "query": query}
    cursor.register("asked", pa.table(asked))
    columns = _columns(cursor.sql(_WALK).to_arrow_table())
    return columns | {"address": columns["address"].cast(ADDRESS)}


def _columns(table: pa.Table) -> Columns:
    return {name: table[name].combine_chunks() for name in table.column_names}
