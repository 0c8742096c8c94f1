"""What exporters do in the field: rates in every form, restarts, pairs of them, long flows."""

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode, pack

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.netflow import Decoder

FLOW = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (152, 8), (153, 8)]
_SELECTOR = (302, 8)


def flow(write: SimpleNamespace, octets: int = 100, seconds: int = 5) -> bytes:
    base = write.NOW * 1000
    return pack(FLOW, 0x0A000001, 0x0A000002, 1000, 443, 6, octets, 2, base - 1000 * seconds, base)


def told(
    write: SimpleNamespace, version: int, fields: list[Any], *records: tuple[int, ...], **more: int
) -> bytes:
    """A packet of options data; its first field is the scope."""
    data = b"".join(pack(fields, *values) for values in records)
    if version == 9:
        layout = write.flow_set(1, write.v9_options(300, fields[:1], fields[1:]))
        return bytes(write.v9(layout, write.flow_set(300, data), **more))
    head = struct.pack(">HHH", 300, len(fields), 1)
    layout = write.flow_set(3, head + b"".join(struct.pack(">HH", *f) for f in fields))
    return bytes(write.ipfix(layout, write.flow_set(300, data), **more))


def flows(
    write: SimpleNamespace, version: int, extra: list[Any], *records: bytes, **more: int
) -> bytes:
    layout = write.flow_set(0 if version == 9 else 2, write.template(256, [*FLOW, *extra]))
    data = write.flow_set(256, b"".join(records))
    return bytes((write.v9 if version == 9 else write.ipfix)(layout, data, sequence=2, **more))


@pytest.mark.parametrize("version", [9, 10])
@pytest.mark.parametrize("domain", [7, 8])
@pytest.mark.parametrize("port", [2055, 4444])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("fields", "values", "rate"),
    [
        ([(1, 4), (34, 4)], (1, 100), 100),
        ([(1, 4), (34, 4), (35, 1)], (1, 512, 2), 512),
        ([(1, 4), (48, 1), (49, 1), (50, 4)], (1, 3, 2, 1000), 1000),
        ([(1, 4), (48, 2), (50, 2)], (1, 3, 77), 77),
        ([(1, 4), (302, 8), (304, 2), (305, 4), (306, 4)], (1, 3, 1, 1, 999), 1000),
        ([(1, 4), (302, 8), (304, 2), (305, 4), (306, 4)], (1, 3, 1, 10, 90), 10),
        ([(1, 4), (302, 8), (304, 2), (309, 4), (310, 4)], (1, 3, 3, 1, 2048), 2048),
        ([(1, 4), (34, 4)], (1, 0), None),
        ([(1, 4), (305, 4)], (1, 7), None),
    ],
)
def test_rates_of_every_form_from_any_place_and_moment(
    write: SimpleNamespace,
    *,
    version: int,
    domain: int,
    port: int,
    first: bool,
    fields: list[Any],
    values: tuple[int, ...],
    rate: int | None,
) -> None:
    fed = [
        (told(write, version, fields, values, domain=domain), (A[0], port)),
        (flows(write, version, [], flow(write)), A),
    ]
    rows, _ = decode(*(fed if first else fed[::-1]))
    assert [row["sampling"] for row in rows] == [rate]


@pytest.mark.parametrize("version", [9, 10])
@pytest.mark.parametrize("sampler", [(48, 1), (302, 8)])
@pytest.mark.parametrize("domain", [7, 8])
def test_each_record_by_its_own_sampler_of_any_domain(
    write: SimpleNamespace, *, version: int, sampler: Any, domain: int
) -> None:
    fields = [(1, 4), sampler, (50, 4)]
    options = told(write, version, fields, (1, 1, 2000), (1, 2, 4000), domain=domain)
    records = [flow(write) + pack([sampler], n) for n in (2, 1, 9, 2)]
    rows, _ = decode(options, flows(write, version, [sampler], *records))
    assert [row["sampling"] for row in rows] == [4000, 2000, None, 4000]


@pytest.mark.parametrize("version", [9, 10])
@pytest.mark.parametrize("rate", [1 << 16, 100 << 16, 1 << 24, 2000 << 16, 255 << 24])
def test_rates_in_the_wrong_byte_order_are_unknown(
    write: SimpleNamespace, *, version: int, rate: int
) -> None:
    by_options = told(write, version, [(1, 4), (34, 4)], (1, rate))
    by_record = flows(write, version, [(34, 4)], flow(write) + rate.to_bytes(4, "big"))
    for fed in ([by_options, flows(write, version, [], flow(write))], [by_record]):
        rows, tally = decode(*fed)
        assert [row["sampling"] for row in rows] == [None]
        assert tally.flagged["implausible sampling"] == 1
        stated = Decoder(Tally(), sampling=100)
        batches = [batch for packet in fed for batch in stated.feed(packet, A)]
        batches += stated.finish()
        assert [batch.rows["sampling"].to_pylist() for batch in batches] == [[100]]


@pytest.mark.parametrize("rate", [1, 100, 65_535, 100_000, 1_000_003])
def test_plausible_rates_of_records_are_used(write: SimpleNamespace, rate: int) -> None:
    rows, _ = decode(flows(write, 9, [(34, 4)], flow(write) + rate.to_bytes(4, "big")))
    assert [row["sampling"] for row in rows] == [rate]


@pytest.mark.parametrize("version", [9, 10])
def test_a_restart_of_one_domain_leaves_the_templates_of_the_other(
    write: SimpleNamespace, *, version: int
) -> None:
    make, kind = (write.v9, 0) if version == 9 else (write.ipfix, 2)
    turned = [(12, 4), (8, 4), *FLOW[2:]]
    data = write.flow_set(256, flow(write))
    plain = write.flow_set(kind, write.template(256, FLOW))
    other = write.flow_set(kind, write.template(256, turned))
    rows, tally = decode(
        make(plain, data, domain=1, sequence=900_000),
        make(plain, data, domain=2, sequence=500_000),
        make(other, data, domain=1, sequence=0, now=write.NOW + 9),  # starts anew, laid out anew
        make(data, domain=2, sequence=500_001, now=write.NOW + 9),
        make(data, domain=1, sequence=1, now=write.NOW + 10),
    )
    by_domain: dict[str, list[str]] = {}
    for row in rows:
        source = address_to_text(row["source_address"])
        by_domain.setdefault(row["observation_point"], []).append(source)
    assert by_domain == {
        "domain 1": ["10.0.0.1", "10.0.0.2", "10.0.0.2"],
        "domain 2": ["10.0.0.1", "10.0.0.1"],
    }
    assert (tally.gaps, tally.flagged["exporter restarted"]) == ([], 1)


def test_two_sightings_of_a_flow_can_be_told_apart(write: SimpleNamespace) -> None:
    record = flow(write)
    both = flows(write, 9, [(61, 1)], record + b"\0", record + b"\1")
    elsewhere = flows(write, 9, [(61, 1)], record + b"\0"), ("192.0.2.2", 2055)
    rows, _ = decode(both, elsewhere)
    places = [(row["exporter"], row["observation_point"]) for row in rows]
    assert len(set(places)) == len(rows) == 3


def test_a_nat_box_s_two_records_name_each_other(write: SimpleNamespace) -> None:
    extra = [(225, 4), (227, 2), (61, 1)]
    inside = flow(write) + pack(extra, 0xC0000201, 61_000, 0)
    outside = pack(FLOW[:3], 0xC0000201, 0x0A000002, 61_000) + flow(write)[10:]
    outside += pack(extra, 0xC0000201, 61_000, 1)
    rows, _ = decode(flows(write, 10, extra, inside, outside))
    assert rows[0]["translated_source_address"] == rows[1]["source_address"]
    assert rows[0]["translated_source_port"] == rows[1]["source_port"]
    assert rows[1]["translated_source_address"] is None
    assert rows[0]["observation_point"] != rows[1]["observation_point"]


@pytest.mark.parametrize("version", [9, 10])
@pytest.mark.parametrize("seconds", [1_799, 1_800, 1_801, 1_830, 86_000])
def test_flows_longer_than_any_timeout_are_kept(
    write: SimpleNamespace, *, version: int, seconds: int
) -> None:
    rows, tally = decode(flows(write, version, [], flow(write, seconds=seconds)))
    assert rows[0]["end_ms"] - rows[0]["start_ms"] == 1000 * seconds
    assert not tally.flagged


@pytest.mark.external
def test_flows_of_real_exporters_lie_beside_their_export(shared_data: Path) -> None:
    """All but those whose exporter says so itself: it has no clock, or sends old flows."""
    far = {}
    for path in sorted((shared_data / "exports" / "logstash_codec_netflow").glob("*.dat")):
        tally = Tally()
        decoder = Decoder(tally)
        batches = [*decoder.feed(path.read_bytes()), *decoder.finish()]
        flagged = {c: n for c, n in tally.flagged.items() if c.startswith("clock: flow")}
        if flagged:
            far[path.name] = sum(flagged.values()), sum(b.rows.num_rows for b in batches)
    assert far == {}
