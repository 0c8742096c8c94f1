"""QUIC versions that can be opened, from ``quic_versions.toml``."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Version:
    """How the Initial packets of a version look and are protected."""

    salt: bytes
    """Salt of the initial secret; empty where nothing is encrypted (``plain``)."""
    label: str
    """Prefix of the HKDF labels: ``quic`` or ``quicv2``."""
    initial: int
    """The long packet type that means Initial."""
    nibbles: bool
    """One byte holds the lengths of both connection ids."""
    plain: bool
    """The client's hello is not encrypted."""


@functools.cache
def known_versions() -> dict[int, Version]:
    """Every known version by its number."""
    text = resources.files(__package__).joinpath("quic_versions.toml").read_text(encoding="utf-8")
    return {
        number: Version(
            salt=bytes.fromhex(entry.get("salt", "")),
            label=entry.get("label", "quic"),
            initial=entry.get("initial", 0),
            nibbles=entry.get("nibbles", False),
            plain=entry.get("plain", False),
        )
        for entry in tomllib.loads(text)["version"]
        for number in range(entry["first"], entry.get("last", entry["first"]) + 1)
    }
