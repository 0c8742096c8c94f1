"""Seeds with handshakes: those that tests have by hand, and the least that fits each signature."""

import itertools
import struct
from collections.abc import Iterable, Iterator

from packets import BEGINS, SAYS_SERVER, SYN, TCP, as_conversations
from writers import writer

from folkways.read.capture.signatures import signatures

Said = Iterable[tuple[bool, bytes]]
"""Whether the client speaks, and what it says."""
_TOGETHER = 10
_TCP = 6


def conversation(protocol: int, ports: tuple[int, int], said: Said, *, begun: bool = True) -> bytes:
    """As ``packets.as_conversations`` takes it apart; ``begun``: a SYN of TCP comes first."""
    kind = (TCP | SYN * begun) if protocol == _TCP else 0
    found = b""
    for n, (client, octets) in enumerate(said):
        head = len(octets) | SAYS_SERVER * (not client) | BEGINS * (n == 0)
        found += struct.pack(">H", head)
        found += struct.pack(">BHH", kind, *ports) * (n == 0) + octets
    return found


def payloads() -> Iterator[tuple[str, bytes]]:
    """Some talks a seed."""
    talks = writer("read/capture/handshakes_by_hand.py").TALKS.values()
    yield from _together(
        "talks", (conversation(t.protocol, (40_000, t.port), t.said) for t in talks)
    )
    made = map(writer("read/capture/test_signatures.py").made, signatures())
    flows = (
        conversation(
            flow.protocol,
            flow.ports,
            [(not turn.startswith("other"), octets) for turn, octets in flow.said.items()],
        )
        for flow in made
    )
    yield from _together("signatures", flows)


def captures() -> Iterator[tuple[str, bytes]]:
    """The same as captures."""
    for name, content in payloads():
        yield f"{name}.pcap", as_conversations(content)


def _together(name: str, conversations: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    waiting = iter(conversations)
    for number in itertools.count():
        if not (some := b"".join(itertools.islice(waiting, _TOGETHER))):
            return
        yield f"{name}-{number:02}", some
