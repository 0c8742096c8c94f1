"""Labelled flows beside the flows that Folkways meters from the same captures.

A folder holds ``flow_labels.csv`` and ``pcap/``. nDPI's word counts only where it saw the protocol
itself (confidence ``DPI``); what it says of a DNS query is about the name asked for, not about a
use, so queries are left out.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.protocols import PROTOCOL_NUMBERS
from folkways.model.addresses import addresses_from_text
from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import UserError
from folkways.read.capture import CaptureReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

NEVER_S = 1e8
"""Timeouts so long that what nDPI calls a flow is one row here too."""

_CAPTURE = pa.field("capture", pa.string())
_LABELS = """
    SELECT row_number() OVER () AS id, capture, ndpi_label AS label, nullif(sni, '') AS told_name,
           {number} AS protocol, client, server,
           client_port::INTEGER AS client_port, server_port::INTEGER AS server_port
    FROM read_csv('{path}', all_varchar = true)
    WHERE confidence = 'DPI' AND split_part(ndpi_label, '.', 1) <> 'DNS'
"""
# The two ends in one order, whoever sent first, so that both sides of the join agree.
_ENDS = """capture, protocol,
    least(struct_pack(a := client, p := client_port), struct_pack(a := server, p := server_port)),
    greatest(struct_pack(a := client, p := client_port), struct_pack(a := server, p := server_port))
"""
_MATCHED = f"""
    WITH metered AS (
        SELECT *, source_address AS client, coalesce(source_port, 0) AS client_port,
               destination_address AS server, coalesce(destination_port, 0) AS server_port
        FROM records
    )
    SELECT l.id, l.label, l.told_name, r.client = l.client AND r.client_port = l.client_port
               AS from_client, r.* EXCLUDE (key, nth, client, client_port, server, server_port)
    FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY id) AS nth
          FROM (SELECT *, ROW({_ENDS}) AS key FROM labels)) l
    JOIN (SELECT *, row_number() OVER (PARTITION BY key ORDER BY start_ms, end_ms) AS nth
          FROM (SELECT *, ROW({_ENDS}) AS key FROM metered)) r USING (key, nth)
    ORDER BY l.id
"""


def read_labels(folder: Path) -> pa.Table:
    """The labels that are used: id, capture, label, told_name, protocol, and the two ends.

    Raises:
        UserError: the folder or one of its two parts is missing.
    """
    path = folder / "flow_labels.csv"
    if not path.is_file() or not (folder / "pcap").is_dir():
        raise UserError(f"{folder} needs flow_labels.csv and pcap/; say where with --captures.")
    words = " ".join(f"WHEN '{w}' THEN {n}" for w, n in PROTOCOL_NUMBERS.items())
    number = f"CASE lower(l4) {words} ELSE try_cast(l4 AS INTEGER) END"
    quoted = str(path).replace("'", "''")
    with duckdb.connect() as con:
        found = con.sql(_LABELS.format(number=number, path=quoted)).to_arrow_table()
    for side in ("client", "server"):
        place = found.column_names.index(side)
        found = found.set_column(place, side, addresses_from_text(found[side]))
    return found


def meter(captures: Iterable[Path]) -> pa.Table:
    """Flows of captures by CaptureReader: the columns of RECORDS, and ``capture``."""
    schema = pa.schema([*RECORDS.schema, _CAPTURE])
    options = ReadOptions(active_timeout_s=NEVER_S, idle_timeout_s=NEVER_S)
    parts = [
        pa.RecordBatch.from_arrays(
            [*batch.rows.columns, pa.repeat(path.name, batch.rows.num_rows)], schema=schema
        )
        for path in captures
        for batch in CaptureReader().read(Source(path.name, path), options, Tally())
        if batch.kind == "records"
    ]
    return pa.Table.from_batches(parts, schema)


def match(labels: pa.Table, records: pa.Table) -> pa.Table:
    """Each label with its flow, by capture, protocol and the two ends: one row a label at most.

    Several flows of one key are taken in the order of time, as nDPI numbers them. Adds ``id``,
    ``label``, ``told_name`` and ``from_client`` (the flow's source is the label's client).
    """
    with duckdb.connect() as con:
        con.register("labels", labels)
        con.register("records", records)
        return con.sql(_MATCHED).to_arrow_table()


def captured(folder: Path) -> tuple[pa.Table, pa.Table]:
    """The labels of a folder, and those of them that have a flow, with it (see ``match``)."""
    labels = read_labels(folder)
    names = pc.unique(labels["capture"]).to_pylist()
    paths = [folder / "pcap" / name for name in sorted(names)]
    return labels, match(labels, meter(path for path in paths if path.is_file()))
