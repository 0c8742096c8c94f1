"""Import of range lists, and what a snapshot of them says on a day."""

import csv
import datetime as dt
import errno
import gzip
import tomllib
from bisect import bisect_right
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from folkways.attribute.fields import CatalogueError
from folkways.attribute.importing import Imported, import_list
from folkways.attribute.lists import SCHEMA
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import (
    address_from_text,
    address_to_text,
    addresses_from_numpy,
    mapped_from_ipv4,
)
from folkways.model.columns import ADDRESS
from folkways.model.errors import StorageError

DAY = dt.date(2026, 6, 15)


def load(path: Path, folder: Path, kind: str = "asn", **dates: dt.date) -> Imported:
    return import_list(
        path,
        folder,
        kind=kind,
        source=str(dates.pop("source", "test")),
        first=dates.get("first"),
        last=dates.get("last"),
        licence="CC0",
        form="range-csv",
    )


def ask(snapshot: Snapshot, kind: str, texts: list[str], day: dt.date = DAY) -> list[Any]:
    addresses = pa.array([address_from_text(t) for t in texts], ADDRESS)
    found = snapshot.lookup(kind, addresses, day)
    return list(zip(found.values.to_pylist(), found.age.to_pylist(), strict=True))


def stored(done: Imported) -> list[tuple[str, str, str, str | None]]:
    rows = pq.read_table(done.list.folder / f"{done.list.id}.parquet").to_pylist()
    return [
        (address_to_text(r["start"]), address_to_text(r["end"]), r["value"], r["name"])
        for r in rows
    ]


def test_every_spelling_and_every_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(
        b'\xef\xbb\xbf# a comment, with commas, and a quote: "\r\n'
        b"start,end,asn,holder\r\n"
        b'1.0.0.0,1.0.0.255,13335,"Cloudflare, Inc."\r\n'
        b"\r\n"
        b"16777472,16777727,AS13336,\r\n"
        b"1.0.2.0,1.0.2.255,00013337,caf\xe9\r\n"
        b"2001:DB8::,2001:db8::ffff,13338,six\r\n"
        b"::ffff:1.0.3.0,::ffff:1.0.3.9,13339,mapped\r\n"
        b"1.0.4.0,1.0.4.255,13340\r\n"
        b"1.0.5.0,1.0.5.255,13341,more,than,needed\r\n"
        b"1.0.6.0,1.0.6.255\r\n"
        b"1.0.7.9,1.0.7.0,13342,backwards\r\n"
        b"1.0.8.0,2001:db8::,13343,mixed\r\n"
        b"1.0.9.0,1.0.9.256,13344,no address\r\n"
        b"01.0.9.0,1.0.9.255,13344,no address\r\n"
        b"4294967296,4294967297,13344,no address\r\n"
        b"1.0.10.0,1.0.10.255,Cloudflare,no number\r\n"
        b"1.0.11.0,1.0.11.255,0,no number\r\n"
        b"1.0.12.0,1.0.12.255,4294967296,no number\r\n"
    )
    done = load(path, tmp_path / "reference")
    assert stored(done) == [
        ("1.0.0.0", "1.0.0.255", "13335", "Cloudflare, Inc."),
        ("1.0.1.0", "1.0.1.255", "13336", ""),
        ("1.0.2.0", "1.0.2.255", "13337", "caf\ufffd"),
        ("1.0.3.0", "1.0.3.9", "13339", "mapped"),
        ("1.0.4.0", "1.0.4.255", "13340", None),
        ("1.0.5.0", "1.0.5.255", "13341", "more"),
        ("2001:db8::", "2001:db8::ffff", "13338", "six"),
    ]
    assert done.skipped == {
        "too few fields": 1,
        "end before start, or of another family": 2,
        "not an address": 3,
        "not an AS number": 3,
    }
    assert done.rows == 7 + 9
    assert (done.list.ipv4_ranges, done.list.ipv6_ranges) == (6, 1)


def test_gzip_by_content_and_countries(tmp_path: Path) -> None:
    path = tmp_path / "countries.txt"
    path.write_bytes(
        gzip.compress(b"1.0.0.0,1.0.0.255,au\n1.0.1.0,1.0.1.255,??\n1.0.2.0,1.0.2.255,ZZ\n")
    )
    done = load(path, tmp_path / "reference", "country")
    assert stored(done) == [("1.0.0.0", "1.0.0.255", "AU", None)]
    assert done.skipped == {"country unknown": 2}


def test_the_more_specific_wins_and_of_two_alike_the_later(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "1.0.0.0,1.255.255.255,1,wide\n1.2.0.0,1.2.255.255,2,old\n1.2.0.0,1.2.255.255,3,new\n"
        "1.2.3.0,1.2.3.255,1,wide\n",
        "utf-8",
    )
    assert stored(load(path, tmp_path / "reference")) == [
        ("1.0.0.0", "1.1.255.255", "1", "wide"),
        ("1.2.0.0", "1.2.2.255", "3", "new"),
        ("1.2.3.0", "1.2.3.255", "1", "wide"),
        ("1.2.4.0", "1.2.255.255", "3", "new"),
        ("1.3.0.0", "1.255.255.255", "1", "wide"),
    ]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"", "asn", "is no range list"),
        (b"# only a comment\n", "asn", "is no range list"),
        (b"PAR1\x00\x01\x02", "asn", "is no range list"),
        (b"1.0.0.0,1.0.0.1\n", "asn", "is no range list"),
        (b"1.0.0.0,1.0.0.1,Alice\n", "asn", "has no usable row"),
        (b"\x1f\x8b\x08\x00damaged", "asn", "is a damaged gzip file"),
        (gzip.compress(b"1.0.0.0,1.0.0.1,1\n", mtime=0)[:-6], "asn", "is a damaged gzip file"),
        (b"1.0.0.0,1.0.0.1,1\n", "colour", "is no kind of list"),
    ],
)
def test_bad_files_give_one_line(tmp_path: Path, content: bytes, kind: str, message: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(CatalogueError) as caught:
        load(path, tmp_path / "reference", kind)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "reference").exists()


def test_a_missing_file_and_days_in_the_wrong_order(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="does not exist"):
        load(tmp_path / "absent.csv", tmp_path)
    with pytest.raises(CatalogueError, match="swap the days"):
        load(tmp_path, tmp_path, first=DAY, last=DAY - dt.timedelta(days=1))


def test_manifest_and_import_twice(tmp_path: Path) -> None:
    path, folder = tmp_path / "list.csv", tmp_path / "reference"
    path.write_text("1.0.0.0,1.0.0.255,1,one\n", "utf-8")
    source = 'a "quoted" source \\ with\nlines'
    for _ in range(2):
        done = load(path, folder, first=DAY, last=DAY, source=source)  # type: ignore[arg-type]
    assert sorted(p.name for p in folder.iterdir()) == [
        f"{done.list.id}.parquet",
        f"{done.list.id}.toml",
    ]
    manifest = tomllib.loads((folder / f"{done.list.id}.toml").read_text("utf-8"))
    assert manifest["source"] == source
    assert (manifest["from"], manifest["to"], manifest["kind"]) == (DAY, DAY, "asn")
    assert Snapshot.load(folder).lists == (done.list,)


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, folder = tmp_path / "list.csv", tmp_path / "reference"
    path.write_text("1.0.0.0,1.0.0.255,1,one\n", "utf-8")

    def full(_: pa.Table, where: Path, **__: object) -> None:
        where.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(StorageError, match="No space left"):
        load(path, folder)
    assert list(folder.iterdir()) == []


def test_a_damaged_list_is_told(tmp_path: Path) -> None:
    path, folder = tmp_path / "list.csv", tmp_path / "reference"
    path.write_text("1.0.0.0,1.0.0.255,1,one\n", "utf-8")
    done = load(path, folder)
    parquet = folder / f"{done.list.id}.parquet"
    row = {"start": [b"\0" * 16], "end": [b"\1" * 16], "value": ["1"], "name": ["one"]}
    pq.write_table(pa.table(row, schema=SCHEMA), parquet)
    with pytest.raises(CatalogueError, match="is not what"):
        ask(Snapshot.load(folder), "asn", ["1.0.0.1"])
    parquet.write_bytes(b"PAR1 nonsense")
    with pytest.raises(CatalogueError, match="import the list again"):
        ask(Snapshot.load(folder), "asn", ["1.0.0.1"])
    parquet.unlink()
    with pytest.raises(CatalogueError, match="import the list again"):
        ask(Snapshot.load(folder), "asn", ["1.0.0.1"])
    with pytest.raises(CatalogueError, match="is no folder"):
        Snapshot.load(tmp_path / "absent")


def dated(folder: Path, rows: str, first: str | None, last: str | None, source: str) -> None:
    path = folder.parent / "rows.csv"
    path.write_text(rows, "utf-8")
    days = [dt.date.fromisoformat(d) if d else None for d in (first, last)]
    import_list(path, folder, kind="asn", source=source, first=days[0], last=days[1], licence="CC0")


def test_the_list_of_the_day_else_the_nearest(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    dated(folder, "1.0.0.0,1.0.0.255,17\n1.0.9.0,1.0.9.255,99\n", "2017-01-01", "2017-01-31", "a")
    dated(folder, "1.0.0.0,1.0.0.255,18\n", "2018-01-01", "2018-01-31", "a")
    dated(folder, "2001:db8::,2001:db8::ff,6\n", "2017-01-01", "2017-01-31", "a")
    snapshot = Snapshot.load(folder)
    asked = ["1.0.0.1", "1.0.9.1", "2001:db8::1", "9.9.9.9"]
    nothing = (None, None)
    for day, expected in (
        ("2017-01-31", [(17, 0), (99, 0), (6, 0), nothing]),
        ("2017-02-10", [(17, 10), (99, 10), (6, 10), nothing]),
        # The nearest list of a source speaks alone for its address family: what it does not hold
        # any more is not filled up from an older one.
        ("2017-12-31", [(18, 1), nothing, (6, 334), nothing]),
        ("2018-01-15", [(18, 0), nothing, (6, 349), nothing]),
    ):
        assert ask(snapshot, "asn", asked, dt.date.fromisoformat(day)) == expected


def test_several_sources(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    dated(folder, "1.0.0.0,1.0.0.255,1\n1.0.1.0,1.0.1.255,1\n", None, None, "open")
    dated(folder, "1.0.0.0,1.0.0.255,2\n", "2017-01-01", "2017-01-31", "month")
    dated(folder, "1.0.2.0,1.0.2.255,3\n", "2016-01-01", "2016-12-31", "year before")
    found = ask(
        Snapshot.load(folder), "asn", ["1.0.0.1", "1.0.1.1", "1.0.2.1"], dt.date(2017, 1, 10)
    )
    # Of two that hold on the day the one of the shorter span, then what only others know.
    assert found == [(2, 0), (1, 0), (3, 10)]


def test_nothing_known(tmp_path: Path) -> None:
    empty = Snapshot.load(None)
    assert ask(empty, "country", ["1.0.0.1"]) == [(None, None)]
    assert empty.lookup("asn", pa.array([None], ADDRESS), DAY).values.to_pylist() == [None]
    assert empty.lookup("asn", pa.array([], ADDRESS), DAY).values.to_pylist() == []
    (tmp_path / "reference").mkdir()
    assert Snapshot.load(tmp_path / "reference").digest == empty.digest


def test_digest_and_names(lists: Snapshot) -> None:
    assert lists.digest != Snapshot.load(None).digest
    names = lists.names("asn", dt.date(2020, 1, 1))
    assert names["62041"] == "Telegram"
    assert lists.names("country", dt.date(2020, 1, 1)) == {}


@pytest.mark.external
def test_real_lists_against_a_plain_search_and_another_list(
    shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "reference" / "ip_db"
    folder = tmp_path / "reference"
    rows = {"asn-ipv4": 411_961, "asn-ipv6": 103_197}
    rows |= {"asn-country-ipv4": 141_822, "asn-country-ipv6": 68_368}
    for name, count in rows.items():
        kind = "country" if "country" in name else "asn"
        done = load(source / f"{name}.csv.gz", folder, kind, first=DAY, last=DAY)
        assert (done.rows, done.skipped) == (count, {})
    snapshot = Snapshot.load(folder)

    # Against the file itself, read with the csv module and searched with bisect.
    for name in rows:
        with gzip.open(source / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            plain = [(int(ip_address(r[0])), int(ip_address(r[1])), r[2]) for r in csv.reader(file)]
        width = 4 if "ipv4" in name else 16
        asked = [low for low, _, _ in plain[::97]] + [high for _, high, _ in plain[::101]]
        asked += [high + 1 for _, high, _ in plain[::89] if high + 1 < 2 ** (8 * width)]
        starts = [low for low, _, _ in plain]
        kind = "country" if "country" in name else "asn"
        expected = []
        for number in asked:
            low, high, value = plain[bisect_right(starts, number) - 1]
            inside = low <= number <= high
            expected.append((int(value) if kind == "asn" else value) if inside else None)
        texts = [str(ip_address(n.to_bytes(width, "big"))) for n in asked]
        # An address of 2002::/16 or ::/96 is read as it stands, so no family is mixed up.
        assert [value for value, _ in ask(snapshot, kind, texts)] == expected

    # Against another publisher's list of countries (in numbers for IPv4) of the same month.
    other = tmp_path / "other"
    for version in ("v4", "v6"):
        load(source / f"tor_geoipdb_ipfire_{version}_20260625.gz", other, "country")
    second = Snapshot.load(other)
    rng = np.random.default_rng(1)
    octets = mapped_from_ipv4(rng.integers(1 << 24, 224 << 24, 20_000).astype(np.uint32))
    sample = addresses_from_numpy(octets)
    one, two = (s.lookup("country", sample, DAY).values for s in (snapshot, second))
    both = pc.and_(pc.is_valid(one), pc.is_valid(two))
    assert pc.sum(both).as_py() > 15_000
    assert pc.mean(pc.equal(one, two)).as_py() > 0.9
    known = {"8.8.8.8": "US", "175.45.176.1": "KP", "193.0.6.139": "NL", "2001:200::1": "JP"}
    for lists in (snapshot, second):
        assert [v for v, _ in ask(lists, "country", list(known))] == list(known.values())
