"""Tor's consensuses and exit lists: relays by day."""

import datetime as dt
import gzip
import io
import lzma
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attribute.imports.conftest import Filed

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.tor import read_tor
from folkways.attribute.imports.tor_roles import ROLES
from folkways.model.addresses import address_to_text

Relay = tuple[str, str]
SAID = "Fast Running Valid"


def consensus(when: str, *relays: Relay, head: str = "", kind: str = "consensus") -> str:
    """A document; a relay is what follows its times (address, ports, more lines) and flags."""
    text = (
        f"network-status-version 3\nvote-status {kind}\nconsensus-method 28\n"
        f"valid-after {when}\nfresh-until {when}\n{head}"
    )
    for number, (place, flags) in enumerate(relays):
        text += f"r relay{number} AAoQ1DAR6kko evtkDQeqgaEI 2018-05-31 13:28:36 {place}\n"
        text += f"s {flags}\nv Tor 0.3.2.10\np reject 1-65535\n"
    return f"{text}directory-footer\nbandwidth-weights Wbd=0\n"


def told(rows: RangeRows) -> list[tuple[Any, ...]]:
    """(address, ports, role, first day, last day), in order of address and day."""
    assert rows.since is not None
    assert rows.until is not None
    assert rows.ports is not None
    assert set(rows.values.to_pylist()) <= set(ROLES)
    assert (rows.first == rows.last).all()
    return sorted(
        zip(
            [address_to_text(a.tobytes()) for a in rows.first],
            rows.ports.to_pylist(),
            rows.values.to_pylist(),
            [str(day) for day in rows.since.to_pylist()],
            [str(day) for day in rows.until.to_pylist()],
            strict=True,
        ),
        key=str,
    )


def archive(*documents: str | bytes, mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as tar:  # type: ignore[call-overload]
        for number, document in enumerate(documents):
            content = document.encode() if isinstance(document, str) else document
            entry = tarfile.TarInfo(f"consensuses/01/{number}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def test_roles_ports_and_ipv6(filed: Filed) -> None:
    rows = read_tor(
        filed(
            consensus(
                "2018-06-01 01:00:00",
                ("1.0.0.1 9001 0", f"Guard {SAID}"),
                ("1.0.0.2 443 80\na [2001:db8::2]:8443", f"Exit {SAID}"),
                ("1.0.0.3 443 0", f"Exit Guard {SAID}"),
                ("1.0.0.4 443 0", f"BadExit Exit {SAID}"),
                ("1.0.0.5 443 80", f"Authority Guard {SAID} V2Dir"),
                ("1.0.0.6 9001 9030", SAID),
                ("1.0.0.7 9001 0", "Fast Valid"),
                ("1.0.0.888 9001 0", SAID),
                ("1.0.0.9 99001 0", SAID),
                head="dir-source tor26 14C131 a.example 1.0.0.5 80 443\ncontact x\n"
                "dir-source tor26-legacy 14C131 a.example 9.9.9.9 80 443\n",
            )
        )
    )
    day = ("2018-06-01",) * 2
    assert told(rows) == [
        ("1.0.0.1", "9001", "guard", *day),
        ("1.0.0.2", "80,443", "exit", *day),
        ("1.0.0.3", "443", "exit,guard", *day),
        ("1.0.0.4", "443", "relay", *day),
        ("1.0.0.5", "80,443", "directory-authority", *day),
        ("1.0.0.5", "80,443", "directory-authority", *day),  # under both of its names
        ("1.0.0.6", "9001,9030", "relay", *day),
        ("2001:db8::2", "8443", "exit", *day),
    ]
    assert rows.names.to_pylist()[:3] == ["relay0", "relay1", "relay1"]
    assert rows.skipped == {"not running": 1, "not an address or port": 2}
    assert rows.rows == 10
    assert rows.dates == (dt.date(2018, 6, 1), dt.date(2018, 6, 1))


def test_days_are_joined_and_a_day_without_splits(filed: Filed) -> None:
    relay = ("1.0.0.1 9001 0", SAID)
    guard = ("1.0.0.1 9001 0", f"Guard {SAID}")
    documents = [
        consensus("2018-06-03 00:00:00", guard),
        consensus("2018-06-01 23:00:00", relay),
        consensus("2018-06-02 05:00:00", relay),
        consensus("2018-06-03 09:00:00", relay),  # a guard for a part of the day
        consensus("2018-06-05 00:00:00", guard),
        consensus("2018-06-06 00:00:00", guard),
    ]
    wanted = [
        ("1.0.0.1", "9001", "guard", "2018-06-03", "2018-06-03"),
        ("1.0.0.1", "9001", "guard", "2018-06-05", "2018-06-06"),
        ("1.0.0.1", "9001", "relay", "2018-06-01", "2018-06-02"),
    ]
    for content in (
        "\n".join(documents).encode(),
        gzip.compress("".join(documents).encode()),
        archive(*documents),
        lzma.compress(archive(*reversed(documents))),
    ):
        rows = read_tor(filed(content))
        assert told(rows) == wanted
        assert rows.dates == (dt.date(2018, 6, 1), dt.date(2018, 6, 6))


def test_the_microdesc_flavour_has_no_digest(filed: Filed) -> None:
    text = consensus("2018-06-01 00:00:00", ("1.0.0.1 9001 0\nm aaaa", SAID))
    text = text.replace("status-version 3\n", "status-version 3 microdesc\n")
    text = text.replace(" evtkDQeqgaEI", "")
    assert told(read_tor(filed(text)))[0][:3] == ("1.0.0.1", "9001", "relay")


def test_an_exit_list_gives_exit_addresses_without_ports(filed: Filed) -> None:
    text = (
        "@type tordnsel 1.0\nDownloaded 2018-11-02 01:02:01\nExitNode 0011BD\n"
        "Published 2018-11-01 17:08:26\nLastStatus 2018-11-02 00:03:25\n"
        "ExitAddress 1.0.0.1 2018-11-01 18:08:13\nExitAddress 1.0.0.2 2018-10-30 18:08:13\n"
        "ExitAddress 1.0.0.3 2018-99-30 18:08:13\nExitAddress nonsense\n"
    )
    rows = read_tor(filed(text))
    assert told(rows) == [
        ("1.0.0.1", None, "exit", "2018-11-01", "2018-11-02"),
        ("1.0.0.2", None, "exit", "2018-10-30", "2018-10-30"),
        ("1.0.0.2", None, "exit", "2018-11-02", "2018-11-02"),
    ]
    assert rows.skipped == {"damaged exit address": 2}
    assert rows.rows == 4


def test_what_is_damaged_is_counted(filed: Filed) -> None:
    good = ("1.0.0.1 9001 0", SAID)
    cut = consensus("2018-06-01 00:00:00", good, good)[:-130]
    rows = read_tor(filed(archive(cut, consensus("2018-06-01 01:00:00", good, kind="vote"))))
    assert len(rows.values) == 1
    assert rows.skipped == {"damaged relay entry": 1, "vote of one authority": 1}
    timeless = consensus("yesterday", good) + consensus("2018-06-01 01:00:00", good)
    assert read_tor(filed(timeless)).skipped == {"document without a valid time": 1}


def test_an_archive_that_ends_early_gives_what_came_before(filed: Filed) -> None:
    document = consensus("2018-06-01 00:00:00", ("1.0.0.1 9001 0", SAID))
    whole = archive(document, document.replace("1.0.0.1", "1.0.0.2"), "x" * 5000)
    rows = read_tor(filed(whole[: whole.index(b"x" * 600) + 100]))
    assert len(rows.values) == 2
    assert rows.skipped == {"archive cut or damaged, its rest": 1}
    with pytest.raises(CatalogueError, match="is a damaged xz file"):
        read_tor(filed(lzma.compress(whole)[:300]))


def test_an_entry_of_absurd_size_does_not_hang(filed: Filed) -> None:
    document = consensus("2018-06-01 00:00:00", ("1.0.0.1 9001 0", SAID))
    content = bytearray(archive(document, document))
    header = content.index(b"consensuses/01/1")
    content[header + 124 : header + 136] = b"\x80" + (2**60).to_bytes(11, "big")
    content[header + 148 : header + 156] = b" " * 8
    total = sum(content[header : header + 512])
    content[header + 148 : header + 156] = b"%06o\0 " % total
    rows = read_tor(filed(bytes(content)))
    assert len(rows.values) == 1
    assert rows.skipped == {"document of absurd size": 1, "archive cut or damaged, its rest": 1}


def test_headers_that_tarfile_stumbles_on_are_damage(filed: Filed) -> None:
    document = consensus("2018-06-01 00:00:00", ("1.0.0.1 9001 0", SAID)).encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for sparse in ({}, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}):
            entry = tarfile.TarInfo("consensus")
            entry.size, entry.pax_headers = len(document), sparse
            tar.addfile(entry, io.BytesIO(document))
    rows = read_tor(filed(target.getvalue()))
    assert len(rows.values) == 1
    assert rows.skipped == {"archive cut or damaged, its rest": 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 2000, b"network-status-version 3\n", b"hello", archive("nothing"), archive()],
)
def test_what_holds_no_relay_is_refused(filed: Filed, content: bytes) -> None:
    with pytest.raises(CatalogueError, match="holds no relay"):
        read_tor(filed(content))


def test_bombs_are_refused(filed: Filed) -> None:
    for content in (bytes(200 << 20), archive(bytes(50 << 20), bytes(50 << 20), bytes(50 << 20))):
        path = filed(lzma.compress(content, preset=0))
        with pytest.raises(CatalogueError, match="beyond all bounds"):
            read_tor(path)


_SIGHTINGS = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(1, 3),
        st.sampled_from(["", "Guard ", "Exit ", "Exit Guard "]),
    ),
    min_size=1,
    max_size=25,
)


@given(_SIGHTINGS)
def test_rows_say_of_each_day_what_was_seen(
    tmp_path_factory: pytest.TempPathFactory, sightings: list[tuple[int, int, str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "consensuses"
    path.write_text(
        "".join(
            consensus(f"2018-06-0{day} 00:00:00", (f"1.0.0.{host} 443 0", flags + SAID))
            for day, host, flags in sightings
        )
    )
    seen: dict[tuple[str, int], set[str]] = {}
    for day, host, flags in sightings:
        seen.setdefault((f"1.0.0.{host}", day), set()).update(flags.lower().split())
    wanted = {
        key: ",".join(r for r in ("exit", "guard") if r in flags) or "relay"
        for key, flags in seen.items()
    }
    rows = told(read_tor(path))
    days = [(a, d, r) for a, _, r, s, u in rows for d in range(int(s[-1]), int(u[-1]) + 1)]
    assert len(days) == len(wanted)
    assert {(a, d): r for a, d, r in days} == wanted
    # No two rows of an address could be one.
    ends = {(a, r, int(u[-1]) + 1) for a, _, r, _, u in rows}
    assert not ends & {(a, r, int(s[-1])) for a, _, r, s, _ in rows}


@pytest.mark.external
def test_published_consensuses_and_exit_lists(shared_data: Path) -> None:
    folder = shared_data / "reference" / "tor"
    path = folder / "consensuses-2018-06-cropped.tar"
    with tarfile.open(path) as tar:
        text = "".join(f.read().decode() for m in tar if (f := tar.extractfile(m)))
    rows = read_tor(path)
    relays = re.findall(r"(?m)^r (\S+) .* (\S+) (\d+) (\d+)$", text)
    others = re.findall(r"(?m)^a \[(\S+)\]:(\d+)$", text)
    authorities = re.findall(r"(?m)^dir-source (\S+) \S+ \S+ (\S+) (\d+) (\d+)$", text)
    assert (len(relays), len(others), len(authorities)) == (243, 39, 18)
    assert rows.rows == 243 + 18
    assert not rows.skipped
    places = {(n, a, ",".join(sorted({o, d} - {"0"}, key=int))) for n, a, o, d in relays}
    places |= {(n, a, ",".join(sorted({o, d} - {"0"}, key=int))) for n, a, o, d in authorities}
    assert rows.ports is not None
    found = set(
        zip(
            rows.names.to_pylist(),
            [address_to_text(a.tobytes()) for a in rows.first],
            rows.ports.to_pylist(),
            strict=True,
        )
    )
    assert places <= found
    assert {(a, p) for _, a, p in found - places} == set(others)
    exits = read_tor(folder / "exit-list-2018-11-cropped.tar")
    assert exits.rows == 3726  # tar xOf ... | grep -c ^ExitAddress
    assert exits.dates == (dt.date(2018, 10, 31), dt.date(2018, 11, 2))
