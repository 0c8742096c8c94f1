"""Reads the flow files of SiLK."""

from folkways.read.silk.reader import SilkReader

__all__ = ["SilkReader"]
