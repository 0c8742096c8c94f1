"""A record of Azure flow logs as JSON, to groups of tuples that one interface reported."""

from dataclasses import dataclass

import msgspec


class _Tuples(msgspec.Struct, rename="camel"):
    mac: str | None = None
    flow_tuples: list[str] = []


class _Flow(msgspec.Struct, rename="camel"):
    flows: list[_Tuples] = []
    flow_groups: list[_Tuples] = []


class _Flows(msgspec.Struct):
    flows: list[_Flow] = []


class _Record(msgspec.Struct, rename="camel"):
    mac_address: str | None = None
    resource_id: str | None = None
    target_resource_id: str | None = msgspec.field(default=None, name="targetResourceID")
    properties: _Flows | None = None
    flow_records: _Flows | None = None


@dataclass(frozen=True)
class Group:
    """Tuples of one kind (nsg: network security group; vnet: virtual network) and exporter."""

    kind: str
    exporter: str | None
    tuples: list[str]


_DECODER = msgspec.json.Decoder(_Record)


def decode_record(content: bytes) -> _Record:
    """Decode one record.

    Raises:
        msgspec.DecodeError: it is not JSON, or a known key holds something else than it should.
        RecursionError: it is nested absurdly deep.
    """
    return _DECODER.decode(content)


def groups(record: _Record) -> list[Group]:
    """All groups of a record in its order; none if it is of another kind.

    The exporter is the resource whose rules were applied, and the interface: one interface may
    stand under two security groups, which both log the same traffic.
    """
    found: list[Group] = []
    if record.properties is not None:
        for flow in record.properties.flows:
            for inner in flow.flows:
                exporter = _exporter(record.resource_id, inner.mac or record.mac_address)
                found.append(Group("nsg", exporter, inner.flow_tuples))
    if record.flow_records is not None:
        exporter = _exporter(record.target_resource_id, record.mac_address)
        for flow in record.flow_records.flows:
            found += [Group("vnet", exporter, inner.flow_tuples) for inner in flow.flow_groups]
    return found


def _exporter(resource: str | None, mac: str | None) -> str | None:
    name = resource.rpartition("/")[2] if resource else None
    return "/".join(part for part in (name, mac) if part) or None
