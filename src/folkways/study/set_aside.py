"""What is not counted as use on the days that an ingest touched, so that it is said at once.

Rows that state what others state may be old or new, and of any source; so it is told of whole days.
"""

from collections.abc import Collection
from typing import Any

from folkways.study.folder import StudyFolder

WHY = {
    "duplicate": "state packets that other rows state too",
    "interim": "are earlier states of connections that later rows state anew",
    "partly-repeated": "overlap with another row, and count for what is beyond it",
    "seen-twice": "may state packets that other rows state too, and count",
    "envelope": "are tunnels whose content has rows of its own",
    "denied": "were denied on the way",
    "local": "went to local addresses, not to the internet",
}
"""Kinds of noise, and flaws of rows that repeat others, that are told; in this order."""

_QUERY = """
    SELECT kind, count(*), CAST(sum(bytes_out) AS BIGINT), CAST(sum(bytes_in) AS BIGINT) FROM (
        SELECT CASE WHEN noise <> 'use' THEN noise
                    WHEN contains(flaws, 'partly-repeated') THEN 'partly-repeated'
                    WHEN contains(flaws, 'seen-twice') THEN 'seen-twice' END AS kind,
               bytes_out, bytes_in
        FROM settled
    ) WHERE kind IS NOT NULL GROUP BY kind
"""


def set_aside(study: StudyFolder, days: Collection[str]) -> list[dict[str, Any]]:
    """By kind: rows and bytes of some UTC days; what ``WHY`` does not name is left out."""
    if not days:
        return []
    with study.engine() as con:
        study.store.view(con, "settled", "connections", days)
        found = {kind: numbers for kind, *numbers in con.sql(_QUERY).fetchall()}
    names = ("rows", "bytes_out", "bytes_in")
    return [
        {"kind": kind, **dict(zip(names, found[kind], strict=True))}
        for kind in WHY
        if kind in found
    ]
