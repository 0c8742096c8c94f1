"""The one visible list of readers, and how a format is found: by content, best sniff wins."""

from folkways.model.errors import FormatError, UserError
from folkways.read import parquet
from folkways.read.capture import CaptureReader
from folkways.read.cloud import AwsReader, AzureReader, GcpReader
from folkways.read.netflow import NetFlowReader
from folkways.read.nfcapd import NfcapdReader
from folkways.read.nfstream import NfstreamReader
from folkways.read.reader import Reader, ReadOptions
from folkways.read.sflow.reader import SflowReader
from folkways.read.silk import SilkReader
from folkways.read.source import Source
from folkways.read.suricata import SuricataReader
from folkways.read.tabular import TabularReader
from folkways.read.zeek import ZeekReader

READERS: tuple[Reader, ...] = (
    ZeekReader(),
    SuricataReader(),
    CaptureReader(),
    NetFlowReader(),
    SflowReader(),
    NfcapdReader(),
    SilkReader(),
    AwsReader(),
    AzureReader(),
    GcpReader(),
    TabularReader(),
    NfstreamReader(),
)


def find_reader(source: Source, options: ReadOptions, wanted: str | None = None) -> Reader:
    """The reader for a source: the one that is named, else the one most sure of the content.

    Raises:
        UserError: no format has that name.
        FormatError: the content is of no known format, or the source is empty.
    """
    if wanted is not None:
        for reader in READERS:
            if reader.name == wanted:
                return reader
        known = ", ".join(reader.name for reader in READERS)
        raise UserError(f"--format {wanted} is not known; known are {known}.")
    if not source.head:
        raise FormatError(f"{source.name} is empty.")
    sure, reader = max(
        ((reader.sniff(source, options), reader) for reader in READERS), key=lambda pair: pair[0]
    )
    if sure <= 0 and (why := parquet.fault(source)):
        raise FormatError(f"{source.name} is a Parquet file that is cut or garbled: {why}.")
    if sure <= 0:
        raise FormatError(
            f"{source.name} is of no known format (known: {', '.join(r.name for r in READERS)}); "
            "for tables of your own give a mapping with --mapping."
        )
    return reader
