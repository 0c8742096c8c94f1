"""Whose records a batch holds, and what was said of that exporter before."""

from dataclasses import dataclass

from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.options import Facts


@dataclass(frozen=True)
class Origin:
    """Who exported the records of a batch, and what was said about it."""

    exporter: Exporter
    version: int
    domain: int
    facts: Facts
    clock_off: bool = False
    """Its clock is not that of the capture."""
