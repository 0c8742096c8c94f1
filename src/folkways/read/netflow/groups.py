"""Data sets of one template, gathered until they become a batch together.

A piece is the header of an export packet with one data set behind it: for the usual packet, which
holds nothing else, that is the packet itself, so that nothing is copied or parsed packet by packet.
"""

from collections.abc import Callable

import numpy as np

from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_HEADER,
    SET_HEADER,
    V5,
    V5_HEADER,
    V5_RATE,
    V9,
    V9_HEADER,
    elements,
)
from folkways.read.netflow.fields import Fields, Ints
from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.structured import listed
from folkways.read.netflow.templates import Template
from folkways.read.netflow.times import Context
from folkways.read.netflow.walk import SECTIONS, Walked, walk

HEAD = {
    V5: V5_HEADER.size,
    V9: V9_HEADER.size + SET_HEADER.size,
    IPFIX: IPFIX_HEADER.size + SET_HEADER.size,
}
"""Octets of a piece before its records."""


_MULTI_LIST = elements()["subTemplateMultiList"]


class Group:
    """Pieces of one template, with the number of records in each."""

    __slots__ = (
        "clock_off",
        "counts",
        "domain",
        "exporter",
        "octets",
        "pieces",
        "template",
        "version",
        "walked",
    )

    def __init__(self, exporter: Exporter, version: int, domain: int, template: Template) -> None:
        self.exporter, self.version, self.domain = exporter, version, domain
        self.template = template
        self.octets = template.octets
        self.pieces: list[bytes] = []
        self.counts: list[int] = []
        self.walked: Walked | None = None
        self.clock_off = False
        """The exporter's clock was not that of the capture when these came."""

    def clear(self) -> None:
        """Forget the pieces."""
        self.pieces, self.counts, self.walked = [], [], None

    def walk(self) -> int:
        """Find the records where they differ in length; data sets that end inside of one."""
        head = HEAD[self.version]
        self.walked = walk(self.template, [piece[head:] for piece in self.pieces])
        # In place: who wants to know what a piece held keeps this list.
        self.counts[:] = self.walked.counts.tolist()
        return self.walked.cut

    def fields(self, find: Callable[[int], Template | None]) -> Fields:
        """All records as columns; ``find`` gives the template of a list inside of a record."""
        rows = sum(self.counts)
        if self.walked is not None:
            walked = self.walked
            fields = Fields(walked.template, walked.content, rows)
            if _MULTI_LIST in walked.lists:
                fields.add(listed(walked.octets, *walked.lists[_MULTI_LIST], find))
            found = SECTIONS & set(walked.lists)
            fields.hold({number: (walked.octets, *walked.lists[number]) for number in found})
            return fields
        at, octets = HEAD[self.version], self.octets
        pairs = zip(self.pieces, self.counts, strict=True)
        return Fields(
            self.template, b"".join([piece[at : at + n * octets] for piece, n in pairs]), rows
        )

    def context(self, starts: tuple[int, ...]) -> tuple[Context, Ints | None]:
        """What the packets' headers say of time, and of sampling (None: nothing)."""
        size = HEAD[self.version]
        heads = np.frombuffer(b"".join([piece[:size] for piece in self.pieces]), np.uint8)
        words = heads.reshape(-1, size).view(">u4").astype(np.int64)
        counts = np.array(self.counts, np.int64)
        if self.version == IPFIX:
            return Context(words[:, 1] * 1000, None, counts, starts), None
        export, uptime = words[:, 2] * 1000, words[:, 1]
        if self.version == V9:
            return Context(export, uptime, counts, starts), None
        export += words[:, 3] // 1_000_000
        rates = words[:, 5] & V5_RATE
        rate = np.repeat(rates, counts) if rates.any() else None
        return Context(export, uptime, counts, starts), rate
