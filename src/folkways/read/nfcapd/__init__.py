"""Reads the flow files of nfcapd."""

from folkways.read.nfcapd.reader import NfcapdReader

__all__ = ["NfcapdReader"]
