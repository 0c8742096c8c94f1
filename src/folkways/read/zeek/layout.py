"""What a text log's header says, and the stretches of a log that one header governs.

Rotated logs are often put together with ``cat``: a header may come again in the middle of a file,
with other columns or another path, and is obeyed from there on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from folkways.formats.zeek import Markers, canonical, log_of

_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_MARKERS = ("set_separator", "empty_field", "unset_field")
MAX_FIELDS = 4096
"""More are no log's header: each costs the parser some kilobytes, whatever the rows hold."""


@dataclass(frozen=True)
class Layout:
    """How to read the rows that follow: markers, log and columns (scope character ``.``)."""

    markers: Markers = field(default_factory=Markers)
    path: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def log(self) -> str | None:
        """Which log: by ``#path``, or by the columns where the header does not say."""
        return self.path or log_of(self.fields)


@dataclass(frozen=True)
class Stretch:
    """Rows under one header, as bytes of whole lines."""

    layout: Layout
    data: bytes


def is_header(line: bytes) -> bool:
    """A line that begins with ``#``; white space before it is forgiven for ``#separator`` only."""
    return line.startswith(b"#") or line.lstrip().startswith(b"#separator")


def obey(layout: Layout, line: bytes) -> Layout:
    """The layout after a header line; lines that say nothing about the layout change nothing."""
    text = line.decode("utf-8", "surrogateescape").strip("\r\n")
    if text.lstrip().startswith("#separator"):
        value = text.lstrip().removeprefix("#separator").strip(" ")
        octets = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), value).encode("latin-1", "replace")
        separator = octets.decode("utf-8", "surrogateescape")
        return Layout(Markers(separator=separator)) if separator else layout
    key, _, rest = text.removeprefix("#").partition(layout.markers.separator)
    if key in _MARKERS:
        return replace(layout, markers=replace(layout.markers, **{key: rest}))
    if key == "path":
        return replace(layout, path=rest or None)
    if key == "fields":
        names = rest.split(layout.markers.separator, MAX_FIELDS)
        usable = names if len(names) <= MAX_FIELDS else ()
        return replace(layout, fields=tuple(canonical(n) for n in usable))
    return layout


def stretches(data: bytes, layout: Layout) -> Iterator[Stretch]:
    """Cut whole lines at header lines; the last stretch (maybe empty) carries the last layout."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        line = data[start:end]
        if is_header(line):
            layout = obey(layout, line)
            start = end
            continue
        following = _next_header(data, start)
        yield Stretch(layout, data[start:following])
        start = following
    yield Stretch(layout, b"")


def _next_header(data: bytes, start: int) -> int:
    """Where the next line with ``#`` begins; the end if there is none."""
    # Most blocks hold no "#" at all, and one byte is found much faster than two.
    if data.find(b"#", start) < 0:
        return len(data)
    return data.find(b"\n#", start) + 1 or len(data)
