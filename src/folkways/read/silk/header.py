"""The header of a SiLK file: which records follow, and what it says of all of them."""

from dataclasses import dataclass

import numpy as np

from folkways.formats import silk
from folkways.model.errors import FormatError
from folkways.read.silk.octets import Octets

_NAME = 25  # octets of a name in the header of old flowcap files
_LONGEST = 256  # octets of a probe name that are kept


@dataclass
class Header:
    """What a file says before its records. ``hour_ms`` is what packed starts count from."""

    format: str
    version: int
    compression: str
    layout: silk.Layout
    big_endian: bool
    hour_ms: int | None = None
    flowtype: int = silk.NO_FLOWTYPE
    sensor: int = silk.NO_SENSOR
    probe: str | None = None

    @property
    def dtype(self) -> np.dtype[np.void]:
        """A record in the file's byte order."""
        return self.layout.big if self.big_endian else self.layout.little

    @property
    def title(self) -> str:
        """Format, version and compression for a person."""
        return f"SiLK {self.format} v{self.version} ({self.compression})"


def read_header(octets: Octets) -> Header:
    """Read up to the first record.

    Raises:
        FormatError: no flows, an unknown record version or compression, or a cut header.
    """
    name = octets.name
    start = octets.structure(silk.START)
    modern = start["version"] >= silk.ENTRIES_FROM
    more = octets.structure(silk.MORE) if modern else None
    version = int(start["version"] if more is None else more["record_version"])
    kind = _format(name, int(start["format"]))
    header = Header(
        kind,
        version,
        _compression(name, kind, int(start["compression"])),
        _layout(name, kind, version, 0 if more is None else int(more["record_size"])),
        bool(start["flags"] & silk.BIG_ENDIAN),
    )
    if modern:
        _entries(octets, header)
    else:
        _old(octets, header)
    if header.hour_ms is None and {"offset_ms", "offset_s"} & set(header.layout.fields):
        raise FormatError(
            f"{name} packs {kind} records of an hour but its header does not say which hour."
        )
    return header


def _format(name: str, number: int) -> str:
    if number in silk.FORMATS:
        return silk.FORMATS[number]
    other = silk.OTHER_FORMATS.get(number, f"of format {number}")
    raise FormatError(f"{name} is a SiLK file ({other}) that holds no flows; rwfileinfo says more.")


def _compression(name: str, kind: str, number: int) -> str:
    # Old flowcap files have 6 for LZO.
    number = 2 if kind == "FT_FLOWCAP" and number == 6 else number
    if number < len(silk.COMPRESSIONS):
        return silk.COMPRESSIONS[number]
    raise FormatError(
        f"{name} is compressed in an unknown way ({number}); "
        "rwcat --compression-method=none --output-path=NEW OLD writes it plain."
    )


def _layout(name: str, kind: str, version: int, size: int) -> silk.Layout:
    layout = silk.layout(kind, version)
    if layout is None:
        raise FormatError(
            f"{name} holds {kind} records of version {version}, which are not read; "
            "rwsilk2ipfix --ipfix-output=NEW OLD makes an IPFIX file of them."
        )
    if size not in (0, layout.little.itemsize):
        raise FormatError(
            f"{name} claims {kind} records of {size} bytes, but version {version} "
            f"has {layout.little.itemsize}; the file is damaged."
        )
    return layout


def _entries(octets: Octets, header: Header) -> None:
    while True:
        entry = octets.structure(silk.ENTRY)
        content = octets.header(max(int(entry["length"]) - silk.ENTRY.itemsize, 0))
        match int(entry["id"]):
            case silk.END_ENTRY:
                return
            case silk.PACKED_FILE_ENTRY if len(content) == silk.PACKED_FILE.itemsize:
                packed = np.frombuffer(content, silk.PACKED_FILE)[0]
                header.hour_ms = int(packed["hour_ms"])
                # Records have 8 and 16 bits for them, and so has SiLK itself.
                header.flowtype = int(packed["flowtype"]) & 0xFF
                header.sensor = int(packed["sensor"]) & 0xFFFF
            case silk.PROBE_ENTRY:
                header.probe = _text(content)


def _old(octets: Octets, header: Header) -> None:
    """The headers of before header entries: each format has its own."""
    big = header.big_endian
    if header.format == "FT_FLOWCAP":
        names = [_text(octets.header(_NAME)) for _ in ("sensor", "probe")]
        header.probe = "_".join(dict.fromkeys(filter(None, names))) or None
        return
    if header.format == "FT_RWFILTER":
        for _ in range(octets.number(4, big=big)):
            octets.header(octets.number(2, big=big))
    elif header.format != "FT_RWGENERIC":
        header.hour_ms = octets.number(4, big=big) * 1000
    if header.version > 1:
        octets.header(-octets.taken % header.dtype.itemsize)


def _text(content: bytes) -> str | None:
    return content[:_LONGEST].split(b"\0")[0].decode("utf-8", "replace").strip() or None
