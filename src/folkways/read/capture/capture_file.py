"""The frames of a capture of either kind, for the meter and for what looks at payloads only."""

from collections.abc import Iterator

from folkways.formats.pcap import BYTE_ORDER_MAGIC, PCAP_MAGIC, PCAPNG_MAGIC
from folkways.model.errors import FormatError
from folkways.read.capture.frames import Frames
from folkways.read.capture.pcap_file import read_pcap
from folkways.read.capture.pcapng_file import read_pcapng
from folkways.read.capture.stream import ChunkStream

CHUNK_BYTES = 8 * 2**20


def is_capture(head: bytes) -> bool:
    """Whether the first bytes of a content are those of a pcap or pcapng file."""
    return _is_pcap(head) or _is_pcapng(head)


def read_frames(chunks: ChunkStream, name: str) -> Iterator[Frames]:
    """The frames of each chunk, from the start of the content that is called ``name``.

    Raises:
        FormatError: it is no capture, or ends within its file header.
    """
    chunks.read_more(0)
    if _is_pcap(chunks.content):
        return read_pcap(chunks)
    if _is_pcapng(chunks.content):
        return read_pcapng(chunks)
    raise FormatError(f"{name} is neither a pcap nor a pcapng capture.")


def _is_pcap(head: bytes) -> bool:
    return head[:4] in PCAP_MAGIC


def _is_pcapng(head: bytes) -> bool:
    return head[:4] == PCAPNG_MAGIC and head[8:12] in BYTE_ORDER_MAGIC
