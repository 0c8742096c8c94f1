"""What comes of export packets does not depend on how captures are cut, ordered and ingested."""

import json
import struct
from itertools import pairwise, permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.read.netflow.conftest import flow_set, template
from tests.read.netflow.export_captures import Frame
from tests.study.exports import (
    FLOW,
    ROUTER,
    SAMPLED,
    TURNED,
    flow,
    layout,
    new_study,
    ports,
    rate,
    seen,
    sent,
    sent_ipfix,
    written,
)

# Data before templates, a template and rates that change, samplers, and a sender without templates.
STORY: list[Frame] = [
    sent(0, flow_set(256, flow(0))),
    sent(60, layout(256)),
    sent(120, flow_set(256, flow(1) + flow(2))),
    sent(180, rate(100)),
    sent(240, flow_set(256, flow(3)), port=40_001),
    sent(300, flow_set(256, flow(4))),
    sent(360, layout(256, TURNED), rate(200)),
    sent(420, flow_set(256, flow(5, turned=True))),
    sent(480, flow_set(256, flow(6)), domain=8, port=40_002),
    sent(540, flow_set(257, flow(7) + b"\x03"), domain=8),
    sent(600, rate(50, sampler=3), domain=8),
    sent(660, layout(256), layout(257, SAMPLED), domain=8),
    sent(720, flow_set(257, flow(8) + b"\x09"), domain=8),
]
OWN = {0: 100, 1: 100, 2: 100, 3: 100, 4: 100, 5: 200, 6: None, 7: 50, 8: None}


def whole(folder: Path) -> list[tuple[object, ...]]:
    study = new_study(folder)
    study.ingest(written(folder / "whole.pcap", STORY))
    return seen(study)


def test_all_in_one_file(tmp_path: Path) -> None:
    study = new_study(tmp_path / "one")
    (entry,) = study.ingest(written(tmp_path / "whole.pcap", STORY)).entries
    found = ports(study)
    assert {n: found[n] for n in (0, 3, 4, 5, 7)} == {n: OWN[n] for n in (0, 3, 4, 5, 7)}
    assert len(found) == len(OWN)
    assert not entry.gaps


@given(data=st.data())
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_cut_any_order_any_number_of_ingests(data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(STORY) - 1), max_size=5))
    edges = [0, *sorted(cuts), len(STORY)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = [
            written(folder / f"{low:02}.pcap", STORY[low:high]) for low, high in pairwise(edges)
        ]
        order = data.draw(st.permutations(parts))
        split = data.draw(st.integers(0, len(order)))
        study = new_study(folder / "cut")
        for names in (order[:split], order[split:], order):
            if names:
                study.ingest(*names)
        assert seen(study) == whole(folder / "whole")


@pytest.mark.parametrize("jobs", [1, 2])
def test_groups_and_jobs_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr("folkways.study.ingest.GROUP_SOURCES", 1)
    study = new_study(tmp_path / "cut")
    parts = [written(tmp_path / f"{i:02}.pcap", [frame]) for i, frame in enumerate(STORY)]
    study.ingest(*reversed(parts), jobs=jobs)
    assert seen(study) == whole(tmp_path / "whole")
    assert len(study.sources()) == len(STORY)
    again = study.ingest(*parts, jobs=jobs)
    assert (len(again.known), again.entries) == (len(STORY), [])


def test_copies_count_once(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study")
    parts = [written(tmp_path / f"{i}.pcap", STORY[4 * i : 4 * i + 4]) for i in range(4)]
    copies = [written(tmp_path / f"copy-{i}.pcap", STORY[4 * i : 4 * i + 4]) for i in range(4)]
    done = study.ingest(*copies, *parts)
    assert (done.known, len(done.entries)) == (parts, 4)
    assert seen(study) == whole(tmp_path / "whole")


def test_what_came_later_is_used_when_the_file_is_given_again(tmp_path: Path) -> None:
    """Kept back, and said, until the template is known; then replaced as one."""
    study = new_study(tmp_path / "study")
    data = written(tmp_path / "data.pcap", [sent(4000, flow_set(256, flow(1)))])
    (before,) = study.ingest(data).entries
    assert before.skipped == {"template never seen (set)": 1}
    (gap,) = before.gaps
    assert (gap.cause, gap.exporter) == ("template never seen (set)", ROUTER)
    assert (gap.first_ms % 3_600_000, gap.last_ms - gap.first_ms) == (0, 3_600_000)
    assert study.ingest(data).known == [data]
    study.ingest(written(tmp_path / "told.pcap", [sent(0, layout(256), rate(30))]))
    done = study.ingest(data)
    assert (done.known, [e.digest for e in done.entries]) == ([], [before.digest])
    assert done.to_json()["renewed"] == [data]
    assert ports(study) == {1: 30}
    assert [len(source["gaps"]) for source in study.sources()] == [0, 0]
    assert study.ingest(data).known == [data]
    assert len(study.sources()) == 2


def test_what_a_removed_source_told_is_forgotten(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study")
    told = study.ingest(written(tmp_path / "told.pcap", [sent(0, layout(256))])).entries[0]
    study.remove_source(told.id)
    study.ingest(written(tmp_path / "data.pcap", [sent(60, flow_set(256, flow(1)))]))
    assert seen(study) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_time_chooses_among_templates(tmp_path: Path, order: tuple[int, ...]) -> None:
    files = [
        [sent(0, layout(256))],
        [sent(100, flow_set(256, flow(1, turned=True)))],
        [sent(50, layout(256, TURNED)), sent(200, layout(256))],
    ]
    study = new_study(tmp_path / "study")
    names = [written(tmp_path / f"{i}.pcap", frames) for i, frames in enumerate(files)]
    study.ingest(*(names[i] for i in order))
    assert [row[1:3] for row in seen(study)] == [(1000, None)]


def test_exporters_and_domains_keep_to_themselves(tmp_path: Path) -> None:
    told = [sent(0, layout(256), rate(30))]
    study = new_study(tmp_path / "study")
    study.ingest(
        written(tmp_path / "told.pcap", told),
        written(tmp_path / "domain.pcap", [sent(60, flow_set(256, flow(1)), domain=9)]),
        written(tmp_path / "router.pcap", [sent(60, flow_set(256, flow(2)), router="192.0.2.8")]),
    )
    assert seen(study) == []


def test_two_exporters_behind_one_address_keep_their_templates(tmp_path: Path) -> None:
    """Templates of one number that contradict each other at one time serve their own port only."""
    a, b = 50_001, 50_002
    told = [
        sent(0, layout(256), port=a),
        sent(1, layout(256, TURNED), port=b),
        sent(90, layout(256), port=a),
        sent(91, layout(256, TURNED), port=b),
    ]
    data = [
        sent(60, flow_set(256, flow(1)), port=a),
        sent(61, flow_set(256, flow(2, turned=True)), port=b),
        sent(62, flow_set(256, flow(3)), port=50_003),
    ]
    for i, files in enumerate([(told, data), (data, told), (data[:1], data[1:], told)]):
        study = new_study(tmp_path / f"{i}")
        study.ingest(*(written(tmp_path / f"{i}-{j}.pcap", f) for j, f in enumerate(files)))
        assert [row[:3] for row in seen(study)] == [(10_001, 1000, None), (10_002, 1000, None)]
    one = new_study(tmp_path / "one")
    one.ingest(written(tmp_path / "one.pcap", sorted(told + data)))
    assert [row[0] for row in seen(one)] == [10_001, 10_002]


def test_a_sender_s_own_template_stands_above_its_neighbour_s(tmp_path: Path) -> None:
    """Also where it comes after the data, in the same file."""
    frames = [
        sent(0, layout(256), port=50_001),
        sent(60, flow_set(256, flow(1, turned=True)), port=50_002),
        sent(61, layout(256, TURNED), port=50_002),
    ]
    study = new_study(tmp_path / "study")
    study.ingest(written(tmp_path / "one.pcap", frames))
    assert [row[:3] for row in seen(study)] == [(10_001, 1000, None)]


def test_many_sets_whose_template_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than can wait: all of them come, from files, and from one file whose end tells."""
    monkeypatch.setattr("folkways.read.netflow.sessions.MAX_HELD", 1000)
    data = [sent(i, flow_set(256, flow(i))) for i in range(40)]
    late = [sent(100, layout(256), port=41_000)]
    for i, files in enumerate([(data, late), (late, data), ([*data, *late],)]):
        study = new_study(tmp_path / f"{i}")
        study.ingest(*(written(tmp_path / f"{i}-{j}.pcap", f) for j, f in enumerate(files)))
        assert len(ports(study)) == 40
        assert not any(source["gaps"] for source in study.sources())


def test_uptime_told_elsewhere_dates_flows(tmp_path: Path) -> None:
    """IPFIX: flow times in uptime are worth nothing without options data (element 160)."""
    options = flow_set(3, struct.pack(">HHHHHHH", 301, 2, 1, 149, 4, 160, 8))
    began = flow_set(301, struct.pack(">IQ", 7, 1_499_999_000_000))
    told = [sent_ipfix(0, options, began)]
    data = [sent_ipfix(60, flow_set(2, template(256, FLOW)), flow_set(256, flow(1)))]
    starts = set()
    for i, files in enumerate([(told, data), (data, told), ([*told, *data],)]):
        study = new_study(tmp_path / f"{i}")
        study.ingest(*(written(tmp_path / f"{i}-{j}.pcap", f) for j, f in enumerate(files)))
        starts |= {row[4] for row in seen(study)}
    assert starts == {1_499_999_000_000 + 990_000}


def test_an_exporter_in_the_population_is_stored_as_a_pseudonym(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study", "192.0.2.0/24")
    data = written(tmp_path / "data.pcap", [sent(60, flow_set(257, flow(1)))])
    study.ingest(data, written(tmp_path / "told.pcap", [sent(0, layout(256), rate(30))]))
    stored = [
        text
        for entry in study.folder.store.sources()
        for text in (entry.told, entry.needs, json.dumps(list(entry.gaps)))
    ]
    assert any("member-" in text for text in stored)
    assert not any(ROUTER in text for text in stored)
    # It is the same exporter all the same.
    study.ingest(written(tmp_path / "more.pcap", [sent(70, layout(257))]))
    assert len(study.ingest(data).entries) == 1


def test_a_template_that_does_not_fit_is_not_used(tmp_path: Path) -> None:
    study = new_study(tmp_path / "study")
    done = study.ingest(
        written(tmp_path / "told.pcap", [sent(0, layout(256))]),
        written(tmp_path / "data.pcap", [sent(60, flow_set(256, flow(1) + bytes(17)))]),
    )
    assert seen(study) == []
    assert done.skipped["template never seen (set)"] == 1


def test_a_rate_of_another_time_says_nothing_of_those_who_name_no_sampler(tmp_path: Path) -> None:
    day = 86_400
    named = flow_set(257, flow(2) + b"\x03")
    data = [sent(0, layout(256), layout(257, SAMPLED), flow_set(256, flow(1)), named)]
    study = new_study(tmp_path / "study")
    study.ingest(
        written(tmp_path / "data.pcap", data),
        written(tmp_path / "later.pcap", [sent(2 * day, rate(100), rate(50, sampler=3))]),
    )
    assert ports(study) == {1: None, 2: 50}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_rates_told_beside_the_data_hold_from_their_time_on(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """The data lie in one file, what is said of sampling in others, from before to after."""
    files = [
        [sent(0, layout(256)), *(sent(i, flow_set(256, flow(i))) for i in (10, 20, 30, 40))],
        [sent(5, rate(100)), sent(15, rate(200))],
        [sent(25, rate(100)), sent(35, rate(400))],
    ]
    study = new_study(tmp_path / "study")
    names = [written(tmp_path / f"{i}.pcap", frames) for i, frames in enumerate(files)]
    study.ingest(*(names[i] for i in order))
    assert ports(study) == {10: 100, 20: 200, 30: 100, 40: 400}
    assert study.ingest(*names).known == names
