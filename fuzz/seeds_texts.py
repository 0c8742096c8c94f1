"""Seeds of text: logs of sensors and clouds, and tables."""

import json
from collections.abc import Iterator
from typing import Any

from writers import TESTS, writer

from folkways.read.tabular import Mapping, presets

Seeds = Iterator[tuple[str, bytes]]


def _lines(*objects: Any) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in objects).encode()


def zeek() -> Seeds:
    """The logs of the tests' cases, and names as JSON."""
    for log in sorted((TESTS / "cases" / "zeek").rglob("*.log")):
        yield f"{log.parent.name}-{log.name}", log.read_bytes()
    ends = {"id.orig_h": "10.0.0.1", "id.orig_p": 1, "id.resp_h": "192.0.2.1", "id.resp_p": 53}
    head = {"ts": 1.5, "uid": "Ca"} | ends
    answers = {"answers": ["b.example", "192.0.2.9"], "TTLs": [60.0, 60.0]}
    dns = head | {"proto": "udp", "query": "a.example"} | answers
    yield "dns.json", _lines(dns)
    named = {"ssl": {"server_name": "a.example"}, "http": {"method": "GET", "host": "a.example:80"}}
    named["quic"] = {"server_name": "a.example", "version": "1"}
    for path, said in named.items():
        yield f"{path}.json", _lines({"_path": path} | head | said)
    yield "conn.log", _CONN
    fields = "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tserver_name\n"
    row = "1.5\tCa\t10.0.0.1\t1\t192.0.2.1\t443\ta.example\n"
    yield "ssl.log", f"#separator \\x09\n#path\tssl\n{fields}{row}".encode()


def suricata() -> Seeds:
    """Events of each kind; answers as version 1 has them, 2 and 3."""
    w, a = writer("read/suricata/test_reader.py"), writer("read/suricata/test_answers.py")
    yield "eve.json", _lines(w.FLOW, w.NETFLOW, w.TLS)
    head = {k: v for k, v in w.TLS.items() if k != "tls"}
    http = head | {"event_type": "http", "http": {"hostname": "a.example:80", "url": "/"}}
    quic = head | {"event_type": "quic", "quic": {"sni": "a.example", "version": "1"}}
    yield "names.json", _lines(http, quic, head | {"event_type": "tls", "tls": {}})
    one = {"type": "answer", "id": 5, "rcode": "NOERROR"}
    yield "dns-1.json", _lines(*(a.event(one | record, answered=True) for record in a.CHAIN))
    asked = {"rrname": "www.example.org", "rrtype": "A", "version": 2}
    yield "dns-2.json", _lines(a.event(one | asked | {"answers": a.CHAIN}))
    grouped = {"CNAME": ["edge.example.net"], "A": ["198.51.100.7"]}
    yield "grouped.json", _lines(a.event(one | asked | {"grouped": grouped}))
    third = {"type": "response", "version": 3, "queries": [{"rrname": "a.example", "rrtype": "A"}]}
    yield "dns-3.json", _lines(a.event(one | third | {"answers": a.CHAIN[2:]}))


def aws() -> Seeds:
    """The default format, and one of one's own with a header."""
    w = writer("read/cloud/test_aws.py")
    yield "default.log", f"{w.ROW}\n{w.NOTHING}\n{w.GAP}\n".encode()
    header = "version srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport protocol bytes start end"
    row = "5 198.51.100.1 192.0.2.1 10.0.0.1 2001:db8::1 443 6 840 1439387263 1439387264"
    yield "own.log", f"{header} tcp-flags type\n{row} 19 IPv4\n".encode()


def azure() -> Seeds:
    """Flow logs of network security groups and of virtual networks."""
    w = writer("read/cloud/test_azure.py")
    group = {
        "category": "NetworkSecurityGroupFlowEvent",
        "resourceId": "/X/NSG",
        "properties": {
            "Version": 2,
            "flows": [
                {
                    "rule": "r",
                    "flows": [
                        {
                            "mac": "000D",
                            "flowTuples": [
                                "1594238651,10.1.0.4,20.38.107.36,52246,443,T,O,A,E,9,1599,12,11178"
                            ],
                        }
                    ],
                }
            ],
        },
    }
    told = "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX,3,767,2,1580"
    yield "nsg.json", json.dumps({"records": [group]}).encode()
    yield "vnet.json", json.dumps({"records": [w.vnet(told)]}, indent=1).encode()


def gcp() -> Seeds:
    """Entries of a log, and their payloads alone."""
    entry = writer("read/cloud/test_gcp.py").entry(packets_sent="1")
    yield "entries.jsonl", _lines(entry, entry)
    yield "payload.jsonl", _lines({"jsonPayload": entry["jsonPayload"]})


def table() -> Seeds:
    """A table that is read by a mapping's name."""
    yield "flows.csv", _EXPORT


def tables() -> Seeds:
    """Tables that are known by their columns, and whose times need no zone."""
    rows = _rows()
    for mapping in presets():
        if mapping.zone and not mapping.header:
            yield _table(mapping, rows)
    yield "array.json", json.dumps([rows["nprobe"]] * 2, indent=1).encode()


def mappings() -> Seeds:
    """A mapping, a NUL, and a table for it."""
    own = writer("read/tabular/test_tabular.py")
    table = ",".join(own.RECORD) + "\n" + ",".join(own.RECORD.values()) + "\n"
    yield "own", own.MAPPING.encode() + b"\0" + table.encode()
    for mapping in presets():
        if not mapping.zone:
            name, content = _table(mapping, _rows())
            said = f'name = "own"\npreset = "{mapping.name}"\nzone = "UTC"\n'
            yield name, said.encode() + b"\0" + content


def _rows() -> dict[str, Any]:
    w = writer("read/tabular/test_presets.py")
    return {
        "goflow2": w.GOFLOW2,
        "pmacct-json": w.PMACCT,
        "nprobe": w.NPROBE,
        "nprobe-numbers": w.NUMBERS,
        "akvorado": w.AKVORADO,
    }


def _table(mapping: Mapping, rows: dict[str, Any]) -> tuple[str, bytes]:
    """A row of the tests, or one of all columns that a mapping names."""
    columns = dict.fromkeys(
        mapping.header
        or (names[0] for names in (*mapping.required, *mapping.wanted.values()) if names)
    )
    row = rows.get(mapping.name) or {column: _value(column) for column in columns}
    if mapping.format != "csv":
        return f"{mapping.name}.json", _lines(row)
    lines = [row] if mapping.header else [dict(zip(row, row, strict=True)), row]
    text = "".join(f"{mapping.delimiters[0].join(line.values())}\n" for line in lines)
    return f"{mapping.name}.csv", text.encode()


_CONN = (
    b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    b"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    b"orig_ip_bytes\tresp_ip_bytes\thistory\n1.5\tCa\t10.0.0.1\t1\t192.0.2.1\t53\tudp\tdns\t0.1\t"
    b"60\t90\tDd\n#close\t2020-01-01-00-00-00\n"
)
_EXPORT = (
    b"start_time,src_ip_addr,src_cc,dst_ip_addr,dst_cc,proto,src_port,dst_port,tcp_flags,"
    b"num_pkts,num_octets,sample_algo,sample_interval\n2017-04-01 00:00:00,10.0.0.1,KP,"
    b"192.0.2.1,US,6,40000,443,27,3,180,1,1000\n"
)


def _value(column: str) -> str:
    """What may stand in a column, by a word of its name."""
    word = column.lower().split()[-1]
    if any(part in word for part in ("time", "seen", "stamp", "date", "first", "last")):
        return "2017-04-01 00:00:00"
    if word in {"sa", "da", "ra"} or "ip" in word.split("_") or "addr" in word:
        return "192.0.2.1"
    return {"ts": "2017-04-01 00:00:00", "te": "2017-04-01 00:00:01", "dir": "->"}.get(word, "6")


TEXTS = {
    "zeek": zeek,
    "suricata": suricata,
    "aws": aws,
    "azure": azure,
    "gcp": gcp,
    "table": table,
    "presets": tables,
    "mapping": mappings,
}
