"""What stands before the samples of a datagram, and datagrams joined to be parsed together."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from folkways.formats import sflow
from folkways.model.addresses import MAPPED_PREFIX, address_to_text
from folkways.read.capture.frames import PADDING, Integers, Octets
from folkways.read.sflow.walk import walk


class Header(NamedTuple):
    """The header of a datagram."""

    stream: bytes
    """Address of the agent, and its sub-agent: who numbers the datagrams."""
    sequence: int
    uptime_ms: int
    samples: int
    """How many it claims to hold."""
    octets: int


def agent_of(stream: bytes) -> str:
    """The agent's address as text."""
    address = stream[:-4]
    return address_to_text(MAPPED_PREFIX + address if len(address) == 4 else address)


def sub_agent_of(stream: bytes) -> int:
    """Which part of the agent."""
    return int.from_bytes(stream[-4:], "big")


def parse_header(data: bytes) -> Header | None:
    """The header that these octets begin with; None: they are no sFlow version 5."""
    if len(data) < sflow.HEAD.size:
        return None
    version, kind = sflow.HEAD.unpack_from(data)
    octets = sflow.AGENT_OCTETS.get(kind)
    if version != sflow.VERSION or octets is None:
        return None
    at = sflow.HEAD.size + octets
    end = at + sflow.AFTER_AGENT.size
    if len(data) < end:
        return None
    _, sequence, uptime, samples = sflow.AFTER_AGENT.unpack_from(data, at)
    return Header(data[sflow.HEAD.size : at + 4], sequence, uptime, samples, end)


@dataclass
class Datagrams:
    """Datagrams that wait to be parsed together."""

    payloads: list[bytes] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)
    octets: int = 0

    def add(self, payload: bytes, header: Header, time_ms: int = 0, *, late: bool = False) -> None:
        """Take one; ``late``: a later one came before it."""
        self.payloads.append(payload)
        self.headers.append(header)
        self.times_ms.append(time_ms)
        self.late.append(late)
        self.octets += len(payload)

    def joined(self) -> tuple[Octets, Integers, Integers, Integers]:
        """All octets, followed by padding; where each datagram's samples begin; end; their claim.

        The last three are (n,): offsets in the octets, and how many samples the header says.
        """
        data = np.frombuffer(b"".join(self.payloads) + bytes(PADDING), np.uint8)
        sizes = np.array([len(payload) for payload in self.payloads], np.int64)
        head = np.array([[h.octets, h.samples] for h in self.headers], np.int64).reshape(-1, 2)
        end = np.cumsum(sizes)
        return data, end - sizes + head[:, 0], end, head[:, 1]


def octets_of_datagrams(payloads: list[tuple[bytes, bool]]) -> int:
    """How many octets are of whole datagrams: all samples that they claim are there.

    These fill them to the last octet, or are of known kinds and something follows, as some agents
    send it. Each payload comes with whether its end was cut off; then its samples have to reach
    the cut.
    """
    found, cut = Datagrams(), []
    for payload, is_cut in payloads:
        header = parse_header(payload)
        if header is not None and header.samples:
            found.add(payload, header)
            cut.append(is_cut)
    data, at, end, claimed = found.joined()
    walked = walk(data, at, end, claimed)
    sizes = np.array([len(payload) for payload in found.payloads], np.int64)
    odd = np.isin(walked.parts.kind, sflow.SAMPLES, invert=True)
    strange = np.bincount(walked.parts.owner[odd], minlength=len(end)) > 0
    whole = ~walked.cut & ((walked.reached == end) | ~strange)
    partly = walked.cut & np.array(cut, np.bool_) & (walked.parts_of > 0)
    return int(sizes[whole | partly].sum())


def dumped(head: bytes) -> bool:
    """Whether a content begins with a whole datagram, and goes on with another or ends there."""
    header = parse_header(head)
    if header is None or not header.samples:
        return False
    one = Datagrams()
    one.add(head, header)
    walked = walk(*one.joined())
    rest = head[int(walked.reached[0]) :]
    return not walked.cut[0] and (not any(rest[:4]) or parse_header(rest[:64]) is not None)
