"""Whether an answer of ours agrees with a label of nDPI's. The rules are here, the words are data.

A label is of a **named** service (a brand, an application, a game, a VPN, a coin) or of a
**protocol**; which one, and what we call it, says labels.toml. Outcomes:

- ``agrees``: our service is one of those that the label may mean, or a more specific one.
- ``operator``: no service or only the general one of an operator, or the provider on whose
  computers it runs.
- ``protocol``: we name only the protocol by which the named service spoke.
- ``unknown``: we say nothing.
- ``contradicts``: we name another service, or say that the flow is hidden in a way, or encrypted in
  a way, that the label does not know.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from folkways.attribute.catalogue import Catalogue
from folkways.model.ways import SUSPECTED

LABELS = Path(__file__).parent / "labels.toml"
Outcome = Literal["agrees", "operator", "protocol", "unknown", "contradicts"]
PROVIDERS = frozenset({"cdn", "cloud"})
_APART = frozenset({"services", "over", "also", "why"})


@dataclass(frozen=True)
class Meaning:
    """What a label means in our words.

    ``services`` one of which it is; ``operator`` and ``function`` of whose it may be any; ``over``
    are protocols that it may run over; ``hidden`` and ``encrypted`` as the protocol is; ``carries``
    says that any service can speak it, so that naming one is more specific.
    """

    label: str
    named: bool
    services: frozenset[str] = frozenset()
    operator: str | None = None
    function: str | None = None
    over: frozenset[str] = frozenset()
    hidden: str | None = None
    encrypted: str | None = None
    carries: bool = False

    @property
    def mapped(self) -> bool:
        """Whether the label means anything in our words."""
        return bool(self.services or self.operator or self.function or self.hidden)


@dataclass(frozen=True)
class Answer:
    """What the ladder says of a flow."""

    service: str | None = None
    operator: str | None = None
    evidence: str | None = None
    hidden: str | None = None
    encrypted: str | None = None


class Judge:
    """Judges answers by a table of labels.

    Args:
        catalogue: services, for their operators and functions.
        path: the table.
    """

    def __init__(self, catalogue: Catalogue, path: Path = LABELS) -> None:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        self._services = catalogue.services
        self._general = frozenset(table["general"])
        self._meanings = {
            word.lower(): _meaning(one, self._services, named=kind == "named")
            for kind in ("named", "protocol")
            for one in table[kind]
            for word in (one["label"], *one.get("also", ()))
        }

    @property
    def meanings(self) -> dict[str, Meaning]:
        """The whole table, by the label in lower case."""
        return dict(self._meanings)

    def meaning(self, label: str) -> Meaning:
        """What the last part of a label means (``TLS.Facebook``); a new word is a named service."""
        last = label.rpartition(".")[2]
        return self._meanings.get(last.lower(), Meaning(last, named=True))

    def outcome(self, label: str, answer: Answer) -> Outcome:
        """The outcome for one flow; see the module."""
        meaning = self.meaning(label)
        carriers = [self._meanings.get(part.lower()) for part in label.split(".")[:-1]]
        if _wrong_way(answer, meaning, carriers) or (
            not meaning.named and _wrong_encryption(answer, meaning)
        ):
            return "contradicts"
        if answer.service is not None:
            return self._by_service(answer.service, answer.evidence, meaning, carriers)
        if not meaning.named and meaning.hidden and meaning.hidden in (answer.hidden or ""):
            return "agrees"
        return "operator" if answer.operator is not None else "unknown"

    def _by_service(
        self, service: str, evidence: str | None, meaning: Meaning, carriers: list[Meaning | None]
    ) -> Outcome:
        ours = self._services[service]
        of_operator = meaning.operator is not None and ours.operator == meaning.operator
        if service in meaning.services or of_operator or ours.function == meaning.function:
            return "agrees"
        if service in meaning.over or any(c and service in c.services for c in carriers):
            return "protocol"
        if meaning.carries and ours.operator is not None:
            return "agrees" if evidence != "port" else "unknown"
        if not meaning.named:
            return "contradicts"
        same = ours.operator in {self._services[s].operator for s in meaning.services}
        if ours.function in PROVIDERS or (service in self._general and same):
            return "operator"
        return "contradicts"


def _wrong_way(answer: Answer, meaning: Meaning, carriers: list[Meaning | None]) -> bool:
    """Whether we say hidden (other than by the service, which is judged itself) without reason.

    What is only suspected (such as possible-vps) claims nothing.
    """
    if answer.service is not None or answer.hidden is None:
        return False
    known = {meaning.hidden, *(c.hidden for c in carriers if c), *SUSPECTED}
    return not meaning.carries and not set(answer.hidden.split(",")) <= known


def _wrong_encryption(answer: Answer, meaning: Meaning) -> bool:
    """``ech`` is a way of TLS and of QUIC, so it contradicts neither."""
    said = answer.encrypted
    return None not in {said, meaning.encrypted} and said not in {meaning.encrypted, "ech"}


def _meaning(one: dict[str, Any], known: Collection[str], *, named: bool) -> Meaning:
    """A table of labels.toml; services that the catalogue does not know mean nothing."""
    rest = {key: value for key, value in one.items() if key not in _APART}
    return Meaning(
        named=named,
        services=frozenset(one.get("services", ())) & set(known),
        over=frozenset(one.get("over", ())) & set(known),
        **rest,
    )
