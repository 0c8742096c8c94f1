"""Flow records as tshark dissects them, from its XML; the oracle for exports in captures."""

import datetime as dt
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from folkways.model.addresses import address_from_text


class Flow(NamedTuple):
    """What is compared; None: tshark does not show it."""

    source: bytes | None
    destination: bytes | None
    source_port: int | None
    destination_port: int | None
    protocol: int | None
    octets: int | None
    packets: int | None


class Record(NamedTuple):
    exporter: str
    frame: int
    flow: Flow
    start_ms: int | None
    end_ms: int | None


def dissected(program: str, capture: Path) -> list[Record]:
    """All data records with an address, in capture order; UDP port 2055 is taken for NetFlow."""
    shown = subprocess.run(
        [program, "-r", str(capture), "-d", "udp.port==2055,cflow", "-T", "pdml"],
        check=True,
        capture_output=True,
    ).stdout
    return [r for packet in ET.fromstring(shown).iter("packet") for r in _records(packet)]  # noqa: S314  # tshark's own output


def _records(packet: ET.Element) -> list[Record]:
    found = []
    for export in packet.iterfind("proto[@name='cflow']"):
        header = _values(export)
        for record in export.iter("field"):
            name = record.get("show") or ""
            if not record.get("name") and name.startswith(("Flow ", "pdu ")):
                values = _values(record)
                flow = _flow(values)
                if flow.source or flow.destination:
                    exporter, frame = _shown(packet, "ip.src"), int(_shown(packet, "frame.number"))
                    found.append(Record(exporter, frame, flow, *_times(values, header)))
    return found


def _shown(packet: ET.Element, name: str) -> str:
    field = packet.find(f".//field[@name='{name}']")
    assert field is not None
    return str(field.get("show"))


def _values(element: ET.Element) -> dict[str, str]:
    """The first of each kind of field, but of ``cflow.`` only its name's end."""
    found: dict[str, str] = {}
    for field in element.iter("field"):
        name = (field.get("name") or "").removeprefix("cflow.")
        found.setdefault(name, field.get("show") or "")
    return found


def _flow(values: dict[str, str]) -> Flow:
    def number(*names: str) -> int | None:
        return next((int(values[name]) for name in names if name in values), None)

    # Some exporters have fields for both families, and fill one.
    kind = "v6" if values.get("srcaddrv6", "::") != "::" else ""
    return Flow(
        address_from_text(values.get(f"srcaddr{kind}", "")),
        address_from_text(values.get(f"dstaddr{kind}", "")),
        number("srcport"),
        number("dstport"),
        number("protocol"),
        number("octets", "permanent_octets", "initiator_octets"),
        number("packets", "permanent_packets"),
    )


def _times(values: dict[str, str], header: dict[str, str]) -> tuple[int | None, int | None]:
    """Absolute ones as tshark shows them, uptimes by the header's."""
    now = None
    if "unix_secs" in header and "sysuptime" in header:
        nanos = round(float(header.get("unix_nsecs", 0)))
        now = int(header["unix_secs"]) * 1000 + nanos // 10**6
        now -= round(float(header["sysuptime"]) * 1000)
    found: list[int | None] = []
    for side in ("start", "end"):
        uptime, moment = values.get(f"time{side}"), values.get(f"abstime{side}")
        if moment:
            found.append(_moment(moment))
        elif uptime and now is not None:
            found.append(now + round(float(uptime) * 1000))
        else:
            found.append(None)
    return found[0], found[1]


def _moment(text: str) -> int:
    text = " ".join(text.removesuffix(" UTC").split())
    whole, _, fraction = text.partition(".")
    when = dt.datetime.strptime(whole + " +0000", "%b %d, %Y %H:%M:%S %z")
    return round(when.timestamp()) * 1000 + int(fraction[:3] or 0)
