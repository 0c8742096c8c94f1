"""Relay histories and fallback directories."""

import csv
import datetime as dt
import gzip
import zlib
from pathlib import Path

import pytest
from tests.attribute.imports.conftest import Filed, Shown

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.tor_lists import read_tor_fallbacks, read_tor_history
from folkways.model.addresses import address_from_text, address_to_text

FALLBACKS = """\
/* type=fallback */
/* version=4.0.0 */
/* timestamp=20210412000000 */
//
"1.0.0.1 orport=443 id=3BEEDD97C7B00C4BA417A8FAA22F858465E77EBC"
" ipv6=[2001:db8::92]:9001"
/* nickname=One */
/* ===== */
,
"1.0.0.2:80 orport=9001 id=0ABC1EBFF50C8A58279AD07FBD73E183F9E00B86"
/* extrainfo=0 */
,
"1.0.0.300:80 orport=9001 id=0ABC1EBFF50C8A58279AD07FBD73E183F9E00B87"
"""
STEM = """\
header.timestamp 20190625114911
header.type fallback
001524DD403D729F08F7E5D77813EF12756CFA8D.address 1.0.0.1
001524DD403D729F08F7E5D77813EF12756CFA8D.or_port 443
001524DD403D729F08F7E5D77813EF12756CFA8D.dir_port 80
001524DD403D729F08F7E5D77813EF12756CFA8D.nickname One
025B66CEBC070FCB0519D206CF0CF4965C20C96E.address 1.0.0.2
025B66CEBC070FCB0519D206CF0CF4965C20C96E.or_port many
"""


def hash_of(text: str) -> int:
    """A number of an address, to take a sample by."""
    return zlib.crc32(text.encode())


def days(rows: RangeRows) -> dict[tuple[str, dt.date], str]:
    """The role of each address on each day; no day twice."""
    assert rows.since is not None
    assert rows.until is not None
    found: dict[tuple[str, dt.date], str] = {}
    for octets, role, since, until in zip(
        rows.first,
        rows.values.to_pylist(),
        rows.since.to_pylist(),
        rows.until.to_pylist(),
        strict=True,
    ):
        for day in range((until - since).days + 1):
            key = address_to_text(octets.tobytes()), since + dt.timedelta(day)
            assert key not in found
            found[key] = role
    return found


def test_overlapping_spans_become_roles_by_day(filed: Filed) -> None:
    rows = read_tor_history(
        filed(
            "ip,role,first_day,last_day,days_seen_of_74\n"
            "1.0.0.1,relay,2026-01-01,2026-01-06,6\n1.0.0.1,guard,2026-01-03,2026-01-05,3\n"
            "1.0.0.1,exit,2026-01-05,2026-01-05,1\n2001:DB8::1,Exit,2024-02-28,2024-03-01,2\n"
            "1.0.0.2,bridge,2026-01-01,2026-01-02,1\nx,relay,2026-01-01,2026-01-02,1\n"
            "1.0.0.2,relay,2026-01-03,2026-01-02,1\n1.0.0.2,relay,2026-02-29,2026-03-02,1\n"
            "1.0.0.2,relay,1900-02-29,2026-03-02,1\n1.0.0.2,relay,2026-01-00,2026-03-02,1\n"
            "1.0.0.2,relay,2026-1-1,2026-03-02,1\n1.0.0.2,relay\n"
        )
    )
    first = dt.date(2026, 1, 1)
    roles = ["relay", "relay", "guard", "guard", "exit,guard", "relay"]
    wanted = {("1.0.0.1", first + dt.timedelta(n)): role for n, role in enumerate(roles)}
    leap = dt.date(2024, 2, 28)
    wanted |= {("2001:db8::1", leap + dt.timedelta(n)): "exit" for n in range(3)}
    assert days(rows) == wanted
    assert rows.skipped == {
        "role unknown": 1,
        "not an address": 1,
        "no days, or the last before the first": 5,
        "too few fields": 1,
    }
    assert rows.dates == (leap, dt.date(2026, 1, 6))
    assert rows.rows == 12


@pytest.mark.parametrize("content", ["", "ip,role,first_day,last_day\n", "a,b\n", "1,2,3,4\n"])
def test_what_is_no_history_is_refused(filed: Filed, content: str) -> None:
    with pytest.raises(CatalogueError, match="is no history of relays"):
        read_tor_history(filed(content))


def test_fallbacks_of_tor(filed: Filed, shown: Shown) -> None:
    rows = read_tor_fallbacks(filed(FALLBACKS))
    assert shown(rows) == [
        ("1.0.0.1", "1.0.0.1", "fallback-directory", "One"),
        ("2001:db8::92", "2001:db8::92", "fallback-directory", "One"),
        ("1.0.0.2", "1.0.0.2", "fallback-directory", None),
    ]
    assert rows.ports is not None
    assert rows.ports.to_pylist() == ["443", "9001", "80,9001"]
    assert rows.skipped == {"not an address or port": 1}
    assert rows.dates == (dt.date(2021, 4, 12), dt.date(2021, 4, 12))
    assert read_tor_fallbacks(filed(FALLBACKS.replace("=2021", "=2021 "))).dates is None
    assert read_tor_fallbacks(filed(FALLBACKS.replace("20210412", "20219912"))).dates is None


def test_fallbacks_of_stem(filed: Filed) -> None:
    rows = read_tor_fallbacks(filed(STEM))
    assert rows.ports is not None
    assert rows.ports.to_pylist() == ["80,443"]
    assert rows.skipped == {"not an address or port": 1}
    assert rows.dates == (dt.date(2019, 6, 25), dt.date(2019, 6, 25))
    with pytest.raises(CatalogueError, match="no fallback directory"):
        read_tor_fallbacks(filed("nothing"))


@pytest.mark.external
def test_the_published_history_day_by_day(shared_data: Path) -> None:
    folder = shared_data / "reference" / "tor"
    path = folder / "tor_relay_ip_history_20251211_20260222.csv.gz"
    seen: dict[tuple[str, dt.date], set[str]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            address = address_to_text(address_from_text(row["ip"]) or b"")
            if hash_of(address) % 16:
                continue
            day = dt.date.fromisoformat(row["first_day"])
            while day <= dt.date.fromisoformat(row["last_day"]):
                seen.setdefault((address, day), set()).add(row["role"])
                day += dt.timedelta(1)
    rows = read_tor_history(path)
    assert rows.rows == 36_382
    assert {key: role for key, role in days(rows).items() if not hash_of(key[0]) % 16} == {
        key: ",".join(r for r in ("exit", "guard") if r in roles) or "relay"
        for key, roles in seen.items()
    }
    fallbacks = read_tor_fallbacks(folder / "stem_cached_fallbacks.cfg")
    assert len(fallbacks.values) == fallbacks.rows == 218  # grep -cE 'address ' of the file
