"""Suricata's EVE and Zeek's JSON read into batches, beside DuckDB that only reads the same values.

The baseline is DuckDB's ``read_json`` of newline-delimited objects with typed columns: the fields
that Folkways uses, and no others, into Arrow, with two threads as well.
"""

import random
import subprocess
from pathlib import Path

from measure import python

EVENTS = 1_000_000
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
found = con.sql("FROM read_json(?, format='newline_delimited', columns=?)",
                params=[sys.argv[1], columns])
for batch in found.to_arrow_reader(1 << 17):
    pass
print(time.perf_counter() - began)
"""
FLOW = (
    'STRUCT(start VARCHAR, "end" VARCHAR, bytes_toserver BIGINT, bytes_toclient BIGINT, '
    "pkts_toserver BIGINT, pkts_toclient BIGINT)"
)
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
    "dns": "JSON",
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
        path = folder / f"{name}.json"
        if not path.exists():
            _write(path, write)
        ours = _best(OURS, str(path), name)
        bare = _best(DUCKDB.replace("{COLUMNS}", repr(columns)), str(path))
        lines += [
            (
                f"{label}, {EVENTS:,} lines ({path.stat().st_size / 1e6:.0f} MB): "
                f"{EVENTS / ours:,.0f} lines/s"
            ),
            (
                f"  DuckDB read_json of the same fields: {EVENTS / bare:,.0f} lines/s; "
                f"Folkways reads at {bare / ours:.0%} of it"
            ),
        ]
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
    temporary.replace(path)


def _eve(n: int, choose: random.Random) -> str:
    at = f"2020-01-01T{n // 41_667 % 24:02}:{n // 695 % 60:02}:{n % 60:02}.{n % 1_000_000:06}+0000"
    kind = choose.choices(("flow", "dns", "tls", "http", "alert"), (50, 20, 15, 10, 5))[0]
    head = (
        f'{{"timestamp":"{at}","flow_id":{choose.randrange(1 << 50)},"in_iface":"eth0",'
        f'"event_type":"{kind}","src_ip":"10.0.{n % 4}.{n % 250}","src_port":{1024 + n % 60_000},'
        f'"dest_ip":"198.18.{n % 200}.{n % 251}","dest_port":443,"proto":"TCP",'
    )
    match kind:
        case "flow":
            rest = (
                f'"app_proto":"tls","flow":{{"pkts_toserver":{n % 90 + 1},"pkts_toclient":'
                f'{n % 80},"bytes_toserver":{n % 9000 + 60},"bytes_toclient":{n % 90_000},"start":'
                f'"{at}","end":"{at}","age":3,"state":"closed","reason":"timeout","alerted":false'
                '},"community_id":"1:abcdefghijklmnop=","tcp":{"tcp_flags":"1b","tcp_flags_ts":'
                '"1b","tcp_flags_tc":"1b","syn":true,"fin":true,"psh":true,"ack":true}'
            )
        case "dns":
            rest = (
                f'"dns":{{"version":2,"type":"answer","id":{n % 65_536},"flags":"8180","qr":true,'
                f'"rrname":"h{n % 5000}.example.com","rrtype":"A","rcode":"NOERROR","answers":['
                f'{{"rrname":"h{n % 5000}.example.com","rrtype":"A","ttl":60,"rdata":'
                f'"198.18.{n % 200}.{n % 251}"}}],"grouped":{{"A":["198.18.{n % 200}.'
                f'{n % 251}"]}}}}'
            )
        case "tls":
            rest = (
                f'"tls":{{"subject":"CN=h{n % 5000}.example.com","issuerdn":"C=US, O=CA","serial":'
                f'"00:11","sni":"h{n % 5000}.example.com","version":"TLS 1.2"}}'
            )
        case "http":
            rest = (
                f'"tx_id":0,"http":{{"hostname":"h{n % 5000}.example.com","url":"/a/{n}",'
                '"http_user_agent":"Mozilla/5.0","http_method":"GET","status":200,"length":99}'
            )
        case _:
            rest = '"alert":{"action":"allowed","gid":1,"signature_id":2,"signature":"ET INFO"}'
    return f"{head}{rest}}}\n"


def _zeek(n: int, choose: random.Random) -> str:
    return (
        f'{{"ts":{1_577_836_800 + n / 12:.6f},"uid":"C{choose.randrange(1 << 60):x}","id.orig_h":'
        f'"10.0.{n % 4}.{n % 250}","id.orig_p":{1024 + n % 60_000},"id.resp_h":'
        f'"198.18.{n % 200}.{n % 251}","id.resp_p":443,"proto":"tcp","service":"ssl","duration":'
        f'{n % 1000 / 7:.6f},"orig_bytes":{n % 3000},"resp_bytes":{n % 70_000},"conn_state":"SF",'
        f'"local_orig":true,"missed_bytes":0,"history":"ShADadFf","orig_pkts":{n % 90 + 1},'
        f'"orig_ip_bytes":{n % 9000 + 60},"resp_pkts":{n % 80},"resp_ip_bytes":{n % 90_000}}}\n'
    )
