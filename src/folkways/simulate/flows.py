"""The flows of one day, drawn as arrays.

Each day has a random stream of its own, so that a day does not depend on the days before it.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from folkways.model.period import Period, day_start_ms
from folkways.simulate.places import V6_RUN, Floats, Ints, generator
from folkways.simulate.plan import OUTCOMES, Plan

HOUR_US = 3_600_000_000
LONGEST_US = 6 * HOUR_US
ALIAS_ZONE = "edge.example"
ANSWERED, UNANSWERED, BACKSCATTER = (OUTCOMES.index(o) for o in OUTCOMES)


@dataclass(frozen=True)
class Flows:
    """Flows as arrays of one length.

    ``start_us`` since 1970 UTC and ``duration_us``; ``member`` and ``remote`` are codes of the
    address table; ``up`` and ``down`` are payload bytes from and to the opener, zero where nothing
    was answered; ``way`` and ``item`` are indices into the plan. A DNS query has the ``way`` of
    the connection that it prepares, since it asks for its host, and the address that it gets as
    ``answer``; other flows have -1 there.
    """

    item: Ints
    way: Ints
    start_us: Ints
    duration_us: Ints
    member: Ints
    remote: Ints
    high_port: Ints
    up: Ints
    down: Ints
    answer: Ints

    def take(self, which: npt.NDArray[np.bool_] | Ints) -> "Flows":
        """Some of them, by a mask or by positions."""
        return Flows(*(getattr(self, f.name)[which] for f in fields(self)))

    def and_also(self, other: "Flows") -> "Flows":
        """These and then the others."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Flows(*(np.concatenate(pair) for pair in pairs))


def draw_day(plan: Plan, number: int, period: Period, rates: Floats, day: int) -> Flows:
    """All flows that start on a local day, in the order in which they end.

    Args:
        plan: the compiled scenario.
        number: of the round.
        period: of the round.
        rates: expected connections by day and item, noise included.
        day: index into the period's days.
    """
    draw = generator(plan.seed, number, "day", day)
    items = np.repeat(np.arange(rates.shape[1]), draw.poisson(rates[day]))
    count = len(items)
    way = plan.ways.choice.draw(items, draw.random(count))
    member = plan.users[number].draw(items, draw.random(count))
    up, down, duration = _sizes(plan, items, draw)
    flows = Flows(
        item=items,
        way=way,
        start_us=_starts(plan, items, period, day, draw),
        duration_us=duration,
        member=member,
        remote=_remotes(plan, number, items, member, draw.random(count)),
        high_port=draw.integers(32_768, 60_999, count),
        up=up,
        down=down,
        answer=np.full(count, -1),
    )
    flows = flows.take(~_in_outage(plan, period, day, flows.start_us))
    queries = _queries(plan, number, flows, draw)
    begin = day_start_ms(period.days[day], period.timezone) * 1000
    queries = queries.take(
        (queries.start_us >= begin) & ~_in_outage(plan, period, day, queries.start_us)
    )
    whole = flows.and_also(queries)
    return whole.take(np.argsort(whole.start_us + whole.duration_us, kind="stable"))


def _starts(plan: Plan, items: Ints, period: Period, day: int, draw: np.random.Generator) -> Ints:
    u, inside = draw.random(len(items)), draw.random(len(items))
    hour = np.zeros(len(items))
    rhythm = plan.rhythm[items]
    for index, edges in enumerate(plan.hours):
        mine = rhythm == index
        hour[mine] = np.minimum(np.searchsorted(edges, u[mine], side="right"), 23)
    begin, end = _bounds(period, day)
    # A local day of 23 or 25 hours is stretched over its real length.
    return begin + ((hour + inside) / 24.0 * (end - begin)).astype(np.int64)


def _bounds(period: Period, day: int) -> tuple[int, int]:
    one = Period(period.days[day], period.days[day], period.timezone)
    return one.start_ms * 1000, one.end_ms * 1000


def _in_outage(plan: Plan, period: Period, day: int, start_us: Ints) -> npt.NDArray[np.bool_]:
    gone = np.zeros(len(start_us), np.bool_)
    hour = (start_us - _bounds(period, day)[0]) // HOUR_US
    for outage in plan.scenario.outage:
        if outage.day == period.days[day]:
            gone |= (hour >= outage.from_hour) & (hour < outage.to_hour)
    return gone


def _remotes(plan: Plan, number: int, items: Ints, member: Ints, u: Floats) -> Ints:
    first, count = plan.remotes(number)
    v4 = first[items] + (u * count[items]).astype(np.int64)
    v6 = plan.v6_first[items] + (u * V6_RUN).astype(np.int64)
    return np.where(plan.places.is_v6[member], v6, v4)


def _sizes(plan: Plan, items: Ints, draw: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Log-normal payloads that go together, and a duration of its own."""
    spread = plan.spread[items]
    one, two, three = draw.standard_normal((3, len(items)))
    up = plan.up[items] * np.exp(spread * one - spread**2 / 2)
    down = plan.down[items] * np.exp(spread * (0.8 * one + 0.6 * two) - spread**2 / 2)
    seconds = plan.seconds[items] * np.exp(0.8 * three - 0.32)
    answered = plan.outcome[items] == ANSWERED
    duration = np.clip((seconds * 1e6).astype(np.int64), 2_000, LONGEST_US)
    return (
        np.where(answered, np.maximum(up.astype(np.int64), 1), 0),
        np.where(answered, np.maximum(down.astype(np.int64), 1), 0),
        np.where(plan.outcome[items] == BACKSCATTER, 0, duration),
    )


def _queries(plan: Plan, number: int, flows: Flows, draw: np.random.Generator) -> Flows:
    """DNS queries that come shortly before connections of members to named hosts.

    Payloads by RFC 1035: a header of 12 bytes, the name in labels, 4 bytes of type and class; the
    answer repeats them and adds an address record with a compressed name, and an alias for some.
    """
    asks = (plan.ways.host[flows.way] >= 0) & ~plan.inwards[flows.item]
    asks &= draw.random(len(asks)) < plan.scenario.dns.share
    asked = flows.take(asks)
    count = len(asked.item)
    item = np.full(count, plan.dns)
    host = plan.ways.host[asked.way]
    length = np.array([len(name) for name in plan.ways.hosts])[host]
    question = 12 + length + 2 + 4
    address = np.where(plan.places.is_v6[asked.remote], 28, 16)
    alias = np.where(aliased(host), 12 + length + 6 + len(ALIAS_ZONE), 0)
    return Flows(
        item=item,
        way=asked.way,
        start_us=asked.start_us - draw.integers(20_000, 900_000, count),
        duration_us=draw.integers(8_000, 200_000, count),
        member=asked.member,
        remote=_remotes(plan, number, item, asked.member, draw.random(count)),
        high_port=draw.integers(32_768, 60_999, count),
        up=question,
        down=question + alias + address,
        answer=asked.remote,
    )


def aliased(host: Ints) -> npt.NDArray[np.bool_]:
    """Which hosts (indices) are aliases of a name in ``ALIAS_ZONE``, as with content networks."""
    return host % 4 == 0
