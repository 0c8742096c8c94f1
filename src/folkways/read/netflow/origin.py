"""Whose records a batch holds, and what was said and seen of that exporter before."""

from dataclasses import dataclass

from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.options import Facts
from folkways.read.netflow.running import Running


@dataclass(frozen=True)
class Origin:
    """Who exported the records of a batch, what was said about it, and its flows so far."""

    exporter: Exporter
    version: int
    domain: int
    facts: Facts
    running: Running
