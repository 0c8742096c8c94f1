"""Export packets of one router, as captures that can be cut anywhere."""

import struct
from collections.abc import Sequence
from pathlib import Path

import duckdb
from tests.read.netflow.conftest import NOW, flow_set, ipfix, template, v9, v9_options
from tests.read.netflow.export_captures import Frame, datagram, ethernet, ipv4, pcap

from folkways.study import Study

FLOW = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (22, 4), (21, 4)]
TURNED = [(12, 4), (8, 4), *FLOW[2:]]
SAMPLED = [*FLOW, (48, 1)]
ROUTER = "192.0.2.7"
_UDP = 17


def flow(number: int, octets: int = 1000, *, turned: bool = False) -> bytes:
    """A record of a member's flow to a remote; ``number`` is its port."""
    ends = (0xCB007109, 0xC6336407) if turned else (0xC6336407, 0xCB007109)
    return struct.pack(">IIHHBIIII", *ends, 10_000 + number, 443, 6, octets, 10, 990_000, 995_000)


def layout(number: int, fields: Sequence[tuple[int, int]] = FLOW) -> bytes:
    return flow_set(0, template(number, fields))


def rate(value: int, sampler: int | None = None) -> bytes:
    """Options template and data that tell a rate, of a sampler or of all."""
    named = [] if sampler is None else [(48, 1)]
    head = v9_options(300, [(1, 4)], [*named, (34, 4)])
    told = struct.pack(">I", 1) + bytes([] if sampler is None else [sampler])
    return flow_set(1, head) + flow_set(300, told + struct.pack(">I", value))


def sent(
    second: int, *sets: bytes, port: int = 40_000, domain: int = 7, router: str = ROUTER
) -> Frame:
    """A v9 packet, sent and captured so many seconds after the first."""
    packet = v9(*sets, domain=domain, now=NOW + second, uptime=1_000_000 + 1000 * second)
    payload = datagram(packet, (port, 2055))
    return (NOW + second) * 1000, ethernet(ipv4(payload, _UDP, router))


def sent_ipfix(second: int, *sets: bytes, port: int = 40_000, domain: int = 7) -> Frame:
    payload = datagram(ipfix(*sets, domain=domain, now=NOW + second), (port, 4739))
    return (NOW + second) * 1000, ethernet(ipv4(payload, _UDP, ROUTER))


def new_study(folder: Path, prefix: str = "198.51.100.0/24") -> Study:
    folder.mkdir(parents=True)
    population = folder / "population.toml"
    population.write_text(f'[[range]]\nprefix = "{prefix}"\n')
    return Study.create(folder / "study", population)


def written(path: Path, frames: Sequence[Frame]) -> str:
    path.write_bytes(pcap(frames))
    return str(path)


def seen(study: Study) -> list[tuple[object, ...]]:
    """Port, bytes, sampling, start and exporter of all rows, in an order of their own."""
    with duckdb.connect() as con:
        study.folder.store.view(con, "o", "observed")
        return con.sql(
            "SELECT coalesce(member_port, 0), bytes_out, bytes_in, sampling, start_ms, exporter "
            "FROM o ORDER BY ALL"
        ).fetchall()


def ports(study: Study) -> dict[int, int | None]:
    """Sampling by what the flows are called."""
    return {int(str(row[0])) - 10_000: row[3] for row in seen(study)}  # type: ignore[misc]
