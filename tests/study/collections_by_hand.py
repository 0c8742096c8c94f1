"""One traffic as many meters log it, in units that can be put into any files."""

import gzip
import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

START = 1_709_157_600  # 2024-02-28 22:00 UTC
MEMBER, REMOTE, EXPORTER = "10.0.0.{}", "192.0.2.{}", "203.0.113.1"


@dataclass(frozen=True)
class Talk:
    """A connection that a member opens; times in seconds."""

    number: int
    start: float
    length: float
    packets: tuple[int, int]

    @property
    def member(self) -> str:
        return MEMBER.format(1 + self.number % 3)

    @property
    def remote(self) -> str:
        return REMOTE.format(1 + self.number % 5)

    @property
    def port(self) -> int:
        return 40_000 + self.number

    @property
    def end(self) -> float:
        return self.start + self.length

    @property
    def octets(self) -> tuple[int, int]:
        return 100 * self.packets[0], 100 * self.packets[1]


def talks(count: int = 12) -> list[Talk]:
    """Some before midnight, some after, some over it."""
    draw = random.Random(5)  # noqa: S311  # a scenario, not a secret
    return [
        Talk(
            n, START + 900 * n, draw.choice([2, 60, 700]), (draw.randint(2, 9), draw.randint(2, 9))
        )
        for n in range(count)
    ]


Writer = Callable[[Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Format:
    """``units`` in the order of time, and what makes a file of some of them."""

    units: Sequence[bytes]
    write: Writer
    suffix: str


def _lines(head: str = "") -> Writer:
    return lambda units: head.encode() + b"".join(units)


FIELDS = [
    *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service"),
    *("duration", "orig_bytes", "resp_bytes", "conn_state", "missed_bytes", "history"),
    *("orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes"),
]


def _zeek_values(talk: Talk) -> list[object]:
    out, back = talk.octets
    ends = [talk.member, talk.port, talk.remote, 443]
    counts = [talk.packets[0], out, talk.packets[1], back]
    head = [f"{talk.start:.6f}", f"C{talk.number:016d}", *ends, "tcp", "ssl", f"{talk.length:.6f}"]
    return [*head, out - 40, back - 40, "SF", 0, "ShADadFf", *counts]


def zeek_tsv() -> Format:
    types = "time string addr port addr port enum string interval count count string count string"
    head = (
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    )
    head += "#fields\t" + "\t".join(FIELDS) + "\n"
    head += "#types\t" + "\t".join([*types.split(), *["count"] * 4]) + "\n"
    rows = ["\t".join(map(str, _zeek_values(t))) + "\n" for t in talks()]
    return Format([row.encode() for row in rows], _lines(head), ".log")


def zeek_json() -> Format:
    rows = []
    for talk in talks():
        row = dict(zip(FIELDS, _zeek_values(talk), strict=True))
        row |= {name: float(str(row[name])) for name in ("ts", "duration")}
        rows.append(json.dumps(row) + "\n")
    return Format([row.encode() for row in rows], _lines(), ".log")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def _eve(talk: Talk, kind: str, **more: object) -> str:
    ends = {"src_ip": talk.member, "src_port": talk.port, "dest_ip": talk.remote, "dest_port": 443}
    head = {"timestamp": _iso(talk.end), "flow_id": 77 + talk.number, "event_type": kind}
    return json.dumps({**head, **ends, "proto": "TCP", "app_proto": "tls", **more}) + "\n"


def eve() -> Format:
    rows = []
    for talk in talks():
        flow: dict[str, object] = {"start": _iso(talk.start), "end": _iso(talk.end)}
        for way, at in (("server", 0), ("client", 1)):
            flow[f"pkts_to{way}"] = talk.packets[at]
            flow[f"bytes_to{way}"] = talk.octets[at]
        rows.append(_eve(talk, "flow", flow=flow))
        tls = {"sni": f"host{talk.number}.example", "version": "TLS 1.3"}
        rows.append(_eve(talk, "tls", tls=tls) if talk.number % 2 else _eve(talk, "stats"))
    return Format([row.encode() for row in rows], _lines(), ".json")


def aws() -> Format:
    head = (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
        "start end action log-status\n"
    )
    rows = []
    for talk in talks():
        for way, ends in enumerate([(talk.member, talk.remote), (talk.remote, talk.member)]):
            ports = (talk.port, 443)[:: 1 - 2 * way]
            counts = f"{talk.packets[way]} {talk.octets[way]} {talk.start:.0f} {talk.end:.0f}"
            rows.append(
                f"2 1 eni-1 {ends[0]} {ends[1]} {ports[0]} {ports[1]} 6 {counts} ACCEPT OK\n"
            )
    return Format([row.encode() for row in rows], _lines(head), ".log")


def _octets(address: str) -> bytes:
    return bytes(map(int, address.split(".")))


def _frame(source: str, target: str, protocol: int, payload: bytes, ident: int) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, 0, 64, protocol, 0)
    return bytes(12) + b"\x08\x00" + head + _octets(source) + _octets(target) + payload


def _packet(at: float, frame: bytes) -> bytes:
    whole, part = divmod(round(at * 1_000_000), 1_000_000)
    return struct.pack("<IIII", whole, part, len(frame), len(frame)) + frame


def _pcap(units: Sequence[bytes]) -> bytes:
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1) + b"".join(units)


def capture() -> Format:
    """Packets of all connections, evenly over the time of each, by turns in both directions."""
    found = []
    for talk in talks():
        count = sum(talk.packets)
        ways = sorted(range(count), key=lambda n: (n - (n >= talk.packets[0]) * talk.packets[0], n))
        for place, which in enumerate(ways):
            back = which >= talk.packets[0]
            flags = (2, 18)[place] if place < 2 else (24 if place < count - 1 else 17)
            ports = (443, talk.port) if back else (talk.port, 443)
            tcp = struct.pack(">HHIIBBHHH", *ports, place, 0, 0x50, flags, 99, 0, 0) + bytes(60)
            ends = (talk.remote, talk.member) if back else (talk.member, talk.remote)
            at = talk.start + talk.length * place / (count - 1)
            frame = _frame(*ends, 6, tcp, 1 + place + 100 * talk.number)
            found.append((at, _packet(at, frame)))
    found.sort()
    return Format([packet for _, packet in found], _pcap, ".pcap")


def _exported(at: float, payload: bytes, number: int) -> bytes:
    udp = struct.pack(">HHHH", 9999, 2055, 8 + len(payload), 0) + payload
    return _packet(at, _frame(EXPORTER, "203.0.113.2", 17, udp, number))


def _ways(talk: Talk) -> list[tuple[str, str, int, int, int]]:
    """Source, destination, ports and direction of the two flows of a connection."""
    return [
        (talk.member, talk.remote, talk.port, 443, 0),
        (talk.remote, talk.member, 443, talk.port, 1),
    ]


BOOTED = START - 1000


def netflow5() -> Format:
    units = []
    for talk in talks():
        at = talk.end + 1
        times = [round((t - BOOTED) * 1000) for t in (talk.start, talk.end)]
        records = b""
        for source, target, source_port, target_port, way in _ways(talk):
            records += _octets(source) + _octets(target) + bytes(8)
            records += struct.pack(">II", talk.packets[way], talk.octets[way])
            records += struct.pack(">IIHH", *times, source_port, target_port)
            records += struct.pack(">BBBBHHBBH", 0, 27, 6, 0, 0, 0, 0, 0, 0)
        uptime = round((at - BOOTED) * 1000)
        head = struct.pack(">HHIIIIBBH", 5, 2, uptime, int(at), 0, 2 * talk.number, 0, 0, 0)
        units.append(_exported(at, head + records, talk.number))
    return Format(units, _pcap, ".pcap")


TEMPLATE = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4), (152, 8), (153, 8))


def ipfix() -> Format:
    """A template with every message, as exporters send them again and again over UDP."""
    fields = b"".join(struct.pack(">HH", *field) for field in TEMPLATE)
    template = struct.pack(">HH", 300, len(TEMPLATE)) + fields
    units = []
    for talk in talks():
        at, records = talk.end + 1, b""
        times = [round(t * 1000) for t in (talk.start, talk.end)]
        for source, target, source_port, target_port, way in _ways(talk):
            records += _octets(source) + _octets(target)
            records += struct.pack(">HHBB", source_port, target_port, 6, 27)
            records += struct.pack(">IIQQ", talk.packets[way], talk.octets[way], *times)
        sets = struct.pack(">HH", 2, 4 + len(template)) + template
        sets += struct.pack(">HH", 300, 4 + len(records)) + records
        head = struct.pack(">HHIII", 10, 16 + len(sets), int(at), 2 * talk.number, 7)
        units.append(_exported(at, head + sets, talk.number))
    return Format(units, _pcap, ".pcap")


def table() -> Format:
    head = "first,last,from,to,from_port,to_port,protocol,packets,bytes\n"
    rows = []
    for talk in talks():
        for source, target, source_port, target_port, way in _ways(talk):
            times = f"{talk.start * 1000:.0f},{talk.end * 1000:.0f}"
            counts = f"{talk.packets[way]},{talk.octets[way]}"
            rows.append(f"{times},{source},{target},{source_port},{target_port},6,{counts}\n")
    return Format([row.encode() for row in rows], _lines(head), ".csv")


FORMATS: dict[str, Callable[[], Format]] = {
    made.__name__: made for made in (zeek_tsv, zeek_json, eve, aws, capture, netflow5, ipfix, table)
}


def compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
