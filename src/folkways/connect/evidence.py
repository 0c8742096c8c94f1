"""What the pieces of a connection tell together: who opened it, and whether it was answered."""

from folkways.connect.contest import SENT_IN, SENT_OUT

REPLY_OUT = "packets_out = 1 AND (tcp_flags_out & 18 = 18 OR tcp_flags_out & 63 = 20)"
"""One packet, SYN-ACK or RST-ACK: whoever sends it answers."""

# What is asked of all pieces of a connection, as bits, since one window costs less than ten. Flags
# take eight bits each.
_BITS = {
    "flags_out": (0, "tcp_flags_out"),
    "flags_in": (8, "tcp_flags_in"),
    "syn_ack_out": (16, "packets_out = 1 AND tcp_flags_out & 18 = 18"),
    "syn_ack_in": (17, "packets_in = 1 AND tcp_flags_in & 18 = 18"),
    "syn_out": (18, "tcp_flags_out & 18 = 2"),
    "syn_in": (19, "tcp_flags_in & 18 = 2"),
    "sent_out": (20, f"{SENT_OUT} AND denied IS NOT TRUE"),
    "sent_in": (21, f"{SENT_IN} AND denied IS NOT TRUE"),
    "counted_out": (22, f"({SENT_OUT}) IS NOT NULL"),
    "counted_in": (23, f"({SENT_IN}) IS NOT NULL"),
    "flags_in_known": (24, "tcp_flags_in IS NOT NULL"),
    "sampled": (25, "sampling > 1"),
    "replied_out": (26, REPLY_OUT),
}
EVIDENCE = " | ".join(
    f"(coalesce(({what})::BIGINT, 0) * {1 << bit})" for bit, what in _BITS.values()
)


def _is(*names: str) -> str:
    """Whether any of these bits is set in ``told``."""
    return f"told & {sum(1 << _BITS[name][0] for name in names)} > 0"


TOLD = f"""
    CASE WHEN {_is("sent_out", "counted_out")} THEN {_is("sent_out")} END AS any_out,
    CASE WHEN {_is("sent_in", "counted_in")} THEN {_is("sent_in")} END AS any_in,
    told & 255 AS all_flags_out,
    CASE WHEN {_is("flags_in_known")} THEN told >> {_BITS["flags_in"][0]} & 255 END AS all_flags_in,
    {_is("sampled")} AS any_sampled, {_is("replied_out")} AS replied_out,
    {_is("syn_ack_out")} AS syn_ack_out, {_is("syn_ack_in")} AS syn_ack_in,
    {_is("syn_out")} AS syn_out, {_is("syn_in")} AS syn_in
"""

# Only one side was seen, but it acknowledges, and not by SYN-ACK or RST alone, which a stranger's
# forged packet calls forth too: the other side was there, on a path that was not observed.
ESTABLISHED = """(protocol = 6 AND coalesce(any_out, false) <> coalesce(any_in, false)
    AND (coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 16 = 16
    AND ((coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 9 > 0
         OR (coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 6 = 0))"""

LONE_REPLY = """(protocol = 6 AND replied_out AND NOT coalesce(any_in, false)
    AND coalesce(all_flags_out, 0) & 9 = 0)"""
"""All that was seen is a member's answer: the other side opened, whatever a meter made of it."""

# Who opened, by the order of trust: what the source says; a SYN without ACK on one side only (flags
# of a piece are the OR of its packets', so that most pieces of TCP have both); a lone SYN-ACK; who
# sent first, if that can be told: not by samples, not by equal times, and not by one direction of
# TCP whose sender acknowledges what is missing here.
OPENED_BY = f"""
    CASE WHEN {LONE_REPLY} THEN 'remote'
         WHEN said IS NOT NULL THEN said
         WHEN syn_out AND NOT syn_in THEN 'member'
         WHEN syn_in AND NOT syn_out THEN 'remote'
         WHEN syn_ack_in AND NOT syn_ack_out AND any_out THEN 'member'
         WHEN syn_ack_out AND NOT syn_ack_in AND any_in THEN 'remote'
         WHEN any_sampled OR first_out = first_in OR {ESTABLISHED} THEN NULL
         WHEN first_in IS NULL OR first_out < first_in THEN
             CASE WHEN first_out IS NOT NULL THEN 'member' END
         ELSE 'remote' END
"""

# The first branches of these two are those of most rows, and cost the least.
ANSWERED = f"""
    CASE WHEN any_in AND any_out AND denied IS NULL THEN true
         WHEN denied THEN false
         WHEN any_in IS NULL AND any_out IS NULL THEN NULL
         WHEN any_in AND any_out THEN true
         WHEN {ESTABLISHED} THEN true
         WHEN any_sampled THEN NULL
         WHEN opened_by = 'member' THEN coalesce(any_in, false)
         WHEN opened_by = 'remote' THEN coalesce(any_out, false)
         ELSE false END
"""

NOISE = f"""
    CASE WHEN any_in AND any_out AND seen IS NULL AND denied IS NULL AND NOT internal
              AND NOT envelope AND NOT local THEN 'use'
         WHEN seen IN ('duplicate', 'interim') THEN seen
         WHEN envelope THEN 'envelope'
         WHEN internal THEN 'internal'
         WHEN local THEN 'local'
         WHEN denied THEN 'denied'
         WHEN protocol = 6 AND NOT coalesce(any_out, false) AND NOT any_sampled
              AND all_flags_in & 9 = 0
              AND (all_flags_in & 18 = 18 OR all_flags_in & 4 = 4) THEN 'backscatter'
         WHEN {LONE_REPLY} AND all_flags_out & 4 = 4 THEN 'scan'
         WHEN opened_by = 'remote' AND any_in AND NOT coalesce(any_out, false)
              AND answered IS NOT TRUE THEN 'scan'
         ELSE 'use' END
"""
