"""Real logs, checked against sums that this file makes with plain Python."""

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.zeek import ZeekReader
from folkways.read.zeek.untimed import read_untimed

pytestmark = pytest.mark.external

FOLDERS = (
    "slips/test9-mixed-zeek-dir",
    "slips/test10-mixed-zeek-dir",
    "slips/test18-malicious-ctu-sme-11-win/zeek-labeled",
    "zat_zeek_logs",
    "zat_zeek_logs/json",
)
Row = dict[str, str | list[str] | None]


def rows_by_hand(path: Path) -> Iterator[Row]:
    """Rows of a log of default layout as text, unset and empty values as None."""
    names: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("{"):
            found = json.loads(line, parse_float=str, parse_int=str)
            yield {k: v if isinstance(v, list) else str(v) for k, v in found.items()}
        elif line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line and not line.lstrip().startswith("#"):
            values = line.split("\t")
            # Only logs that are not used have rows with too few fields here.
            assert len(values) == len(names) or log_by_hand(path) == "notice", path
            row: Row = {
                n: None if v in {"-", "(empty)"} else v for n, v in zip(names, values, strict=False)
            }
            for name in ("answers", "TTLs"):
                value = row.get(name)
                row[name] = value.split(",") if isinstance(value, str) else value
            yield row


def log_by_hand(path: Path) -> str:
    if path.name == "tor_ssl.log":
        return "ssl"
    return path.name.split(".")[0]


def total(rows: list[Row], *names: str) -> int:
    return sum(int(str(row[name])) for row in rows for name in names if row.get(name) is not None)


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def name_by_hand(row: Row, log: str) -> str | None:
    value = row.get("host" if log == "http" else "server_name")
    if value is None:
        return None
    name = re.sub(r":\d+$", "", str(value)) if log == "http" else str(value)
    name = name.lower().rstrip(".")
    return name if name and " " not in name and not is_address(name) else None


def answers_by_hand(row: Row) -> int:
    """Addresses under a question for addresses whose name is a host name."""
    query = row.get("query")
    if query is None or " " in str(query).replace("\\x20", " ") or is_address(str(query)):
        return 0
    if row.get("qtype") not in {None, "1", "28", "255"}:
        return 0
    return sum(is_address(str(a)) for a in row.get("answers") or ())


def test_totals_equal_an_independent_sum(shared_data: Path) -> None:
    used: Counter[str] = Counter()
    for folder in FOLDERS:
        for path in sorted((shared_data / "exports" / folder).glob("*.log*")):
            tally = Tally()
            source = Source(path.name, path)
            assert ZeekReader().sniff(source, ReadOptions()) >= 0.5, path
            batches = [b.rows for b in ZeekReader().read(source, ReadOptions(), tally)]
            rows = list(rows_by_hand(path))
            log = log_by_hand(path)
            assert tally.records == len(rows), path
            found = [row for batch in batches for row in batch.to_pylist()]
            used[log] += len(found)
            if log == "conn":
                assert len(found) == len(rows)
                for name, by_hand in (
                    ("bytes_forward", "orig_ip_bytes"),
                    ("bytes_reverse", "resp_ip_bytes"),
                    ("packets_forward", "orig_pkts"),
                    ("packets_reverse", "resp_pkts"),
                ):
                    assert sum(r[name] or 0 for r in found) == total(rows, by_hand), (path, name)
                starts = [int(Decimal(str(r["ts"])) * 1000) for r in rows]
                assert [r["start_ms"] for r in found] == starts, path
                ends = [
                    int((Decimal(str(r["ts"])) + Decimal(str(r.get("duration") or "0"))) * 1000)
                    for r in rows
                ]
                assert [r["end_ms"] for r in found] == ends, path
            elif log in {"ssl", "http", "quic"}:
                names = Counter(filter(None, (name_by_hand(r, log) for r in rows)))
                assert Counter(r["name"] for r in found) == names, path
            elif log == "dns":
                assert len(found) == sum(map(answers_by_hand, rows)), path
            else:
                assert dict(tally.skipped) == ({f"log not used: {log}": len(rows)} if rows else {})
    assert used["conn"] == 576 + 141 + 766 + 360 + 50
    assert min(used["dns"], used["http"], used["ssl"], used["quic"]) > 0


def test_every_row_of_zeeks_own_baselines_is_counted(shared_data: Path) -> None:
    folder = shared_data / "captures" / "zeek" / "logs"
    paths = sorted(folder.rglob("*.log"))
    assert len(paths) == 231
    for path in paths:
        tally = Tally()
        source = Source(path.name, path)
        assert ZeekReader().sniff(source, ReadOptions()) == 1.0
        list(ZeekReader().read(source, ReadOptions(), tally))
        lines = [x for x in path.read_text(encoding="utf-8").splitlines() if x[:1] not in {"", "#"}]
        assert tally.records == len(lines), path
        assert sum(tally.skipped.values()) <= len(lines)


def test_blanked_logs_give_all_but_the_time(shared_data: Path) -> None:
    paths = sorted((shared_data / "captures" / "zeek" / "logs").rglob("conn.log"))
    for path in paths:
        table = read_untimed(Source(path.name, path))
        rows = list(rows_by_hand(path))
        assert len(table) == len(rows), path
        volume = sum(int(str(r.get("orig_ip_bytes") or r.get("orig_bytes") or 0)) for r in rows)
        assert sum(filter(None, table["bytes_forward"].to_pylist())) == volume, path
        assert sum(filter(None, table["packets_reverse"].to_pylist())) == total(rows, "resp_pkts")
        durations = [int(Decimal(str(r["duration"])) * 10**9) for r in rows if r["duration"]]
        assert [d for d in table["duration_ns"].to_pylist() if d is not None] == durations
