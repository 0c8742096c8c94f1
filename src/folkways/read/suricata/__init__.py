"""Suricata's EVE logs: flow or netflow, names of tls, quic and http, dns of all three versions."""

from folkways.read.suricata.reader import SuricataReader

__all__ = ["SuricataReader"]
