"""What is missing by the numbers of datagrams and by agents' own counts."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.read.sflow.sflow_datagrams import (
    START_MS,
    datagram,
    ethernet,
    flow,
    ip,
    pcap,
    raw,
    read_content,
    tcp,
)

from folkways.model.batches import Gap, Tally
from folkways.read.sflow import numbering

RAW = raw(ethernet(ip(tcp(), 6)))


def read(
    folder: Path, *numbers: int, uptimes: Sequence[int] = (), drops: Sequence[int] = ()
) -> tuple[int, Tally]:
    payloads = [
        datagram(
            number,
            flow(RAW, drops=drops[i] if drops else 0, sequence=i),
            uptime=uptimes[i] if uptimes else 1000 * number % 2**32,
        )
        for i, number in enumerate(numbers)
    ]
    rows, tally = read_content(pcap(payloads), folder)
    return len(rows), tally


def losses(tally: Tally) -> list[tuple[str, int | None]]:
    return [(gap.cause, gap.lost) for gap in tally.gaps]


def test_missing_datagrams_are_one_gap_of_so_many_datagrams(tmp_path: Path) -> None:
    _, tally = read(tmp_path, 1, 2, 5, 6)
    assert tally.gaps == [Gap(START_MS + 1000, START_MS + 2000, "sequence gap", "192.0.2.1", 2)]


def test_numbers_wrap(tmp_path: Path) -> None:
    _, tally = read(tmp_path, 2**32 - 2, 2**32 - 1, 0, 2, uptimes=(1, 2, 3, 4))
    assert losses(tally) == [("sequence gap", 1)]


def test_late_datagrams_fill_their_gap(tmp_path: Path) -> None:
    rows, tally = read(tmp_path, 1, 4, 3, 5, drops=(0, 9, 4, 9))
    assert rows == 4
    assert losses(tally) == [("samples dropped by the agent", 9), ("sequence gap", 1)]
    assert tally.flagged == {"export packet out of order": 1}
    _, tally = read(tmp_path, 1, 3, 2, 4)
    assert losses(tally) == []


def test_restarts_are_no_gaps(tmp_path: Path) -> None:
    for numbers, uptimes in (
        ((9_000, 9_001, 1, 2), (90_000_000, 90_001_000, 100, 1_100)),
        ((5, 6, 1, 2), (90_000_000, 90_001_000, 90_002_000, 90_003_000)),
        ((5, 6, 500, 501), (90_000_000, 90_001_000, 100, 1_100)),
    ):
        rows, tally = read(tmp_path, *numbers, uptimes=uptimes, drops=(7, 7, 0, 0))
        assert (rows, losses(tally)) == (4, [])
        assert tally.flagged == {"exporter restarted": 1}


def test_a_jump_that_no_loss_explains_is_no_gap(tmp_path: Path) -> None:
    _, tally = read(tmp_path, 1, 2, 2 + (1 << 25), uptimes=(1, 2, 3))
    assert (losses(tally), tally.flagged) == ([], {"sequence jumped": 1})


def test_a_datagram_captured_twice_counts_once(tmp_path: Path) -> None:
    one, two = datagram(1, flow(RAW)), datagram(2, flow(RAW, sequence=2))
    rows, tally = read_content(pcap([one, one, two, two, two]), tmp_path)
    assert (len(rows), tally.records, losses(tally)) == (2, 2, [])
    assert tally.flagged == {"export packet that came twice": 3}


def test_drops_are_followed_by_source_and_over_batches(tmp_path: Path) -> None:
    def both(number: int, first: int, second: int) -> bytes:
        samples = flow(RAW, source=1, drops=first), flow(RAW, source=2, drops=second)
        return datagram(number, *samples, uptime=number)

    _, tally = read_content(pcap([both(1, 5, 0), both(2, 5, 3), both(3, 7, 3)]), tmp_path)
    cause = "samples dropped by the agent"
    found = sorted((g.first_ms - START_MS, g.last_ms - START_MS, g.lost) for g in tally.gaps)
    assert {g.cause for g in tally.gaps} == {cause}
    assert found == [(0, 1000, 3), (1000, 2000, 2)]


def test_sub_agents_are_numbered_apart(tmp_path: Path) -> None:
    payloads = [datagram(n, flow(RAW), sub_agent=s) for n in (1, 2, 3) for s in (0, 1)]
    _, tally = read_content(pcap(payloads), tmp_path)
    assert (losses(tally), tally.flagged) == ([], {})


def test_no_more_agents_and_sources_are_followed_than_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbering, "MAX_FOLLOWED", 2)
    payloads = [
        datagram(n, flow(RAW, source=s, drops=n), sub_agent=s) for n in (1, 3) for s in (0, 1, 2)
    ]
    rows, tally = read_content(pcap(payloads), tmp_path)
    assert len(rows) == 6
    assert tally.notes == [
        "More than 2 agents or sources send sFlow: what more of them lost is not told."
    ]
    lost: Counter[str] = Counter()
    for cause, count in losses(tally):
        lost[cause] += count or 0
    assert lost == {"sequence gap": 2, "samples dropped by the agent": 4}
