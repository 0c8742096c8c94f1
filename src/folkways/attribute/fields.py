"""Strict reading of TOML: every key known, every value of its type, every error with its place.

The catalogue is data that people edit by hand, so a typo must not silently make a fact vanish.
"""

import datetime as dt
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from folkways.model.errors import UserError


class CatalogueError(UserError):
    """A file of the catalogue says something that cannot be read; names the file and the key."""


def read_toml(path: Path) -> dict[str, Any]:
    """The table of a TOML file.

    Raises:
        CatalogueError: it cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CatalogueError(f"{path} is not text in UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"{path} is not TOML: {error}.") from None


class Fields:
    """A table of a TOML file whose values are taken by type.

    Args:
        table: what tomllib gave.
        where: the file, and the part of it, for messages.
        known: the keys that may stand in it.

    Raises:
        CatalogueError: it is no table, or holds a key that is not known.
    """

    def __init__(self, table: object, where: str, known: Collection[str]) -> None:
        if not isinstance(table, dict):
            raise CatalogueError(f"{where} must be a table.")
        self._table: dict[str, Any] = table
        self.where = where
        for key in table:
            if key not in known:
                raise self.error(key, f"is not a known key; known are {', '.join(sorted(known))}")

    def error(self, key: str, problem: str) -> CatalogueError:
        """An error that names the file, the part and the key."""
        return CatalogueError(f"{self.where}: {key} {problem}.")

    def has(self, key: str) -> bool:
        """Whether the key stands there."""
        return key in self._table

    def exactly_one(self, *keys: str) -> str:
        """The one of the keys that stands there; an error if none or several do."""
        found = [key for key in keys if key in self._table]
        if len(found) != 1:
            given = " and ".join(found) or "none"
            raise CatalogueError(
                f"{self.where}: exactly one of {', '.join(keys)} is needed; given: {given}."
            )
        return found[0]

    def text(self, key: str) -> str | None:
        """Text that is not empty, or None if the key is absent."""
        value = self._table.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"= {value!r} must be text that is not empty")
        return value

    def needed(self, key: str) -> str:
        """Text that must be there."""
        value = self.text(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def choice(self, key: str, allowed: Collection[str]) -> str | None:
        """Text out of a list of words."""
        value = self.text(key)
        if value is not None and value not in allowed:
            raise self.error(key, f"= {value!r} must be one of {', '.join(sorted(allowed))}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if the key is absent."""
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(key, f"= {value!r} must be a list of texts")
        return tuple(value)

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list of words out of a list; empty if the key is absent."""
        for value in self.texts(key):
            if value not in allowed:
                raise self.error(key, f"= {value!r} must be one of {', '.join(sorted(allowed))}")
        return self.texts(key)

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number within bounds, both included."""
        return self._bounded(key, self._table.get(key), low, high)

    def wholes(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers that is not empty."""
        value = self._table.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, f"= {value!r} must be a list of whole numbers")
        return tuple(self._bounded(key, v, low, high) for v in value)

    def flag(self, key: str) -> bool:
        """True or false; false if the key is absent."""
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"= {value!r} must be true or false")
        return value

    def day(self, key: str) -> dt.date | None:
        """A day, or None if the key is absent."""
        value = self._table.get(key)
        if value is None:
            return None
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            raise self.error(key, f"= {value!r} must be a day such as 2026-11-25, without quotes")
        return value

    def tables(self, key: str, known: Collection[str]) -> list["Fields"]:
        """The tables of ``[[key]]`` in order."""
        value = self._table.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be written [[{key}]] with two brackets, once for each")
        return [
            Fields(table, f"{self.where}, [[{key}]] {n}", known)
            for n, table in enumerate(value, start=1)
        ]

    def _bounded(self, key: str, value: object, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"= {value!r} must be a whole number from {low} to {high}")
        return value
