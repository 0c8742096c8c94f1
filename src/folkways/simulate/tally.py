"""What was really drawn, counted beside the writing: exact sums for tests to compare with."""

import numpy as np

from folkways.model.period import Period
from folkways.simulate.flows import ANSWERED, Flows
from folkways.simulate.packets import Wire
from folkways.simulate.places import Ints
from folkways.simulate.plan import Plan

USE = ("service", "hidden", "unknown", "abroad")


class Tally:
    """Counts of one round.

    ``connections`` and ``ip_bytes`` (both directions) have the shape (days, items), as has
    ``members`` (distinct members that day); ``rhythm`` (weekday from Monday, local hour) and
    ``countries`` (as in the places) count connections of use.
    """

    def __init__(self, plan: Plan, period: Period) -> None:
        shape = (len(period.days), len(plan.scenario.item))
        self.period = period
        self.connections = np.zeros(shape, np.int64)
        self.answered = np.zeros(shape, np.int64)
        self.ip_bytes = np.zeros(shape, np.int64)
        self.members = np.zeros(shape, np.int64)
        self.rhythm = np.zeros((7, 24), np.int64)
        self.countries = np.zeros(len(plan.places.countries), np.int64)
        self.used_by: list[Ints] = [np.zeros(0, np.int64)] * shape[1]
        self._plan = plan
        self._use = np.array([item.kind in USE for item in plan.scenario.item])

    def add(self, day: int, flows: Flows, wire: Wire) -> None:
        """Count a day's flows."""
        plan, items = self._plan, self.connections.shape[1]
        self.connections[day] = np.bincount(flows.item, minlength=items)
        answered = plan.outcome[flows.item] == ANSWERED
        self.answered[day] = np.bincount(flows.item[answered], minlength=items)
        # bincount adds in double precision, which is exact below 2**53 bytes a day.
        ip_bytes = np.bincount(flows.item, wire.up_ip_bytes + wire.down_ip_bytes, items)
        self.ip_bytes[day] = ip_bytes.astype(np.int64)
        pairs = np.unique(flows.item * plan.places.members + flows.member)
        owner = pairs // plan.places.members
        self.members[day] = np.bincount(owner, minlength=items)
        for item in np.unique(owner):
            these = pairs[owner == item] % plan.places.members
            self.used_by[item] = np.union1d(self.used_by[item], these)
        used = flows.take(self._use[flows.item])
        one = Period(self.period.days[day], self.period.days[day], self.period.timezone)
        spent = used.start_us / 1000 - one.start_ms
        hour = (24 * spent / (one.end_ms - one.start_ms)).astype(np.int64)
        self.rhythm[one.first.weekday()] += np.bincount(hour, minlength=24)
        self.countries += np.bincount(
            plan.places.country[used.remote], minlength=len(self.countries)
        )
