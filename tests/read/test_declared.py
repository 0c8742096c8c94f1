"""What readers declare to give is what they give: the table in the docs is made from it."""

from pathlib import Path

import pytest

from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError, MappingError
from folkways.read.reader import Reader, ReadOptions
from folkways.read.readers import READERS
from folkways.read.source import find_sources

SAMPLES = {
    "zeek": ["exports/zat_zeek_logs", "exports/slips"],
    "suricata": ["exports/slips"],
    "pcap": ["captures/ndpi/pcap", "exports/slips"],
    "netflow": ["exports/logstash_codec_netflow", "exports/logstash_codec_netflow_wrapped.pcap"],
    "sflow": ["captures/ndpi/pcap/sflow.pcap"],
    "nfcapd": ["exports/slips"],
    "silk": ["exports/silk"],
    "aws": ["exports/cloud"],
    "azure": ["exports/cloud"],
    "gcp": ["exports/cloud"],
    "table": ["exports/slips", "longitudinal/cs448b_ipasn", "captures/ipfixprobe"],
}
MOST_FILES = 120
# nfstream, an extra, is never found by content; its own tests hold it to what it declares.
BY_CONTENT = [reader for reader in READERS if reader.name != "nfstream"]
TRANSLATED = {
    *("translated_source_address", "translated_source_port"),
    *("translated_destination_address", "translated_destination_port"),
}
# What no sample shows is read by specification, and shown by bytes made in the reader's own tests.
# More than that is not declared. Tables give whatever their mapping names.
UNSEEN: dict[str, set[str]] = {
    "pcap": {"flaws"},
    "netflow": {"begins", "flows", "translated_source_port", "translated_destination_port"},
    "sflow": TRANSLATED
    | {"begins", "flaws", "source_asn", "destination_asn", "source_port", "destination_port"}
    | {"tcp_flags_forward"},
    "nfcapd": TRANSLATED
    | {"bytes_reverse", "packets_reverse", "tcp_flags_reverse", "flows", "initiator"}
    | {"sampling", "sensor_label", "flaws", "cumulative", "denied"},
    "zeek": {"parent_uid"},
    "suricata": {"parent_uid", "denied"},
    "silk": {"begins", "initiator", "sensor_label"},
    "gcp": {"source_asn", "destination_asn", "source_country", "destination_country"},
}


def seen_in(reader: Reader, folders: list[Path]) -> set[str]:
    """The columns that hold a value somewhere, and the tables beside them."""
    found: set[str] = set()
    options = ReadOptions()
    sources = [s for s in find_sources(map(str, folders)) if reader.sniff(s, options) > 0]
    for source in sources[:MOST_FILES]:
        try:
            for batch in reader.read(source, options, Tally()):
                if batch.kind != "records":
                    found.add(batch.kind)
                    continue
                rows = batch.rows
                found |= {n for n in RECORDS.names if rows[n].null_count < rows.num_rows}
        except (FormatError, MappingError):
            continue
    return found


def test_every_reader_declares_fields_that_exist() -> None:
    for reader in READERS:
        assert reader.gives - {"names", "answers"} <= set(RECORDS.names), reader.name
        assert {"start_ms", "end_ms"} <= reader.gives


@pytest.mark.external
@pytest.mark.slow
@pytest.mark.parametrize("reader", BY_CONTENT, ids=lambda reader: reader.name)
def test_no_reader_gives_what_it_does_not_declare(reader: Reader, shared_data: Path) -> None:
    found = seen_in(reader, [shared_data / place for place in SAMPLES[reader.name]])
    assert found, "no sample was read"
    assert found <= reader.gives
    if reader.name != "table":
        assert reader.gives - found == UNSEEN.get(reader.name, set())
