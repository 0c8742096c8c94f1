"""GCP VPC flow logs: JSON log entries, one a line, or in one array as the command line writes it.

What Google says, and what follows from it:

- A row is one direction of a connection during an interval. Packets are sampled before, at a rate
  that varies and is not logged; counters are already estimates of the whole. So sampling is null.
- Traffic between two machines is reported by both, as SRC and as DEST: the risk is said.
- ``bytes_sent`` is what the provider counts; its documentation now speaks of payload bytes.
- Countries are three letters (ISO alpha-3); only where there are two are they used.

Source: Google Cloud documentation, "About VPC Flow Logs records".
"""

from collections.abc import Iterator
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.cloud.objects import objects
from folkways.read.cloud.values import Keep, counted, filtered, flags, records, sides
from folkways.read.iso import moments
from folkways.read.lines import Chunks, lines
from folkways.read.reader import KEY, ReadOptions
from folkways.read.source import Source

_MARKS = (b'"jsonPayload"', b'"connection"')
_TEXT = {
    "source": "connection.src_ip",
    "destination": "connection.dest_ip",
    "source_port": "connection.src_port",
    "destination_port": "connection.dest_port",
    "protocol": "connection.protocol",
    "bytes_forward": "bytes_sent",
    "packets_forward": "packets_sent",
    "source_asn": "src_location.asn",
    "destination_asn": "dest_location.asn",
    "source_country": "src_location.country",
    "destination_country": "dest_location.country",
    "reporter": "reporter",
    "source_project": "src_instance.project_id",
    "source_machine": "src_instance.vm_name",
    "destination_project": "dest_instance.project_id",
    "destination_machine": "dest_instance.vm_name",
    "source_gateway": "src_gateway.name",
    "destination_gateway": "dest_gateway.name",
    "start": "start_time",
    "end": "end_time",
}
_COUNTED = (
    "source_port",
    "destination_port",
    "protocol",
    "bytes_forward",
    "packets_forward",
    "source_asn",
    "destination_asn",
)
_PATHS = ", ".join(f"'$.jsonPayload.{path}'" for path in _TEXT.values())
_PICKS = ", ".join(f'v[{i}] AS "{name}"' for i, name in enumerate(_TEXT, 1))
# A time needs its zone (RFC 3339), else the engine would take its own. This is its own quick way;
# what is written otherwise is tried after it.
_ZONED = r"'^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$'"
_QUERY = f"""
    SELECT {_PICKS}, {{start_ms}}, {{end_ms}}
    FROM (
        SELECT json_extract_string(line, [{_PATHS}]) AS v FROM entries
        WHERE json_type(line, '$.jsonPayload.connection') = 'OBJECT'
    )
"""
_MS = (
    "CASE WHEN regexp_matches(v[{i}], {zoned}) "
    "THEN epoch_us(TRY_CAST(v[{i}] AS TIMESTAMPTZ)) // 1000 END"
)


class GcpReader:
    """Reads flow logs of GCP."""

    name = "gcp"
    gives = (
        KEY
        | {"bytes_forward", "packets_forward", "exporter"}
        | {"source_asn", "destination_asn", "source_country", "destination_country"}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # the protocol's signature
        """0.95 for JSON log entries with a connection."""
        head = source.head
        return 0.95 if _is_json(head) and all(mark in head for mark in _MARKS) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # likewise
        """Yield the entries in the order of the file.

        ``tally.skipped`` names what gave no row: ``not a JSON object``, ``entry of another log``,
        ``no time``, ``no address``, ``address does not parse: ...``, ``line too long``, ``cut
        line``, and for arrays ``object too long``, ``object without an end``, ``cut object``.

        Raises:
            FormatError: the source is empty, or nothing in it is a JSON object.
        """
        seen = False
        conversion = _Conversion(tally)
        with source.open() as stream, duckdb.connect(config={"temp_directory": ""}) as con:
            for entries in _entries(source, stream, tally):
                objects_only = conversion.objects(entries, con)
                seen = seen or bool(len(objects_only))
                yield from conversion.rows(objects_only, con)
        if not seen:
            raise FormatError(f"{source.name} is not a GCP flow log: it holds no JSON object.")


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))


def _entries(source: Source, stream: BinaryIO, tally: Tally) -> Iterator[pa.Array]:
    if source.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        for found in objects(Chunks(stream, tally), 1, tally):
            yield pa.array(found, pa.binary()).cast(pa.string())
    else:
        yield from lines(stream, tally)


class _Conversion:
    """Log entries to records."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._reporters: set[str] = set()

    def objects(self, entries: pa.Array, con: duckdb.DuckDBPyConnection) -> pa.Array:
        """Those entries that are JSON objects; the others are counted."""
        self._tally.records += len(entries)
        con.register("entries", pa.table({"line": entries}))
        good = con.sql(
            "SELECT line FROM entries WHERE CASE WHEN json_valid(line) "
            "THEN json_type(line) = 'OBJECT' ELSE false END"
        ).to_arrow_table()["line"]
        con.unregister("entries")
        self._tally.skip("not a JSON object", len(entries) - len(good))
        return good.combine_chunks()

    def rows(self, entries: pa.Array, con: duckdb.DuckDBPyConnection) -> Iterator[Batch]:
        """A batch, unless no row is left."""
        text = self._text(entries, con)
        rows = len(text["reporter"])
        self._tally.skip("entry of another log", len(entries) - rows)
        keep = Keep(rows, self._tally)
        # An entry without a start is an instant at its end: nothing is known of its length.
        start = pc.coalesce(text["start_ms"], text["end_ms"])
        end = pc.coalesce(text["end_ms"], text["start_ms"])
        keep.drop(pc.is_null(start), "no time")
        addresses = sides(
            {side: [text[side]] for side in ("source", "destination")}, keep, self._tally
        )
        if not keep.mask.any():
            return
        no_start = flags(pc.is_null(text["start_ms"])) & keep.mask
        self._tally.flag("no start: the end stands for it", int(no_start.sum()))
        kept = filtered({"start_ms": start, "end_ms": end} | addresses, keep)
        text = filtered(text, keep)
        kept |= counted({name: text[name] for name in _COUNTED}, self._tally)
        kept["exporter"] = _exporter(text)
        for field in ("source_country", "destination_country"):
            kept[field] = self._country(text[field])
        self._note(text)
        self._tally.versions["GCP VPC flow log"] += int(keep.mask.sum())
        yield records(kept, int(keep.mask.sum()))

    @staticmethod
    def _text(entries: pa.Array, con: duckdb.DuckDBPyConnection) -> dict[str, pa.Array]:
        times = {
            f"{name}_ms": _MS.format(i=list(_TEXT).index(name) + 1, zoned=_ZONED)
            + f' AS "{name}_ms"'
            for name in ("start", "end")
        }
        con.register("entries", pa.table({"line": entries.cast(pa.string())}))
        table = con.sql(_QUERY.format(**times)).to_arrow_table()
        con.unregister("entries")
        kinds = {
            name: pa.int64() if name.endswith("_ms") else pa.string() for name in table.schema.names
        }
        found = {name: table[name].combine_chunks().cast(kinds[name]) for name in kinds}
        return found | {f"{n}_ms": _moments(found[f"{n}_ms"], found[n]) for n in ("start", "end")}

    def _country(self, column: pa.Array) -> pa.Array:
        if flags(pc.greater(pc.utf8_length(column), 2)).any():
            self._tally.note(
                "Countries are given by three letters, which are left out; use a list of countries."
            )
        good = pc.match_substring_regex(column, "^[A-Za-z]{2}$")
        return pc.utf8_upper(pc.if_else(good, column, pa.scalar(None, pa.string())))

    def _note(self, text: dict[str, pa.Array]) -> None:
        self._tally.note(
            "The packets were sampled before they were counted, at a rate that the log does not "
            "say; bytes may be those of the payload alone."
        )
        self._reporters |= set(text["reporter"].unique().to_pylist()) & {"SRC", "DEST"}
        if len(self._reporters) > 1:
            self._tally.note(
                "Both ends report (SRC and DEST): traffic of two machines may stand here twice."
            )


def _moments(found: pa.Array, text: pa.Array) -> pa.Array:
    """Milliseconds, with those that the engine could not read."""
    if found.null_count == text.null_count:
        return found
    return pc.coalesce(found, moments(text).column(zoned=True, unit=1_000_000))


def _exporter(text: dict[str, pa.Array]) -> pa.Array:
    """The reporting side's machine or gateway; where there is no name, the word for the side."""
    by_source = pc.match_substring(text["reporter"], "SRC")
    sides_names = [
        pc.coalesce(
            pc.binary_join_element_wise(text[f"{s}_project"], text[f"{s}_machine"], "/"),
            text[f"{s}_machine"],
            text[f"{s}_gateway"],
            text["reporter"],
        )
        for s in ("source", "destination")
    ]
    return pc.if_else(by_source, *sides_names)
