"""Ids for sentences and for the rows behind them, made from what they say."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from folkways.report.model import Claim


def claim(kind: str, data: Mapping[str, Any], lead: str, text: str, row: str) -> Claim:
    """A sentence whose id is the digest of its kind and its numbers.

    Args:
        kind: which sentence of which section it is.
        data: the numbers that it rests on.
        lead: its first words.
        text: the rest.
        row: the anchor of the table row behind it.
    """
    return Claim(f"c-{digest([kind, data])}", lead, text, row)


def row_id(table: str, key: object) -> str:
    """The anchor of a table's row."""
    return f"{table}-{digest(key)}"


def digest(content: object) -> str:
    """Ten hexadecimal digits of SHA-256 over canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
