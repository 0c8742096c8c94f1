"""Export packets to batches of flows, whoever hands them over: a file here, or a capture.

Data sets are gathered by exporter, domain and template and become batches together, so that Python
runs once a packet and numpy once a batch.
"""

from collections.abc import Generator, Iterable, Iterator

from folkways.formats.ipfix import IPFIX, V5, V9, elements
from folkways.model.batches import Batch, Tally
from folkways.read.netflow.clocks import Clocks
from folkways.read.netflow.groups import HEAD, Group
from folkways.read.netflow.kept_back import count_kept_back
from folkways.read.netflow.memory import Memory
from folkways.read.netflow.messages import DataSet, Exporter, Key, only_set, parse_header
from folkways.read.netflow.options import Facts
from folkways.read.netflow.origin import Origin
from folkways.read.netflow.places import HEAD_OCTETS, Place, Places, Sent
from folkways.read.netflow.rows import make_rows
from folkways.read.netflow.sessions import Sessions, sets
from folkways.read.netflow.templates import Template
from folkways.read.netflow.walk import split
from folkways.read.reader import BATCH_ROWS
from folkways.read.serial import MODULUS

MAX_PENDING = 32 << 20
"""Octets gathered before all of it becomes batches."""
_SET_COST = 300
"""Octets that a gathered set takes beside its content."""
_UPTIMES = frozenset(elements()[name] for name in ("flowStartSysUpTime", "flowEndSysUpTime"))
_NAMES = {V5: "NetFlow v5", V9: "NetFlow v9", IPFIX: "IPFIX"}


class Decoder:
    """Decodes export packets of any number of exporters, in the order in which they were sent.

    ``feed`` each packet and take the batches that it yields; ``finish`` gives the rest. The rate
    and the names that exporters announce apply to records that are gathered at that moment and to
    all later ones; a changed rate applies to later ones only.
    ``sampling``, 1 in N, is what a person states for all exporters; it wins over what they say.
    ``memory`` knows what exporters said in other sources.
    """

    def __init__(
        self,
        tally: Tally,
        *,
        sampling: int | None = None,
        batch_rows: int = BATCH_ROWS // 2,
        memory: Memory | None = None,
    ) -> None:
        self._tally = tally
        self._batch_rows = batch_rows
        self._memory = memory or Memory(tally)
        self._sessions = Sessions(tally, self._memory)
        self._facts = Facts(tally, stated_rate=sampling, memory=self._memory)
        self._clocks = Clocks(tally)
        # Groups of templates that others told and that change later; see ``DataSet.lasting``.
        self._passing: dict[Key, Group] = {}
        self._places, self._again = Places(tally), Places(tally)
        self._pending: list[Group] = []
        self._packets = dict.fromkeys(_NAMES, 0)
        self._rows = 0
        self._octets = 0

    def feed(
        self, packet: bytes, exporter: Exporter = None, received_ms: int | None = None
    ) -> Iterator[Batch]:
        """Take one export packet, the payload of one datagram or one message.

        Args:
            packet: its octets.
            exporter: address and port of its sender; None: not known.
            received_ms: when it arrived, ms since 1970 UTC, if known; only used to notice an
                exporter whose clock is off.
        """
        if received_ms is not None:
            place = self._clocks.moved(packet, exporter, received_ms)
            if place is not None:
                # What was gathered by the clock as it was stays in groups of its own.
                self._clocks.turn(place)
                self._places.part(place)
        return self.feed_all((packet,), exporter)

    def feed_all(self, packets: Iterable[bytes], exporter: Exporter = None) -> Iterator[Batch]:
        """Take many export packets of one sender."""
        take = self._take
        for packet in packets:
            if not take(packet, exporter):
                yield from self._take_apart(packet, exporter)
            if self._rows >= self._batch_rows or self._octets > MAX_PENDING:
                yield from self.flush()

    def flush(self) -> Iterator[Batch]:
        """What was gathered so far, as batches."""
        groups, self._pending = self._pending, []
        self._rows = self._octets = 0
        for version, packets in self._packets.items():
            if packets:
                self._tally.versions[_NAMES[version]] += packets
                self._packets[version] = 0
        for group in groups:
            if group.template.variable:
                self._tally.skip("cut record", group.walk())
        self._places.end_of_batch()
        self._again.end_of_batch()
        for group in groups:
            batch = self._make(group)
            group.clear()
            if batch is not None:
                yield batch

    def finish(self) -> Iterator[Batch]:
        """The rest; data whose template never came is counted."""
        yield from self.late()
        yield from self.flush()
        self._sessions.lender.close(self._places.last_header)
        self._places.finish()
        count_kept_back(self._sessions, self._tally)
        self._memory.finish()

    def late(self) -> Iterator[Batch]:
        """When all packets were fed: the data that waited, if anyone else has its template."""
        for data in self._sessions.late():
            if data.template.options:
                yield from self._learn(data, late=True)
            else:
                self._gather(data)

    @property
    def missed(self) -> bool:
        """Whether data came before its template, more than could wait for it.

        Then the same packets can be fed again to ``feed_again``, after ``late`` and before
        ``finish``.
        """
        return any(m.template and m.lost for m in self._sessions.missed.values())

    def feed_again(self, packet: bytes, exporter: Exporter = None) -> Iterator[Batch]:
        """Take a packet a second time: only the data that was missed becomes rows."""
        header = parse_header(packet)
        if header is None or header.version == V5:
            return
        self._octets += len(packet) + _SET_COST
        if self._again.at(exporter, header).again(packet):
            return
        end = min(len(packet), header.claimed) if header.version == IPFIX else len(packet)
        for number, content in sets(packet, header.octets, end, Tally()):
            missed = self._sessions.missed.get((exporter, header.version, header.domain, number))
            if missed is None or missed.template is None:
                continue
            if missed.held:
                missed.held -= 1
            elif missed.lost:
                missed.lost -= 1
                data = DataSet(exporter, header, missed.template, bytes(content))
                if missed.template.options:
                    yield from self._learn(data, late=True)
                else:
                    self._gather(data)
        if self._rows >= self._batch_rows or self._octets > MAX_PENDING:
            yield from self.flush()

    def _take(self, packet: bytes, exporter: Exporter) -> bool:
        """Gather the usual packet: one data set of a known layout, with the expected number.

        False: it is another one, and nothing was done.
        """
        told = only_set(packet)
        if told is None:
            return False
        version, domain, sequence, number, octets = told
        place = self._places.known.get((exporter, version, domain))
        if place is None or place.numbering.by_flows:
            return False
        group = place.groups.get(number)
        if group is None or place.deferred:
            group = group or place.walked.get(number)
            return group is not None and self._take_later(place, group, packet)
        count = octets // group.octets
        if place.numbering.expected != sequence or not count:
            return False
        units = 1 if version == V9 else count
        place.numbering.expected = (sequence + units) % MODULUS
        place.numbering.last = packet
        # A number that goes on is of no packet that came before.
        place.recent[packet[:HEAD_OCTETS]] = packet
        self._packets[version] += 1
        if not group.pieces:
            self._pending.append(group)
        group.pieces.append(packet)
        group.counts.append(count)
        self._rows += count
        self._octets += len(packet) + _SET_COST
        return True

    def _take_later(self, place: Place, group: Group, packet: bytes) -> bool:
        """Gather a packet whose number is judged when the records before it were counted."""
        if place.again(packet):
            self._tally.flag("export packet that came twice")
            return True
        self._packets[group.version] += 1
        self._add(group, packet)
        place.deferred.append(Sent(packet, 0, [(group.counts, len(group.counts) - 1)]))
        return True

    def _take_apart(self, packet: bytes, exporter: Exporter) -> Iterator[Batch]:
        """Take any other packet set by set."""
        header = parse_header(packet)
        if header is None:
            self._tally.skip("no export packet")
            return
        self._octets += len(packet) + _SET_COST
        place = self._places.at(exporter, header)
        if place.again(packet):
            self._tally.flag("export packet that came twice")
            return
        self._packets[header.version] += 1
        unknown, units = self._sessions.unknown, 0
        counts: list[tuple[list[int], int]] = []
        later = False
        for data in self._sessions.feed(packet, exporter, header):
            self._drop_gone()
            own = data.header is header
            if data.template.options:
                units += (yield from self._learn(data, late=not own)) * own
                continue
            group = self._gather(data)
            if own:
                counts.append((group.counts, len(group.counts) - 1))
                later = later or data.template.variable
        self._drop_gone()
        sure = self._sessions.unknown == unknown
        sent = Sent(packet, units if sure else None, counts)
        self._places.number(place, sent, exporter, later=later)

    def _drop_gone(self) -> None:
        if self._sessions.gone:
            self._places.drop(self._sessions.gone)
            self._sessions.gone.clear()

    def _learn(self, data: DataSet, *, late: bool = False) -> Generator[Batch, None, int]:
        records, cut = split(data.template, data.content)
        self._tally.records += len(records)
        self._tally.skip("options record", len(records))
        self._tally.skip("cut record", int(cut))
        for values in records:
            # One rate a place is kept: what was sampled at the old one is made into rows first.
            if not late and self._facts.changes(data, values):
                yield from self.flush()
            self._facts.learn(data, values, late=late)
        return len(records)

    def _gather(self, data: DataSet) -> Group:
        template, version, domain = data.template, data.header.version, data.header.domain
        place = self._places.at(data.exporter, data.header)
        lasting = place.walked if template.variable else place.groups
        key = data.exporter, version, domain, template.number
        group = lasting.get(template.number) if data.lasting else self._passing.get(key)
        if group is None or group.template != template:
            group = Group(data.exporter, version, domain, template)
            group.clock_off = self._clocks.off((data.exporter, version, domain))
            if data.lasting:
                lasting[template.number] = group
            else:
                self._passing[key] = group
        head = data.header.raw.ljust(HEAD[data.header.version], b"\0")
        self._add(group, head + data.content)
        return group

    def _add(self, group: Group, piece: bytes) -> None:
        # Of records of variable length it is known only how many there can be.
        count = (len(piece) - HEAD[group.version]) // group.octets
        if not group.pieces:
            self._pending.append(group)
        group.pieces.append(piece)
        group.counts.append(count)
        self._rows += count
        self._octets += len(piece) + _SET_COST

    def _make(self, group: Group) -> Batch | None:
        exporter, version, domain = group.exporter, group.version, group.domain
        rows = sum(group.counts)
        self._tally.records += rows
        if not rows:
            return None
        ends = parse_header(group.pieces[0]), parse_header(group.pieces[-1])
        times = [header.export_ms for header in ends if header is not None]
        self._facts.span = min(times, default=0), max(times, default=0)
        asked = version == IPFIX and any(f.number in _UPTIMES for f in group.template.fields)
        context, rate = group.context(self._facts.starts(exporter, domain, asked=asked))
        self._facts.sent = lambda: context.export_ms

        def find(number: int) -> Template | None:
            return self._sessions.template((exporter, version, domain, number), self._facts.span[1])

        origin = Origin(exporter, version, domain, self._facts, group.clock_off)
        return make_rows(group.fields(find), context, rate, origin, self._tally)
