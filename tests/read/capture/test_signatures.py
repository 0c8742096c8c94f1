"""Every signature as it is written: telling, found as it says, and not when anything is off."""

import datetime as dt
import importlib.resources
import random
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from folkways.read.capture.signatures import TURNS, Signature, Turn, signatures
from folkways.read.capture.signatures_finder import UNRECOGNISED

TELLING_BITS = 32
TCP = 6
SIGNATURES = signatures()
FILLER = 0xA5
START_NS = 1_500_000_000 * 10**9


class Flow(NamedTuple):
    """A flow to be put into a capture: who said what, by turn."""

    protocol: int
    said: dict[str, bytes]
    ports: tuple[int, int] = (40000, 40001)
    syn: bool = True
    snaplen: int = 1 << 16
    source: str = "one"


@pytest.fixture(scope="module")
def labels(
    wire: SimpleNamespace, read: Callable[..., SimpleNamespace]
) -> Callable[[Iterable[Flow]], list[str | None]]:
    """The labels of flows that stand in one capture, in their order; None: of no signature."""

    def labels_of(flows: Iterable[Flow]) -> list[str | None]:
        found = [_packets(wire, flow, number) for number, flow in enumerate(flows)]
        rows = read(wire.pcap(packet for packets in found for packet in packets)).rows
        assert len(rows) == len(found)
        words = [row["sensor_label"] for row in rows]
        return [None if word == UNRECOGNISED else word for word in words]

    return labels_of


def _packets(wire: SimpleNamespace, flow: Flow, number: int) -> list[tuple[int, bytes, int]]:
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    ends = {"one": (address, "192.0.2.1"), "other": ("192.0.2.1", address)}
    ports = {"one": flow.ports, "other": flow.ports[::-1]}
    sequence = {"one": 100, "other": 200}
    packets: list[tuple[int, bytes, int]] = []

    def send(side: str, payload: bytes, flags: int = 0x18) -> None:
        if flow.protocol == TCP:
            body = wire.tcp(flags, payload, *ports[side], seq=sequence[side])
            sequence[side] += len(payload) + (flags & 2) // 2
        else:
            body = wire.udp(payload, *ports[side])
        frame = wire.eth(wire.ipv4(body, flow.protocol, *ends[side]))
        packets.append((START_NS + number * 1000, frame[: flow.snaplen], len(frame)))

    if flow.protocol == TCP and flow.syn:
        send(flow.source, b"", 2)
    for turn in sorted(flow.said, key=lambda turn: not turn.startswith(flow.source)):
        send(turn.removesuffix("_next"), flow.said[turn])
    return packets


def made(signature: Signature) -> Flow:
    """The least that fits a signature; what it does not speak of is filler."""
    said = {name: bytearray(_said(turn)) for name, turn in signature.turns.items()}
    for echo in signature.echoes:
        for name, at in (echo.first, echo.second):
            said[name] += bytes([FILLER]) * (at + echo.octets - len(said[name]))
    for name, turn in signature.turns.items():
        if turn.size is not None:
            size = turn.size
            number = len(said[name]) - size.plus
            order = "little" if size.little else "big"
            said[name][size.at : size.at + size.octets] = number.to_bytes(size.octets, order)  # type: ignore[arg-type]
    for number, echo in enumerate(signature.echoes):
        token = bytes([0x31 + number]) * echo.octets
        for name, at in (echo.first, echo.second):
            said[name][at : at + echo.octets] = token
    ports = [40000, 40001]
    for side, known in signature.ports.items():
        ports[0 if side == "one" else 1] = known[0]
    whole = {name: bytes(message) for name, message in said.items()}
    return Flow(signature.protocol, whole, (ports[0], ports[1]))


def _said(turn: Turn) -> bytes:
    patterns = [*turn.every, *turn.either[:1]]
    reach = max([p.end for p in patterns], default=0)
    if turn.size is not None:
        reach = max(reach, turn.size.at + turn.size.octets, turn.size.plus)
    octets = np.full(reach, FILLER, np.uint8)
    for p in patterns:
        octets[p.at : p.end] = octets[p.at : p.end] & ~p.mask | p.value
    message = octets.tobytes() + b" ".join([*turn.has, *turn.has_either[:1]])
    message += bytes([FILLER]) * (turn.length[0] - len(message))
    return message + bytes([FILLER]) * (-len(message) % turn.multiple)


def telling_bits(signature: Signature) -> int:
    """Bits of what is sent that must be as they are; of alternatives, the least telling one."""
    bits = 16 * len(signature.ports)
    bits += sum(8 * echo.octets for echo in signature.echoes)
    for turn in signature.turns.values():
        bits += sum(int(np.unpackbits(p.mask).sum()) for p in turn.every)
        bits += min((int(np.unpackbits(p.mask).sum()) for p in turn.either), default=0)
        bits += sum(8 * len(text) for text in turn.has)
        bits += min((8 * len(text) for text in turn.has_either), default=0)
        bits += 8 * turn.size.octets if turn.size else 0
        # A length that must be this one, as far as lengths of messages differ at all.
        bits += 8 * (turn.length[0] == turn.length[1])
    return bits


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda s: s.id)
def test_each_is_telling(signature: Signature) -> None:
    assert telling_bits(signature) >= TELLING_BITS
    assert "one" in signature.turns
    assert signature.label == signature.label.lower().strip()


def test_each_has_an_id_of_its_own_and_a_source() -> None:
    text = importlib.resources.files("folkways.read.capture").joinpath("signatures.toml")
    entries: list[dict[str, Any]] = tomllib.loads(text.read_text(encoding="utf-8"))["signature"]
    ids = [entry["id"] for entry in entries]
    assert len(set(ids)) == len(ids) > 100
    known = {"id", "label", "transport", "anywhere", "same", "ports", "source", "checked", *TURNS}
    of_turn = {"octets", "text", "has", "has_either", "length", "multiple", "size"}
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+", entry["id"])
        assert set(entry) <= known
        assert all(set(entry[turn]) <= of_turn for turn in TURNS if turn in entry)
        assert entry["source"]
        assert isinstance(entry["checked"], dt.date)


def test_each_is_found_whoever_is_the_source(labels: Callable[..., Any]) -> None:
    flows = [made(s) for s in SIGNATURES]
    turned = [f._replace(source="other") for f in flows]
    expected = [s.label for s in SIGNATURES]
    assert labels(flows) == expected
    assert labels(turned) == expected


def test_none_is_found_where_any_message_is_missing(labels: Callable[..., Any]) -> None:
    cases = [
        (s, f._replace(said={t: m for t, m in f.said.items() if t != missing}))
        for s in SIGNATURES
        for f in [made(s)]
        for missing in s.turns
        if len(s.turns) > 1
    ]
    found = labels([flow for _, flow in cases])
    wrong = [(s.id, label) for (s, _), label in zip(cases, found, strict=True) if label]
    assert wrong == [("smtp-starttls", "smtp")]


def test_none_is_found_where_a_message_is_cut_short(labels: Callable[..., Any]) -> None:
    cases = [
        (s, f._replace(said=f.said | {turn: f.said[turn][:-1]}))
        for s in SIGNATURES
        for f in [made(s)]
        for turn in s.turns
    ]
    found = labels([flow for _, flow in cases])
    wrong = [(s.id, label) for (s, _), label in zip(cases, found, strict=True) if label]
    assert wrong == [("smtp-starttls", "smtp")]


def test_nothing_is_found_in_captures_cut_to_headers(labels: Callable[..., Any]) -> None:
    # Ethernet, IP and TCP take 54 octets; UDP leaves room for 12.
    cut = [(s, made(s)._replace(snaplen=54)) for s in SIGNATURES]
    for (s, _), label in zip(cut, labels([flow for _, flow in cut]), strict=True):
        short = s.protocol != TCP and max(turn.reach for turn in s.turns.values()) <= 12
        assert label is None or (short and label == s.label)


def test_none_is_found_where_one_octet_is_off(labels: Callable[..., Any]) -> None:
    cases = []
    for s in SIGNATURES:
        flow = made(s)
        for name, turn in s.turns.items():
            for p in turn.every:
                for at in np.flatnonzero(p.mask).tolist():
                    message = bytearray(flow.said[name])
                    message[p.at + at] ^= int(p.mask[at]) & -int(p.mask[at])
                    cases.append((s, flow._replace(said=flow.said | {name: bytes(message)})))
    found = labels([flow for _, flow in cases])
    wrong = {(s.id, label) for (s, _), label in zip(cases, found, strict=True) if label}
    # ff and fe, by which versions of SMB differ, differ in one bit.
    assert wrong == {("smb1", "smbv23"), ("smb2", "smbv1")}


def test_none_is_found_on_other_ports_or_without_a_beginning(labels: Callable[..., Any]) -> None:
    moved = [made(s)._replace(ports=(40000, 40001)) for s in SIGNATURES if s.ports]
    late = [made(s)._replace(syn=False) for s in SIGNATURES if s.begun]
    early = [made(s)._replace(syn=False) for s in SIGNATURES if s.protocol == TCP and not s.begun]
    assert set(labels(moved)) == {None}
    assert set(labels(late)) == {None}
    assert None not in labels(early)


def test_zeros_are_no_echo(labels: Callable[..., Any]) -> None:
    flows = []
    for s in SIGNATURES:
        if s.echoes:
            flow = made(replace(s, echoes=()))
            said = {name: bytearray(message) for name, message in flow.said.items()}
            for echo in s.echoes:
                for name, at in (echo.first, echo.second):
                    said[name][at : at + echo.octets] = bytes(echo.octets)
            flows.append(flow._replace(said={name: bytes(m) for name, m in said.items()}))
    assert set(labels(flows)) == {None}


def test_noise_has_no_label(labels: Callable[..., Any]) -> None:
    noise = random.Random(7)  # noqa: S311  # not for secrets
    flows = [
        Flow(
            noise.choice([6, 17]),
            {turn: noise.randbytes(noise.randrange(1, 400)) for turn in TURNS},
            (noise.choice([53, 123, 161, 500, 4500, 40000]), noise.choice([53, 443, 514, 1812])),
        )
        for _ in range(3_000)
    ]
    assert set(labels(flows)) == {None}
