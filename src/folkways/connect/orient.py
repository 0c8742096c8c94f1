"""Turn source and destination into member and remote, by the population's address space alone.

Ports never decide which side is the member, nor who opened (see ``docs/ontology.md``). Addresses
are still real here; the study pseudonymises them before anything is written.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.connect.membership import OUTSIDE, Membership
from folkways.connect.sides import (
    Flags,
    Ranges,
    Sides,
    by_side,
    first_sender,
    opener,
    valid,
)
from folkways.connect.translation import SIDES, as_the_population_sees, has_translations
from folkways.model.addresses import address_from_text, addresses_from_numpy, addresses_to_numpy
from folkways.model.period import DAY_MS, EPOCH
from folkways.model.population import Population

LATEST_MS = 7_258_118_400_000  # the year 2200; a later time is a broken clock, not a flow
_DIRECTED = ("bytes", "packets", "tcp_flags")
_KEPT = (
    "protocol",
    "begins",
    "flows",
    "uid",
    "parent_uid",
    "cumulative",
    "exclusive",
    "denied",
    "name_source",
    "sensor_label",
    "sampling",
    "exporter",
    "observation_point",
)
_TRANSLATED = (
    "translated_member",
    "translated_remote",
    "translated_member_port",
    "translated_remote_port",
)

_ENDS = tuple(f"{prefix}{side}_address" for prefix in ("", "translated_") for side in SIDES)
NEITHER = "neither side in the population"
_LIKE_ADDRESS = r"(^|,)\s*[0-9.]+\s*(,|$)|:"
BROADCAST = "only a network's or broadcast address of the population"


@dataclass(frozen=True)
class Oriented:
    """Columns by the names of ``observed`` (without ``source``), still with real addresses.

    ``member_id`` is text where the source gave an id instead of an address; ``internal`` rows
    have a member's address as remote too. ``dropped`` counts the rows left out, by cause.
    """

    columns: dict[str, pa.Array]
    member_id: pa.Array
    rows: int
    dropped: Counter[str]
    flagged: Counter[str]


class Orienter:
    """Orients batches for one population.

    ``name_for`` gives the text that stands for a member's address where one turns up as a host
    name (HTTP hosts are sometimes addresses).
    """

    def __init__(self, population: Population, name_for: Callable[[bytes], str]) -> None:
        self._population = population
        ranges = population.ranges
        if population.anonymised:
            # The last bits were replaced too: no address can be told to be that of a broadcast.
            ranges = tuple(replace(r, subnet=False) for r in ranges)
        self._members = Membership(ranges)
        self._excluded = Membership(population.excludes)
        self._labels = pa.array([r.text for r in population.ranges], pa.string())
        self._name_for = name_for

    def orient(self, rows: pa.RecordBatch) -> Oriented:
        """Orient a batch of ``records``.

        Rows with no side inside the population, with an excluded side, or with a time that no
        clock could mean are dropped and counted. Where an address was translated (NAT), a side is
        inside if it is so before or after.
        """
        start = rows["start_ms"].to_numpy()
        excluded = self.excluded(rows, start, _ENDS)
        if has_translations(rows):
            rows = as_the_population_sees(
                rows, start, self._members, anonymised=self._population.anonymised
            )
        sides = self._sides(rows, start)
        keep, dropped = self._keep(rows, start, sides, excluded)
        if not keep.all():
            rows = rows.filter(pa.array(keep))
            start = start[keep]
            sides = sides.take(keep)
        return self._columns(rows, start, sides, dropped)

    def excluded(
        self, rows: pa.RecordBatch, start: npt.NDArray[np.int64], columns: Sequence[str]
    ) -> Ranges:
        """(n,) which exclusion holds one of the addresses in ``columns``, OUTSIDE if none does."""
        found = np.full(len(start), OUTSIDE, np.int32)
        if not self._population.excludes:
            return found
        for name in columns:
            if rows[name].null_count < len(start):
                here = self._excluded.find(*addresses_to_numpy(rows[name]), start)
                found = np.where(found == OUTSIDE, here, found)
        return found

    def count_excluded(self, excluded: Ranges, keep: Flags) -> Counter[str]:
        """How many of the rows that are kept otherwise are excluded, by reason."""
        places, counts = np.unique(excluded[keep & (excluded != OUTSIDE)], return_counts=True)
        dropped: Counter[str] = Counter()
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            dropped[f"excluded: {self._population.excludes[place].text}"] += count
        return dropped

    def strange(self, rows: pa.RecordBatch, columns: Sequence[str]) -> Flags:
        """(n,) rows all of whose addresses are known and outside the population at their time."""
        start = rows["start_ms"].to_numpy()
        found = np.ones(len(start), np.bool_)
        for name in columns:
            octets, known = addresses_to_numpy(rows[name])
            found &= known & (self._members.find(octets, known, start) == OUTSIDE)
        return found

    def only_members(self, addresses: pa.Array, start: pa.Array) -> pa.Array:
        """The addresses that are members' at their time; null for the others."""
        octets, known = addresses_to_numpy(addresses)
        return addresses_from_numpy(octets, self._members.holds(octets, known, start.to_numpy()))

    def _sides(self, rows: pa.RecordBatch, start: npt.NDArray[np.int64]) -> Sides:
        found, hosts = [], []
        for name in ("source_address", "destination_address"):
            octets, known = addresses_to_numpy(rows[name])
            found.append(self._members.find(octets, known, start))
            hosts.append((found[-1] != OUTSIDE) & ~self._members.no_hosts(octets, found[-1]))
        return Sides(found[0], found[1], hosts[0], hosts[1])

    def _keep(
        self,
        rows: pa.RecordBatch,
        start: npt.NDArray[np.int64],
        sides: Sides,
        excluded: Ranges,
    ) -> tuple[Flags, Counter[str]]:
        dropped: Counter[str] = Counter()
        keep = (start >= 0) & (start < LATEST_MS)
        dropped["time out of range"] = int((~keep).sum())
        by_id = valid(rows["source_member"])
        member = by_id | sides.source_host | sides.destination_host
        inside = (sides.source != OUTSIDE) | (sides.destination != OUTSIDE)
        dropped[NEITHER] = int((keep & ~member & ~inside).sum())
        dropped[BROADCAST] = int((keep & ~member & inside).sum())
        keep &= member
        dropped += self.count_excluded(excluded, keep)
        return keep & (excluded == OUTSIDE), +dropped

    def _columns(
        self,
        rows: pa.RecordBatch,
        start: npt.NDArray[np.int64],
        sides: Sides,
        dropped: Counter[str],
    ) -> Oriented:
        by_id = valid(rows["source_member"])
        from_member = by_id | sides.source_host
        internal = ~by_id & (sides.source != OUTSIDE) & (sides.destination != OUTSIDE)
        forward = pa.array(from_member)
        ranges = np.where(sides.source_host, sides.source, sides.destination)

        def pick(out: str, into: str) -> tuple[pa.Array, pa.Array]:
            a, b = rows[out], rows[into]
            if a.null_count + b.null_count == 2 * len(a):
                return a, b
            return pc.if_else(forward, a, b), pc.if_else(forward, b, a)

        columns = {name: rows[name] for name in _KEPT}
        columns["day"] = day_names(start)
        columns["start_ms"] = rows["start_ms"]
        backwards = rows["end_ms"].to_numpy() < start
        columns["end_ms"] = pc.max_element_wise(rows["start_ms"], rows["end_ms"])
        columns["flaws"] = _flag(rows["flaws"], backwards, "clock")
        columns["member"], columns["remote"] = by_side(
            rows["source_address"], rows["destination_address"], from_member
        )
        _, columns["remote_asn"] = pick("source_asn", "destination_asn")
        _, columns["remote_country"] = pick("source_country", "destination_country")
        columns["member_port"], columns["remote_port"] = pick("source_port", "destination_port")
        for measure in _DIRECTED:
            columns[f"{measure}_out"], columns[f"{measure}_in"] = pick(
                f"{measure}_forward", f"{measure}_reverse"
            )
        columns["member_range"] = self._range_labels(ranges)
        columns["opened_by"] = opener(rows["initiator"], from_member)
        columns["sent_first"] = first_sender(rows, from_member)
        columns["internal"] = pa.array(internal)
        columns["name"] = self.clean_names(rows["name"])
        columns |= self._translated(rows, start, from_member)
        flagged = Counter({"ends before it starts": int(backwards.sum())})
        return Oriented(columns, rows["source_member"], rows.num_rows, dropped, +flagged)

    def _translated(
        self, rows: pa.RecordBatch, start: npt.NDArray[np.int64], from_member: Flags
    ) -> dict[str, pa.Array]:
        """Addresses and ports after translation; a member's only where it is a member's again."""
        ends = [rows[f"translated_{side}_address"] for side in ("source", "destination")]
        ports = [rows[f"translated_{side}_port"] for side in ("source", "destination")]
        if all(column.null_count == len(column) for column in (*ends, *ports)):
            return dict(zip(_TRANSLATED, (*ends, *ports), strict=True))
        member, remote = by_side(ends[0], ends[1], from_member)
        octets, known = addresses_to_numpy(member)
        counted = self._members.holds(octets, known, start)
        forward = pa.array(from_member)
        found = (
            addresses_from_numpy(octets, counted),
            remote,
            pc.if_else(forward, *ports),
            pc.if_else(forward, *reversed(ports)),
        )
        return dict(zip(_TRANSLATED, found, strict=True))

    def _range_labels(self, ranges: npt.NDArray[np.int32]) -> pa.Array:
        if not len(self._labels):
            return pa.nulls(len(ranges), pa.string())
        return self._labels.take(pa.array(ranges, mask=ranges == OUTSIDE))

    def clean_names(self, names: pa.Array) -> pa.Array:
        """Host names in which a member's address, written as a host, is replaced.

        A text may hold several names, comma between.
        """
        encoded = names.dictionary_encode()
        texts = encoded.dictionary
        doubtful = pc.match_substring_regex(texts, _LIKE_ADDRESS)
        if not pc.any(doubtful).as_py():
            return names
        cleaned = [
            ",".join(map(self._clean, text.split(",")))
            for text in texts.filter(doubtful).to_pylist()
        ]
        texts = pc.replace_with_mask(texts, doubtful, pa.array(cleaned, pa.string()))
        return texts.take(encoded.indices)

    def _clean(self, name: str) -> str:
        address = address_from_text(name)
        if address is None or not self.holds(pa.array([address], pa.binary(16)))[0]:
            return name
        return self._name_for(address)

    def holds(self, addresses: pa.Array) -> Flags:
        """(n,) true where an address belongs to the population at any time."""
        return self._members.find(*addresses_to_numpy(addresses)) != OUTSIDE


def day_names(start: npt.NDArray[np.int64]) -> pa.Array:
    """The UTC day of each instant as YYYY-MM-DD."""
    days, place = np.unique(start // DAY_MS, return_inverse=True)
    texts = np.datetime_as_string(np.datetime64(EPOCH) + days.astype("timedelta64[D]"))
    if len(texts) == 1:
        return pa.repeat(pa.scalar(str(texts[0])), len(start))
    return pa.array(texts.tolist(), pa.string()).take(pa.array(place.reshape(-1)))


def _flag(flaws: pa.Array, where: Flags, flaw: str) -> pa.Array:
    if not where.any():
        return flaws
    added = pc.if_else(pc.is_valid(flaws), pc.binary_join_element_wise(flaws, flaw, ","), flaw)
    return pc.if_else(pa.array(where), added, flaws)
