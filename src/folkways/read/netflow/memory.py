"""What exporters say of their records here, and what is known of it from other sources.

A template or a rate that stands in this source is kept for others; one that is missing here is
looked for there. Each question is kept as well, with the answer that was used: when more is known,
it shows whether the source would be read otherwise.
"""

from typing import NamedTuple

from folkways.model.batches import Tally
from folkways.model.told import ANY_PORT, NO_SAMPLER, Heard, Kind, Need, Told, Topic
from folkways.read.netflow.messages import Exporter

MAX_TOLD = 2_000
"""Answers of one source that are kept for others."""
MAX_NEEDS = 2_000


class _Run(NamedTuple):
    """An answer that was used, and for which time."""

    value: str | None
    first_ms: int
    last_ms: int


class Memory:
    """Answers and questions of one source.

    Args:
        tally: where it is all put at the end.
        heard: what is known from other sources.
        exporter: the name of those whose name is not known.
        patient: the source cannot be read once more: what a sender may still say itself is not
            taken from another one of its address.
    """

    def __init__(
        self,
        tally: Tally,
        heard: Heard | None = None,
        exporter: str | None = None,
        *,
        patient: bool = True,
    ) -> None:
        self._tally = tally
        self._heard = heard or Heard()
        self._patient = patient
        self._unknown = self._heard.name(exporter) if exporter else ""
        self._names: dict[str, str] = {}
        self._said: dict[Topic, list[Told]] = {}
        self._count = 0
        self._needs: dict[tuple[Topic, int], list[_Run]] = {}
        self._need_count = 0

    def name(self, exporter: Exporter) -> str:
        """The exporter as it may be stored; empty if it is not known."""
        if exporter is None:
            return self._unknown
        address = exporter[0]
        found = self._names.get(address)
        if found is None:
            found = self._names[address] = self._heard.name(address)
        return found

    def topic(
        self, kind: Kind, exporter: Exporter, version: int, domain: int, number: int = NO_SAMPLER
    ) -> Topic:
        """What is asked, or told."""
        return Topic(kind, self.name(exporter), version, domain, number)

    def say(self, topic: Topic, value: str, at_ms: int, port: int = ANY_PORT) -> bool:
        """Keep an answer; whether it is another one than this port's last."""
        said = self._said.setdefault(topic, [])
        mine = [i for i, one in enumerate(said) if one.port == port]
        last = said[mine[-1]] if mine else None
        if last is not None and last.value == value:
            first, final = min(last.first_ms, at_ms), max(last.last_ms, at_ms)
            said[mine[-1]] = last._replace(first_ms=first, last_ms=final)
            return False
        if self._count < MAX_TOLD:
            self._count += 1
            said.append(Told(topic, port, value, at_ms, at_ms, self._count))
        else:
            self._tally.flag("not kept for other sources")
        return True

    def find(self, topic: Topic, at_ms: int, port: int = ANY_PORT) -> Told | None:
        """The answer for a time, wherever it was given."""
        return self._heard.find(topic, port, at_ms, self._said.get(topic, ()))

    def at_once(self, topic: Topic, at_ms: int, port: int) -> Told | None:
        """The answer that was there by then, and that need not wait for a better one."""
        told = self.find(topic, at_ms, port)
        if told is None or told.first_ms > at_ms or (self._patient and told.port != port):
            return None
        return told

    def lasts(self, told: Told) -> bool:
        """Whether no other source has another answer for later."""
        later = (one for one in self._heard.about(told.topic) if one.first_ms > told.first_ms)
        return all(one.value == told.value for one in later)

    def rates(self, exporter: Exporter, at_ms: int, *, near: bool) -> dict[int, dict[int, int]]:
        """Rates that other sources tell, by sampler and domain."""
        return self._heard.rates(self.name(exporter), at_ms, near=near)

    def changes(self, exporter: Exporter, first_ms: int, last_ms: int) -> list[int]:
        """When, after the first time and up to the last, others tell that a rate changed."""
        return self._heard.rate_changes(self.name(exporter), first_ms, last_ms)

    def need(
        self, topic: Topic, value: str | None, first_ms: int, last_ms: int, port: int = ANY_PORT
    ) -> None:
        """Keep a question and the answer that was used, as one for as long as that was the same."""
        runs = self._needs.setdefault((topic, port), [])
        for i, run in enumerate(runs):
            if run.value == value:
                first, last = min(run.first_ms, first_ms), max(run.last_ms, last_ms)
                others = (one for one in runs if one.value != value)
                if not any(one.first_ms <= last and first <= one.last_ms for one in others):
                    runs[i] = _Run(value, first, last)
                    return
        if self._need_count >= MAX_NEEDS:
            self._tally.flag("question to other sources not kept")
            return
        self._need_count += 1
        runs.append(_Run(value, first_ms, last_ms))

    def finish(self) -> None:
        """Hand over what was said and asked."""
        self._tally.told += [one for said in self._said.values() for one in said]
        self._tally.needs += [
            Need(topic, port, *run) for (topic, port), runs in self._needs.items() for run in runs
        ]
