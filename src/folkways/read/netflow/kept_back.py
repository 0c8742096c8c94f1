"""Data that could not be read to the end of a source, since their template never came."""

from folkways.model.batches import Gap, Tally
from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.sessions import Sessions

NEVER_SEEN = "template never seen (set)"
TOO_EARLY = "data before its template (set)"
_HOUR_MS = 3_600_000


def count_kept_back(sessions: Sessions, tally: Tally) -> None:
    """Count what waits in vain, by cause, and keep the hours in which it was sent."""
    for (exporter, _, domain, number), lost in sessions.waiting().items():
        tally.skip(NEVER_SEEN, lost.sets)
        whose = f"{exporter[0]} " if exporter else ""
        tally.unseen_template(f"{whose}domain {domain} template {number}", lost.sets)
        _keep_back(tally, exporter, lost.first_ms, lost.last_ms, NEVER_SEEN)
    for (exporter, *_), missed in sessions.missed.items():
        if missed.template is not None and missed.lost:
            tally.skip(TOO_EARLY, missed.lost)
            _keep_back(tally, exporter, missed.first_ms, missed.last_ms, TOO_EARLY)


def _keep_back(tally: Tally, exporter: Exporter, first_ms: int, last_ms: int, cause: str) -> None:
    first, last = first_ms // _HOUR_MS * _HOUR_MS, (last_ms // _HOUR_MS + 1) * _HOUR_MS
    tally.keep_back(Gap(first, last, cause, exporter[0] if exporter else None))
