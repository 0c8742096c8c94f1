r"""What Zeek's logs are: columns, types, header lines and markers, shared by reading and writing.

Facts from Zeek's own manual (book of logs, the frameworks' ASCII and JSON writers) and from logs
of Bro 2.0 to Zeek 8. A log is text: header lines that begin with ``#`` say how fields are
separated and marked, then one row a line; or one JSON object a line without any header.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ESCAPED = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|\\)")


@dataclass(frozen=True)
class Field:
    """A column of a log: its name and Zeek's type."""

    name: str
    type: str


@dataclass(frozen=True)
class Markers:
    """How a text log marks what is not plain text; the defaults are Zeek's."""

    separator: str = "\t"
    set_separator: str = ","
    empty_field: str = "(empty)"
    unset_field: str = "-"


def _fields(text: str) -> tuple[Field, ...]:
    pairs = (word.split("=") for word in text.split())
    return tuple(Field(name, kind) for name, kind in pairs)


_ID = "id.orig_h=addr id.orig_p=port id.resp_h=addr id.resp_p=port"

LOGS: Mapping[str, tuple[Field, ...]] = {
    "conn": _fields(
        f"ts=time uid=string {_ID} proto=enum service=string duration=interval orig_bytes=count "
        "resp_bytes=count conn_state=string local_orig=bool local_resp=bool missed_bytes=count "
        "history=string orig_pkts=count orig_ip_bytes=count resp_pkts=count resp_ip_bytes=count "
        "tunnel_parents=set[string] ip_proto=count"
    ),
    "dns": _fields(
        f"ts=time uid=string {_ID} proto=enum trans_id=count rtt=interval query=string "
        "qclass=count qclass_name=string qtype=count qtype_name=string rcode=count "
        "rcode_name=string AA=bool TC=bool RD=bool RA=bool Z=count answers=vector[string] "
        "TTLs=vector[interval] rejected=bool opcode=count opcode_name=string"
    ),
    "ssl": _fields(
        f"ts=time uid=string {_ID} version=string cipher=string curve=string server_name=string "
        "resumed=bool last_alert=string next_protocol=string established=bool ssl_history=string "
        "cert_chain_fps=vector[string] client_cert_chain_fps=vector[string] sni_matches_cert=bool"
    ),
    "http": _fields(
        f"ts=time uid=string {_ID} trans_depth=count method=string host=string uri=string "
        "referrer=string version=string user_agent=string origin=string request_body_len=count "
        "response_body_len=count status_code=count status_msg=string info_code=count "
        "info_msg=string tags=set[enum] username=string password=string proxied=set[string] "
        "orig_fuids=vector[string] orig_filenames=vector[string] orig_mime_types=vector[string] "
        "resp_fuids=vector[string] resp_filenames=vector[string] resp_mime_types=vector[string]"
    ),
    "quic": _fields(
        f"ts=time uid=string {_ID} version=string client_initial_dcid=string client_scid=string "
        "server_scid=string server_name=string client_protocol=string history=string"
    ),
}
"""The logs that Folkways uses, with the columns of Zeek 8 in their order."""

SIGNATURES: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = tuple(
    (path, frozenset(every.split()), frozenset(some.split()))
    for path, every, some in (
        # Of two logs that share keys, the one with the rarer key stands first.
        ("quic", "client_initial_dcid", ""),
        ("conn", "uid", "conn_state orig_pkts orig_ip_bytes missed_bytes local_orig"),
        ("dns", "uid", "qtype qtype_name qclass rcode_name AA query"),
        ("sip", "uid call_id", ""),
        ("x509", "", "certificate.serial certificate.subject fingerprint"),
        ("ssl", "uid", "server_name cipher resumed ssl_history cert_chain_fuids cert_chain_fps"),
        ("smtp", "uid", "helo mailfrom"),
        ("http", "uid trans_depth", "host method status_code user_agent request_body_len"),
        ("http", "uid host method", ""),
        ("files", "fuid", "tx_hosts rx_hosts source"),
        ("notice", "ts note", ""),
        ("weird", "ts", "notice"),
        ("dhcp", "ts", "uids lease_time"),
        ("arp", "ts operation src_mac", ""),
        ("ntp", "ts uid", "stratum"),
        ("tunnel", "ts tunnel_type", ""),
        ("software", "ts software_type", ""),
        ("pe", "ts id", "is_exe compile_ts"),
        ("known_hosts", "ts host", ""),
        ("capture_loss", "ts ts_delta", ""),
        ("packet_filter", "ts filter", "init success"),
        ("stats", "ts peer", "mem pkts_proc"),
        ("reporter", "ts level message", ""),
        ("telemetry", "ts metric_type", ""),
        ("other", "ts uid", "id.orig_h"),
    )
)
"""Log, keys that all must be there, and keys of which one must be (none stated: none needed)."""

PROTOCOLS: Mapping[str, int] = {"icmp": 1, "tcp": 6, "udp": 17}
"""IANA numbers of ``proto``; ``unknown_transport`` has none. ICMP over IPv6 is 58."""

HISTORY_FLAGS: Mapping[str, int] = {
    "S": 0x02,  # SYN without ACK
    "H": 0x12,  # SYN with ACK
    "A": 0x10,  # an ACK without payload
    "D": 0x10,  # payload: carries ACK once a connection stands; PSH is not known
    "F": 0x01,  # FIN, seldom without ACK, but the log does not say so
    "R": 0x04,  # RST, likewise
}
"""TCP flags that a letter of ``history`` proves; upper case is the originator's, lower case the
responder's. The other letters (C bad checksum, G gap, I and Q odd combinations, T repeated,
W zero window, X given up) prove none."""


def log_of(keys: Iterable[str]) -> str | None:
    """Which log has these column names (scope character ``.``); None where nothing fits."""
    found = frozenset(keys)
    for path, every, some in SIGNATURES:
        if every <= found and (not some or some & found):
            return path
    return "loaded_scripts" if found == {"name"} else None


def scoped(name: str, scope: str = ".") -> str:
    """A column name with another scope character: ``id.orig_h`` to ``id_orig_h``."""
    return name.replace(".", scope)


_SCOPE = re.compile(r"id[^A-Za-z0-9]{0,4}((?:orig|resp)_[hp])")


def canonical(name: str) -> str:
    """A column name as Zeek writes it by default, whatever scope character a log uses."""
    found = _SCOPE.fullmatch(name)
    return f"id.{found[1]}" if found else name


NESTED = "id"
"""The object in which pipelines (Logstash, Vector) may put what Zeek writes as ``id.orig_h``."""


def nested_key(name: str) -> str:
    """The key inside that object; "" for columns that are no part of it."""
    return name.removeprefix("id.") if name.startswith("id.") else ""


def escape(text: str, markers: Markers | None = None) -> str:
    r"""A value as the text writer puts it: control bytes, backslash and separators as ``\xNN``.

    A text that would read as a marker has its first byte escaped. UTF-8 is left as it is, which
    Zeek does where ``LogAscii::enable_utf_8_logs`` is set (the default since 4.0).
    """
    marks = markers or Markers()
    special = {"\\", marks.separator, marks.set_separator}
    if text and (text in {marks.unset_field, marks.empty_field} or text.startswith("#")):
        return _hex(text[0]) + escape(text[1:], marks)
    parts = re.split(f"({'|'.join(re.escape(s) for s in sorted(special))})", text)
    escaped = (
        _hex(p) if p in special else "".join(_hex(c) if _is_control(c) else c for c in p)
        for p in parts
    )
    return "".join(escaped)


def _is_control(char: str) -> bool:
    return ord(char) < 0x20 or ord(char) == 0x7F


def _hex(text: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in text.encode())


def unescape(text: str) -> str:
    r"""The value again: ``\xNN`` to bytes, bytes as UTF-8 (a broken sequence as U+FFFD)."""
    if "\\" not in text:
        return text
    octets = _ESCAPED.sub(
        lambda m: bytes((int(m[1], 16),)) if m[1] else b"\\", text.encode("utf-8", "replace")
    )
    return octets.decode("utf-8", "replace")


def header(
    path: str,
    opened: str,
    fields: Iterable[Field] | None = None,
    *,
    markers: Markers | None = None,
    scope: str = ".",
) -> str:
    """The header lines of a text log, each with its line end.

    Args:
        path: the log's name, such as ``conn``.
        opened: when, as ``YYYY-MM-DD-HH-MM-SS``.
        fields: the columns; by default those of ``LOGS[path]``.
        markers: separator and markers if not Zeek's own.
        scope: the character between record and field, as in ``id.orig_h``.

    Raises:
        KeyError: no fields given, and the log is none of ``LOGS``.
    """
    marks = markers or Markers()
    columns = tuple(LOGS[path] if fields is None else fields)
    rows = (
        ("#set_separator", marks.set_separator),
        ("#empty_field", marks.empty_field),
        ("#unset_field", marks.unset_field),
        ("#path", path),
        ("#open", opened),
        ("#fields", *(scoped(c.name, scope) for c in columns)),
        ("#types", *(c.type for c in columns)),
    )
    lines = [f"#separator {_hex(marks.separator)}", *(marks.separator.join(r) for r in rows)]
    return "".join(f"{line}\n" for line in lines)


def footer(closed: str, markers: Markers | None = None) -> str:
    """The line that ends a text log; ``closed`` as ``YYYY-MM-DD-HH-MM-SS``."""
    return f"#close{(markers or Markers()).separator}{closed}\n"
