"""Zeek logs: conn, dns, ssl, http and quic, text and JSON, of old and new versions."""

from folkways.read.zeek.reader import ZeekReader

__all__ = ["ZeekReader"]
