"""From payload to what a sensor sees on the wire: packets, IP bytes, states, histories.

Counted as a plain stack would send: full segments, an acknowledgement for every second one, 20
bytes of IPv4 header (40 of IPv6), 20 of TCP and 12 of timestamps, 8 of UDP.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from folkways.simulate.flows import ANSWERED, BACKSCATTER, UNANSWERED, Flows
from folkways.simulate.places import Ints
from folkways.simulate.plan import Plan

TCP_STATES = ("SF", "SF", "RSTO", "RSTR", "S1")
TCP_HISTORIES = ("ShADadFf", "ShADadfF", "ShADadR", "ShADadr", "ShADad")
TCP_SHARES = (0.62, 0.20, 0.08, 0.05, 0.05)
ENDS = len(TCP_STATES)
# After these: UDP answered, TCP and UDP unanswered, backscatter as SYN-ACK and as RST.
STATES = (*TCP_STATES, "SF", "S0", "S0", "OTH", "RSTRH")
HISTORIES = (*TCP_HISTORIES, "Dd", "S", "D", "^h", "^r")


@dataclass(frozen=True)
class Wire:
    """What conn.log says of each flow, opener first; ``state`` is an index into ``STATES``.

    ``silent`` flows are a single packet: Zeek leaves duration and payload unset there.
    """

    udp: npt.NDArray[np.bool_]
    state: Ints
    silent: npt.NDArray[np.bool_]
    up_packets: Ints
    down_packets: Ints
    up_ip_bytes: Ints
    down_ip_bytes: Ints


def on_the_wire(plan: Plan, flows: Flows, draw: np.random.Generator) -> Wire:
    """Packets, bytes and states of flows."""
    count = len(flows.item)
    is_dns = flows.answer >= 0
    udp = plan.ways.udp[flows.way] | is_dns
    outcome = plan.outcome[flows.item]
    end = np.searchsorted(np.cumsum(TCP_SHARES), draw.random(count) * 0.999_999, side="right")
    tries = draw.integers(1, 4, count)
    reset = draw.random(count) < 0.5
    state = np.where(udp, ENDS, end)
    state = np.where(outcome == UNANSWERED, np.where(udp, ENDS + 2, ENDS + 1), state)
    state = np.where(outcome == BACKSCATTER, np.where(reset, ENDS + 4, ENDS + 3), state)
    full = plan.packet[flows.item]
    up, down = np.ceil(flows.up / full), np.ceil(flows.down / full)
    answered = outcome == ANSWERED
    # Handshake and end: SYN, ACK, FIN and SYN-ACK, FIN.
    up_packets = np.where(udp, up, up + np.ceil(down / 2) + 3).astype(np.int64)
    down_packets = np.where(udp, down, down + np.ceil(up / 2) + 2).astype(np.int64)
    tries = np.where(udp, 1, tries)
    up_packets = np.where(answered, up_packets, np.where(outcome == UNANSWERED, tries, 0))
    down_packets = np.where(answered, down_packets, np.where(outcome == UNANSWERED, 0, 1))
    header = np.where(plan.places.is_v6[flows.remote], 40, 20) + np.where(udp, 8, 32)
    # A SYN carries 8 bytes of options more than timestamps; a reset carries none.
    syn = np.where(udp, 0, 8)
    lone = np.where(outcome == UNANSWERED, syn * up_packets, syn)
    probe = np.where(udp & (outcome == UNANSWERED), 60, 0)
    back = np.where(reset, -12, -8)
    return Wire(
        udp=udp,
        state=state,
        silent=(up_packets + down_packets) == 1,
        up_packets=up_packets,
        down_packets=down_packets,
        up_ip_bytes=flows.up
        + np.where(outcome == BACKSCATTER, 0, header * up_packets + lone + probe),
        down_ip_bytes=flows.down
        + np.where(
            outcome == UNANSWERED,
            0,
            header * down_packets + np.where(outcome == BACKSCATTER, back, syn),
        ),
    )
