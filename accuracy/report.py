"""The report in words, and whether the bounds hold."""

from dataclasses import dataclass
from functools import partial
from typing import get_args

from accuracy.disagreements import explained, load_reasons
from accuracy.judge import Judge, Outcome
from accuracy.sections import Judged, by_protocol, contradicts, share_of, unmapped
from accuracy.weights import Share

LEAST_MAPPED = 0.95
LEAST_AGREEMENT = 0.97
MOST_CONTRADICTIONS = 0.01
_HEAD = """\
nDPI's labels of flows with confidence DPI, DNS queries left out: an opinion, not the truth.
Each capture weighs the same: a flow of a capture with n flows weighs 1/n. Bounds are 95 % Wilson
bounds with the effective number of flows, (sum of weights)^2 / (sum of squared weights). Flows of
one capture resemble each other, so that the truth is a little less sure than they say."""


@dataclass(frozen=True)
class Bound:
    """A figure that must not fall below, or rise above, what was promised."""

    what: str
    share: Share
    least: float = 0.0
    most: float = 1.0

    @property
    def holds(self) -> bool:
        """Whether the point lies within; so does a share of nothing."""
        return not self.share.flows or self.least <= self.share.point <= self.most

    def __str__(self) -> str:
        s = self.share
        if not s.flows:
            return f"{self.what}: no flows"
        promised = f", at least {self.least:.0%}" if self.least else f", at most {self.most:.0%}"
        state = "" if self.least == 0 and self.most == 1 else promised
        state += "" if self.holds else ": MISSED"
        return (
            f"{self.what}: {s.point:.2%} ({s.low:.2%}..{s.high:.2%}; {s.hits} of {s.flows} flows, "
            f"{s.captures} captures, effective {s.effective:.0f}){state}"
        )


@dataclass(frozen=True)
class Report:
    """All figures about the labelled flows.

    ``labels`` and ``matched`` count labels, and those of them whose flow was found.
    """

    judge: Judge
    rows: list[Judged]
    labels: int
    matched: int

    @property
    def bounds(self) -> list[Bound]:
        """Every promise, in the order of the report."""
        named = [r for r in self.rows if r.named and not r.names_hidden]
        mapped = [r for r in named if r.mapped]
        sure = [r for r in mapped if r.knowable]
        protocols = [r for r in self.rows if not r.named and not r.names_hidden]
        most = MOST_CONTRADICTIONS
        hidden = [r for r in self.rows if r.names_hidden and (r.mapped or not r.named)]
        return [
            Bound(
                "named services: agreement where a name, list or signature could know",
                share_of(sure, lambda r: r.outcome == "agrees"),
                least=LEAST_AGREEMENT,
            ),
            Bound("named services: contradictions", share_of(mapped, contradicts), most=most),
            Bound("protocols: contradictions", share_of(protocols, contradicts), most=most),
            Bound("names hidden: contradictions", share_of(hidden, contradicts), most=most),
        ]

    @property
    def coverage(self) -> tuple[int, int, set[str]]:
        """Labels of named services that mean something in our words, all of them, and the rest."""
        words, without = unmapped(self.rows, self.judge)
        return len(words) - len(without), len(words), without

    @property
    def holds(self) -> bool:
        """Whether everything promised holds."""
        mapped, words, _ = self.coverage
        return mapped >= LEAST_MAPPED * words and all(b.holds for b in self.bounds)

    def lines(self) -> list[str]:
        """The report."""
        mapped, words, without = self.coverage
        state = "" if mapped >= LEAST_MAPPED * words else ": MISSED"
        coverage = mapped / words if words else 1.0
        return [
            _HEAD,
            f"{self.labels} labels, {self.matched} with a flow of ours of the same 5-tuple.",
            "",
            (
                f"labels of named services with a meaning here: {mapped} of {words}, "
                f"{coverage:.1%}, at least {LEAST_MAPPED:.0%}{state}"
            ),
            f"  without: {', '.join(sorted(without)) or 'none'}",
            *map(str, self.bounds),
            "",
            *self._apart("named services", named=True, names_hidden=False),
            *self._apart("named services, names hidden", named=True, names_hidden=True),
            *self._apart("protocols, names hidden", named=False, names_hidden=True),
            *self._evidence(),
            "",
            "Protocols (flows):",
            *self._protocols(),
            "",
            "Disagreements:",
            *self._disagreements(names_hidden=False),
            "Disagreements with names hidden:",
            *self._disagreements(names_hidden=True),
        ]

    def _apart(self, what: str, *, named: bool, names_hidden: bool) -> list[str]:
        rows = [r for r in self.rows if r.named == named and r.names_hidden == names_hidden]
        shares = [
            f"{outcome} {share_of(rows, partial(_has, outcome)).point:.1%}"
            for outcome in get_args(Outcome)
        ]
        return [f"{what}: {', '.join(shares)}"]

    def _evidence(self) -> list[str]:
        rows = [r for r in self.rows if r.names_hidden]
        said = [r for r in rows if r.outcome in {"agrees", "contradicts"}]
        shares = ", ".join(
            f"{evidence} {share_of(rows, partial(_by, evidence)).point:.1%}"
            for evidence in ("address", "port")
        )
        among = Bound("names hidden: contradictions among answers", share_of(said, contradicts))
        return [
            f"names hidden: flows with a service or operator, by evidence: {shares}",
            str(among),
        ]

    def _protocols(self) -> list[str]:
        rows = [r for r in self.rows if not r.named and not r.names_hidden]
        return [
            f"  {protocol}: {', '.join(f'{o} {n}' for o, n in sorted(counts.items()))}"
            for protocol, counts in by_protocol(rows, self.judge).items()
        ]

    def _disagreements(self, *, names_hidden: bool) -> list[str]:
        rows = [r for r in self.rows if contradicts(r) and r.names_hidden == names_hidden]
        return explained(rows, load_reasons())


def _has(outcome: Outcome, row: Judged) -> bool:
    return row.outcome == outcome


def _by(evidence: str, row: Judged) -> bool:
    return row.evidence == evidence
