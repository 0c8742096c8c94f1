"""Lists whose rows have dates and ports of their own."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from folkways.attribute.fields import CatalogueError
from folkways.attribute.importing import Imported, import_list
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text
from folkways.model.columns import ADDRESS

Give = Callable[[RangeRows], None]
Row = tuple[str, str, str | None, str | None, str | None]
"""Address, value, ports, first day, last day."""

RELAYS: list[Row] = [
    ("192.0.2.1", "guard", "9001", "2018-01-01", "2018-01-31"),
    ("192.0.2.1", "exit", "443", "2018-01-15", "2018-02-10"),
    ("192.0.2.2", "relay", "9001,9030", "2018-01-01", None),
    ("192.0.2.3", "relay", None, "2018-01-01", "2018-01-31"),
    ("2001:db8::1", "guard", "9001", "2018-02-01", "2018-02-28"),
]


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def rows_of(table: list[Row]) -> RangeRows:
    octets = np.frombuffer(
        b"".join(address_from_text(row[0]) or b"" for row in table), np.uint8
    ).reshape(-1, 16)
    columns = list(zip(*table, strict=True))
    return RangeRows(
        octets,
        octets,
        pa.array(columns[1], pa.string()),
        pa.nulls(len(table), pa.string()),
        len(table),
        Counter(),
        pa.array([_day(t) for t in columns[3]], pa.date32()),
        pa.array([_day(t) for t in columns[4]], pa.date32()),
        pa.array(columns[2], pa.string()),
        (dt.date(2018, 1, 1), dt.date(2018, 2, 28)),
    )


@pytest.fixture
def relays(tmp_path: Path, given_rows: Give) -> Imported:
    given_rows(rows_of(RELAYS))
    return import_list(
        tmp_path / "relays",
        tmp_path / "reference",
        kind="tor-relay",
        source="test",
        first=None,
        last=None,
        licence="CC0",
    )


def said(snapshot: Snapshot, address: str, day: str) -> tuple[str | None, str | None, int | None]:
    addresses = pa.array([address_from_text(address)], ADDRESS)
    found = snapshot.lookup("tor-relay", addresses, dt.date.fromisoformat(day))
    return found.values[0].as_py(), found.ports[0].as_py(), found.age[0].as_py()


@pytest.mark.parametrize(
    ("address", "day", "answer"),
    [
        ("192.0.2.1", "2018-01-10", ("guard", "9001", 0)),
        # Two relays at one address: roles and ports of both.
        ("192.0.2.1", "2018-01-20", ("exit,guard", "443,9001", 0)),
        ("192.0.2.1", "2018-02-05", ("exit", "443", 0)),
        # Inside the days that the list covers it knows that there was no relay.
        ("192.0.2.1", "2018-02-20", (None, None, None)),
        ("192.0.2.2", "2018-02-20", ("relay", "9001,9030", 0)),
        ("192.0.2.3", "2018-01-20", ("relay", None, 0)),
        ("2001:db8::1", "2018-01-20", (None, None, None)),
        # Before and after, those of the nearest day speak, with their distance.
        ("192.0.2.1", "2017-12-30", ("guard", "9001", 2)),
        ("2001:db8::1", "2018-03-10", ("guard", "9001", 10)),
        ("192.0.2.9", "2018-01-20", (None, None, None)),
    ],
)
def test_rows_speak_on_their_days(
    relays: Imported, address: str, day: str, answer: tuple[str | None, str | None, int | None]
) -> None:
    assert said(Snapshot.load(relays.list.folder), address, day) == answer


def test_one_snapshot_asked_for_many_days_answers_each_by_itself(relays: Imported) -> None:
    snapshot = Snapshot.load(relays.list.folder)
    days = ["2018-01-10", "2018-02-05", "2018-01-10", "2018-02-20", "2018-01-20"]
    roles = [said(snapshot, "192.0.2.1", day)[0] for day in days]
    assert roles == ["guard", "exit", "guard", None, "exit,guard"]


def test_the_manifest_says_what_the_rows_cover(relays: Imported) -> None:
    (one,) = Snapshot.load(relays.list.folder).lists
    assert (str(one.dates), one.ipv4_ranges, one.ipv6_ranges) == ("2018-01-01..2018-02-28", 4, 1)
    assert one == relays.list


def test_dates_of_rows_are_part_of_the_digest(
    tmp_path: Path, given_rows: Give, relays: Imported
) -> None:
    later: list[Row] = [(a, v, p, s, "2018-03-01") for a, v, p, s, _ in RELAYS]
    given_rows(rows_of(later))
    other = import_list(
        tmp_path / "later",
        tmp_path / "reference",
        kind="tor-relay",
        source="test",
        first=None,
        last=None,
        licence="CC0",
    )
    assert other.list.digest != relays.list.digest


def test_a_damaged_file_of_dated_rows_is_refused(relays: Imported) -> None:
    path = relays.list.folder / f"{relays.list.id}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CatalogueError, match="import the list again"):
        said(Snapshot.load(relays.list.folder), "192.0.2.1", "2018-01-10")


def test_two_sources_of_countries_that_disagree(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    for name, text in (
        ("first", "192.0.2.0,192.0.2.127,DE\n192.0.2.128,192.0.2.255,FR\n"),
        (
            "second",
            "192.0.2.0,192.0.2.63,NL\n192.0.2.128,192.0.2.255,FR\n198.51.100.0,198.51.100.9,US\n",
        ),
    ):
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        first = dt.date(2018, 1, 1) if name == "first" else None
        import_list(
            path, folder, kind="country", source=name, first=first, last=first, licence="CC0"
        )
    texts = ["192.0.2.1", "192.0.2.100", "192.0.2.200", "198.51.100.1", "203.0.113.1"]
    octets = np.frombuffer(
        b"".join(b"\0" * 10 + b"\xff\xff" + ip_address(t).packed for t in texts), np.uint8
    ).reshape(-1, 16)
    known = np.ones(len(texts), np.bool_)
    snapshot = Snapshot.load(folder)
    day = dt.date(2018, 1, 1)
    best = snapshot.lookup_octets("country", octets, known, day).values.to_pylist()
    second = snapshot.second_octets("country", octets, known, day).to_pylist()
    assert best == ["DE", "DE", "FR", "US", None]
    assert second == ["NL", None, None, None, None]


def test_what_a_list_does_not_know_is_a_hole_in_what_is_wider(
    tmp_path: Path, given_rows: Give
) -> None:
    def octets(*texts: str) -> "np.ndarray":
        found = b"".join(address_from_text(t) or b"" for t in texts)
        return np.frombuffer(found, np.uint8).reshape(-1, 16)

    given_rows(
        RangeRows(
            octets("192.0.2.0", "192.0.2.64"),
            octets("192.0.2.255", "192.0.2.127"),
            pa.array(["DE", None]),
            pa.nulls(2, pa.string()),
            2,
        )
    )
    done = import_list(tmp_path / "any", tmp_path / "reference", kind="country", source="test")
    snapshot = Snapshot.load(tmp_path / "reference")
    asked = pa.array([address_from_text(t) for t in ("192.0.2.1", "192.0.2.70", "192.0.2.200")])
    said = snapshot.lookup("country", asked.cast(ADDRESS), dt.date(2018, 1, 1)).values.to_pylist()
    assert (said, done.skipped) == (["DE", None, "DE"], Counter())
