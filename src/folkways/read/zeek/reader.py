"""The Zeek reader: any single log, text or JSON, told by its content."""

import itertools
import json
import re
from collections.abc import Iterator

from folkways.formats.zeek import canonical, log_of
from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read import json_lines
from folkways.read.lines import BLOCK_BYTES, as_bytes, views
from folkways.read.reader import FORWARD, KEY, REVERSE, ReadOptions
from folkways.read.source import HEAD_BYTES, Source
from folkways.read.works import gathered, in_order
from folkways.read.zeek.works import json_works, text_works

_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"(?m)^[ \t]*#(?:separator |fields)")
_SURE_KEYS = frozenset({"uid", "uids", "fuid", "id.orig_h", "certificate.serial", "_path"})
_LINES_SNIFFED = 20
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")


class ZeekReader:
    """Reads conn, dns, ssl, http and quic; recognises all other logs and counts their rows."""

    name = "zeek"
    gives = (
        KEY
        | FORWARD
        | REVERSE
        | {"uid", "parent_uid", "sensor_label", "initiator", "begins", "sampling", "flaws"}
        | {"names", "answers"}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # the protocol's signature
        """1 for Zeek's header, 0.9 for JSON with its keys, 0.5 for keys that others have too."""
        return _sniff(source.head)

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # likewise
        """Yield the rows of a log in the order of the file.

        ``tally.skipped`` names what gave no row: ``no time``, ``bad address``, ``bad number``,
        ``wrong number of fields``, ``cut line``, ``line too long``, ``no header``, ``not a JSON
        object``, ``no uid``, ``no name``, ``name is an address``, ``name not usable``, ``no address
        in the answer`` and ``log not used: ...``.

        Raises:
            FormatError: the source is empty, or begins without a header and without a JSON line
                that has the keys of a log.
        """
        with source.open() as stream:
            is_json = _JSON.match(source.head)
            found = views(stream, tally, json_lines.BLOCK_BYTES if is_json else BLOCK_BYTES)
            first = next(found, None)
            if first is None:
                raise FormatError(f"{source.name} is empty; nothing to read.")
            whole = itertools.chain((first,), found)
            if not is_json and _HEADER.search(first.data):
                tally.versions["Zeek log, text"] += 1
                yield from gathered(in_order(text_works(as_bytes(whole), tally), tally))
            elif _sniff(bytes(first.data[:HEAD_BYTES])):
                tally.versions["Zeek log, JSON"] += 1
                with json_lines.connect() as engine:
                    yield from gathered(in_order(json_works(whole, engine, tally), tally))
            else:
                raise FormatError(
                    f"{source.name} is not a Zeek log: it has no header line (#fields) and no JSON "
                    "line with the keys of a log. Name its format with --format."
                )


def _sniff(head: bytes) -> float:
    lines = (line.strip() for line in head[:65_536].removeprefix(_BOM).splitlines())
    foreign = 0
    for line in itertools.islice(filter(None, lines), _LINES_SNIFFED):
        if line.startswith(b"#separator "):
            return 1.0
        if line.startswith((b"#fields", b"#path")) and b":" not in line[:8]:
            return 0.8
        if line.startswith(b"{"):
            found = _sniff_object(line)
            if found is not None:
                return found
        elif not line.startswith(b"#"):
            # A log cut out of a longer one may begin in the middle of a line.
            foreign += 1
            if foreign > 1:
                return 0.0
    return 0.0


def _sniff_object(line: bytes) -> float | None:
    """How sure one JSON line makes; None where it cannot be parsed."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "event_type" in found:
        return 0.0
    keys = {canonical(key) for key in found}
    if log_of(keys) is None and "_path" not in keys:
        return 0.0
    if keys == {"name"}:
        return 0.5 if str(found["name"]).endswith((".zeek", ".bro")) else 0.0
    return 0.9 if keys & _SURE_KEYS else 0.5
