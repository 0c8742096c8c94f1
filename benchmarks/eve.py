"""Suricata's EVE and Zeek's JSON read into batches, beside DuckDB that only reads the same values.

There are two baselines, both into Arrow, with two threads as well: bare ``read_json`` of the file,
which finds out what it holds and reads all of it; and ``read_json`` told to take nothing but the
fields that Folkways uses, with their types, which is the least that any reader has to do.
"""

import random
import subprocess
from pathlib import Path

from measure import python

EVENTS = 1_000_000
TIMES = 4  # the same events one after the other, so that starting costs little
REPEATS = 3
OURS = """
import sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.readers import READERS
from folkways.read.source import Source
reader = next(r for r in READERS if r.name == sys.argv[2])
began = time.perf_counter()
for batch in reader.read(Source("bench", Path(sys.argv[1])), ReadOptions(), Tally()):
    pass
print(time.perf_counter() - began)
"""
DUCKDB = """
import sys, time, duckdb
con = duckdb.connect(config={"threads": 2})
con.execute("SET enable_progress_bar = false")
began = time.perf_counter()
columns = {COLUMNS}
typed = ", columns=?" if columns else ""
found = con.sql(f"FROM read_json(?, format='newline_delimited'{typed})",
                params=[sys.argv[1], *([columns] if columns else [])])
for batch in found.to_arrow_reader(1 << 17):
    pass
print(time.perf_counter() - began)
"""
FLOW = (
    'STRUCT(start VARCHAR, "end" VARCHAR, bytes_toserver BIGINT, bytes_toclient BIGINT, '
    "pkts_toserver BIGINT, pkts_toclient BIGINT)"
)
RECORD = "STRUCT(rrname VARCHAR, rrtype VARCHAR, ttl BIGINT, rdata VARCHAR)"
EVE = {
    **dict.fromkeys(("event_type", "timestamp", "src_ip", "dest_ip", "proto"), "VARCHAR"),
    **dict.fromkeys(("app_proto", "host"), "VARCHAR"),
    **dict.fromkeys(("flow_id", "src_port", "dest_port"), "BIGINT"),
    "flow": FLOW,
    "netflow": 'STRUCT(start VARCHAR, "end" VARCHAR, bytes BIGINT, pkts BIGINT)',
    "tcp": "STRUCT(tcp_flags VARCHAR, tcp_flags_ts VARCHAR, tcp_flags_tc VARCHAR)",
    "tls": "STRUCT(sni VARCHAR)",
    "quic": "STRUCT(sni VARCHAR)",
    "http": "STRUCT(hostname VARCHAR)",
    "dns": (
        "STRUCT(type VARCHAR, version BIGINT, id BIGINT, rrname VARCHAR, rrtype VARCHAR, "
        f"ttl BIGINT, rdata VARCHAR, queries STRUCT(rrname VARCHAR)[], answers {RECORD}[], "
        "grouped STRUCT(A VARCHAR[], AAAA VARCHAR[], CNAME VARCHAR[]))"
    ),
}
ZEEK = {
    "ts": "DOUBLE",
    **dict.fromkeys(("uid", "id.orig_h", "id.resp_h", "proto", "service", "history"), "VARCHAR"),
    **dict.fromkeys(("id.orig_p", "id.resp_p", "missed_bytes", "orig_pkts"), "BIGINT"),
    **dict.fromkeys(("resp_pkts", "orig_ip_bytes", "resp_ip_bytes"), "BIGINT"),
    "duration": "DOUBLE",
}


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    lines = []
    for name, label, write, columns in (
        ("suricata", "Suricata EVE", _eve, EVE),
        ("zeek", "Zeek conn as JSON", _zeek, ZEEK),
    ):
        path = folder / f"{name}-lines-{TIMES}.json"
        if not path.exists():
            _write(path, write)
        ours = _best(OURS, str(path), name)
        count = EVENTS * TIMES
        size = path.stat().st_size / 1e6
        lines.append(f"{label}, {count:,} lines ({size:.0f} MB): {count / ours:,.0f} lines/s")
        for what, wanted in (("the file", {}), ("the same fields, typed", columns)):
            bare = _best(DUCKDB.replace("{COLUMNS}", repr(wanted)), str(path))
            lines.append(
                f"  DuckDB read_json of {what}: {count / bare:,.0f} lines/s; "
                f"Folkways reads at {bare / ours:.0%} of it"
            )
    return lines


def _best(code: str, *arguments: str) -> float:
    runs = (subprocess.check_output(python(code, *arguments)) for _ in range(REPEATS))
    return min(float(told) for told in runs)


def _write(path: Path, write: object) -> None:
    choose = random.Random(1)  # noqa: S311  # repeatable, no secret
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8") as out:
        for n in range(EVENTS):
            out.write(write(n, choose))  # type: ignore[operator]
    written = temporary.read_bytes()
    with temporary.open("ab") as again:
        for _ in range(TIMES - 1):
            again.write(written)
    temporary.replace(path)


# As a sensor on a campus link writes, with netflow and statistics switched on.
KINDS = {
    "flow": 30,
    "netflow": 10,
    "dns": 14,
    "dns 3": 12,
    "tls": 10,
    "quic": 6,
    "http": 6,
    "fileinfo": 5,
    "alert": 4,
    "anomaly": 2,
    "stats": 1,
}
STATS = ",".join(f'"{name}":{{"count":{n},"bytes":{n * 99}}}' for n, name in enumerate("abcdefgh"))


def _eve(n: int, choose: random.Random) -> str:
    at = f"2020-01-01T{n // 41_667 % 24:02}:{n // 695 % 60:02}:{n % 60:02}.{n % 1_000_000:06}+0000"
    kind = choose.choices(list(KINDS), list(KINDS.values()))[0]
    if kind == "stats":
        parts = ",".join(f'"{part}":{{{STATS}}}' for part in ("capture", "decoder", "flow", "app"))
        return f'{{"timestamp":"{at}","event_type":"stats","stats":{{"uptime":{n},{parts}}}}}\n'
    protocol = "UDP" if kind[:3] in {"dns", "qui"} else "TCP"
    port = {"dns": 53, "http": 80}.get(kind[:4].strip(), 443)
    client, server = f"10.0.{n % 4}.{n % 250}", f"198.18.{n % 200}.{n % 251}"
    ends = f'"src_ip":"{client}","src_port":{1024 + n % 60_000},"dest_ip":"{server}","dest_port":'
    head = (
        f'{{"timestamp":"{at}","flow_id":{choose.randrange(1 << 50)},"in_iface":"eth0",'
        f'"event_type":"{kind[:8].removesuffix(" 3")}",{ends}{port},"proto":"{protocol}",'
    )
    return f"{head}{_rest(kind, n, at, server)}}}\n"


def _rest(kind: str, n: int, at: str, server: str) -> str:
    name = f"h{n % 5000}.example.com"
    flags = '"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b","syn":true,"ack":true}'
    span = f'"start":"{at}","end":"{at}","age":3'
    bodies = {
        "flow": (
            f'"app_proto":"tls","flow":{{"pkts_toserver":{n % 90 + 1},"pkts_toclient":{n % 80},'
            f'"bytes_toserver":{n % 9000 + 60},"bytes_toclient":{n % 90_000},{span},"state":'
            f'"closed","reason":"timeout","alerted":false}},"community_id":"1:abcdefghij=",{flags}'
        ),
        "netflow": (
            f'"app_proto":"tls","netflow":{{"pkts":{n % 90 + 1},"bytes":{n % 9000 + 60},{span},'
            f'"min_ttl":64,"max_ttl":64}},{flags}'
        ),
        "tls": (
            f'"tls":{{"subject":"CN={name}","issuerdn":"C=US, O=CA","serial":"00:11","sni":'
            f'"{name}","version":"TLS 1.2"}}'
        ),
        "quic": f'"quic":{{"version":"1","sni":"{name}","ja3":{{"hash":"e6","string":"771"}}}}',
        "http": (
            f'"tx_id":0,"http":{{"hostname":"{name}","url":"/a/{n}","http_user_agent":'
            '"Mozilla/5.0","http_method":"GET","status":200,"length":99}'
        ),
        "fileinfo": (
            f'"http":{{"hostname":"{name}","url":"/a/{n}"}},"app_proto":"http","fileinfo":'
            f'{{"filename":"/a/{n}","state":"CLOSED","stored":false,"size":{n % 999}}}'
        ),
        "anomaly": '"anomaly":{"type":"stream","event":"stream.pkt_invalid_ack"}',
        "alert": '"alert":{"action":"allowed","gid":1,"signature_id":2,"signature":"ET INFO"}',
    }
    return bodies.get(kind) or f'"dns":{{{_dns(kind, n, name, server)}}}'


def _dns(kind: str, n: int, name: str, server: str) -> str:
    """Version 2 has a message for a question and one for its answer; version 3 lists questions."""
    asked = f'"rrname":"{name}","rrtype":"A"'
    if kind == "dns 3":
        asked = f'"queries":[{{{asked}}}]'
    if n % 2:
        word = "request" if kind == "dns 3" else "query"
        return f'"version":{kind[4:] or 2},"type":"{word}","id":{n % 65_536},{asked},"tx_id":0'
    owner, alias = name, ""
    if n % 6 == 0:
        owner = f"e{n % 900}.cdn.example"
        alias = f'{{"rrname":"{name}","rrtype":"CNAME","ttl":300,"rdata":"{owner}"}},'
    word = "response" if kind == "dns 3" else "answer"
    return (
        f'"version":{kind[4:] or 2},"type":"{word}","id":{n % 65_536},"flags":"8180","qr":true,'
        f'{asked},"rcode":"NOERROR","answers":[{alias}{{"rrname":"{owner}","rrtype":"A","ttl":60,'
        f'"rdata":"{server}"}}],"grouped":{{"A":["{server}"]}}'
    )


def _zeek(n: int, choose: random.Random) -> str:
    return (
        f'{{"ts":{1_577_836_800 + n / 12:.6f},"uid":"C{choose.randrange(1 << 60):x}","id.orig_h":'
        f'"10.0.{n % 4}.{n % 250}","id.orig_p":{1024 + n % 60_000},"id.resp_h":'
        f'"198.18.{n % 200}.{n % 251}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":'
        f'{n % 1000 / 7:.6f},"orig_bytes":{n % 3000},"resp_bytes":{n % 70_000},"conn_state":"SF",'
        f'"local_orig":true,"missed_bytes":0,"history":"ShADadFf","orig_pkts":{n % 90 + 1},'
        f'"orig_ip_bytes":{n % 9000 + 60},"resp_pkts":{n % 80},"resp_ip_bytes":{n % 90_000}}}\n'
    )
