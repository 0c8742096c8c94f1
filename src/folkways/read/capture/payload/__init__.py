"""Host names and DNS answers out of packet payloads."""

from folkways.read.capture.payload.finder import Found, NameFinder

__all__ = ["Found", "NameFinder"]
