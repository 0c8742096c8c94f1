"""What is simulated is what the other stages can read: Zeek's reader, lists, the catalogue."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.importing import import_list
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import find_sources
from folkways.read.zeek.reader import ZeekReader
from folkways.simulate import Simulated
from folkways.simulate.rates import ways
from folkways.simulate.scenario import load, names

PROTOCOLS = {"tcp": 6, "udp": 17}


def test_the_zeek_reader_reads_all_of_it(small: Simulated, small_truth: dict[str, Any]) -> None:
    tally, rows, octets = Tally(), Counter[str](), 0
    for source in find_sources([str(one.folder) for one in small.rounds]):
        for batch in ZeekReader().read(source, ReadOptions(), tally):
            rows[batch.kind] += batch.rows.num_rows
            if batch.kind == "records":
                for side in ("bytes_forward", "bytes_reverse"):
                    octets += sum(batch.rows[side].to_pylist())
    days = [day for found in small_truth["days"].values() for day in found.values()]
    counts = [count for day in days for count in day.values()]
    assert rows["records"] == sum(connections for connections, _, _ in counts)
    assert octets == sum(size for _, size, _ in counts)
    assert rows["answers"] == sum(day["dns"][0] for day in days)
    # Handshakes without a name, and nothing else, give no row.
    assert set(tally.skipped) == {"no name"}


@pytest.mark.parametrize("name", names())
def test_the_catalogue_knows_the_items_as_the_truth_does(name: str) -> None:
    """Services by their hosts and ports, with operator and function; the rest not.

    A VPN's port names it only where little else uses it; its addresses are on a list.
    """
    catalogue = Catalogue.load()
    for item in load(name).item:
        known = item.kind == "service" or item.id == "ipsec"
        if item.kind == "service":
            service = catalogue.services[item.id]
            assert (service.operator, service.function) == (item.operator, item.function)
        for transport, port, _, host, _ in ways(item):
            if item.kind in {"noise", "excluded"}:
                continue
            rule = catalogue.match_name(host) if host else None
            if not host and port not in {80, 443}:
                rule = catalogue.port_rules.get((PROTOCOLS[transport], port))
            assert (rule.service if rule else None) == (item.id if known else None), host or port


def test_the_lists_can_be_imported(small: Simulated, tmp_path: Path) -> None:
    for one in small.reference:
        done = import_list(
            one.path,
            tmp_path,
            kind=one.kind,
            source=one.source,
            first=one.first,
            last=one.last,
            licence=one.licence,
        )
        assert done.rows > 0
        assert not done.skipped
    manifests = [tomllib.loads(path.read_text("utf-8")) for path in tmp_path.glob("*.toml")]
    assert len(manifests) == len(small.reference)
