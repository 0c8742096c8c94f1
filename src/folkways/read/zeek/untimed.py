"""Connections of a conn.log whose times are blanked.

Zeek publishes, with its traces, the logs that it makes of them, with the time stamps blanked. They
cannot be ingested, since no time is known, but they tell what another meter must find in the same
trace: this is how the captures' flows are checked against Zeek.
"""

import pyarrow as pa

from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.read.lines import blocks
from folkways.read.numbers import durations
from folkways.read.rejects import Rejects
from folkways.read.source import Source
from folkways.read.zeek import tsv
from folkways.read.zeek.conn import flows
from folkways.read.zeek.layout import Layout, stretches


def read_untimed(source: Source) -> pa.Table:
    """All that a text conn.log says but when: RECORDS without start and end, with ``duration_ns``.

    Rows with bad addresses or numbers are left out, as in reading. A null duration is a single
    instant or unknown, as Zeek has it.
    """
    layout, tally = Layout(), Tally()
    found = []
    with source.open() as stream:
        for block in blocks(stream, tally):
            for stretch in stretches(block.data, layout):
                layout = stretch.layout
                if stretch.data and (rows := tsv.rows_of(stretch, tally)) and rows.log == "conn":
                    rejects = Rejects(rows.count)
                    columns = flows(rows, rejects)
                    value, known, _ = durations(rows.text("duration"))
                    columns["duration_ns"] = pa.array(value, mask=~known)
                    found.append(pa.table(columns).filter(pa.array(rejects.keep)))
    fields = [f for f in RECORDS.schema if f.name not in {"start_ms", "end_ms"}]
    schema = pa.schema([*fields, pa.field("duration_ns", pa.int64())])
    parts = [_conformed(table, schema) for table in found]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(len(table), f.type)
        for f in schema
    ]
    return pa.table(columns, schema=schema)
