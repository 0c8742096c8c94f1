"""Rounds: a period under a name, frozen with its findings and what they stand on."""

import datetime as dt
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from folkways.model.errors import StudyError, UserError
from folkways.model.period import Period
from folkways.study import ask
from folkways.study.folder import StudyFolder, write_atomically
from folkways.study.settle import stamp

SCHEMA = "folkways.round/1"
FROZEN_GROUPS = ("service", "function", "operator", "jurisdiction", "country", "hidden")
_NAME = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


def freeze(study: StudyFolder, name: str, period: str) -> Path:
    """Write a round's file.

    Raises:
        UserError: the name is not usable or taken by another period, or nothing is there.
    """
    if not _NAME.match(name):
        raise UserError(f"{name!r} is no name for a round; use letters, digits, - and _.")
    wanted = Period.parse(period, study.population.timezone)
    path = _path(study, name)
    if path.exists() and _read(path)["period"] != ask.period_json(wanted):
        raise UserError(
            f"Round {name} is frozen already for another period; choose another name "
            f"or remove {path}."
        )
    path.parent.mkdir(exist_ok=True)
    findings = {group: ask.summary(study, wanted, [group], {})["rows"] for group in FROZEN_GROUPS}
    content = {
        "schema": SCHEMA,
        "name": name,
        "period": ask.period_json(wanted),
        "frozen": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "data": data_digest(study, wanted),
        "provenance": ask.provenance(study),
        "findings": findings,
    }
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def find_period(study: StudyFolder, text: str) -> Period:
    """The period written as ``A..B``, or that of the round of this name.

    Raises:
        UserError: it is neither.
        StudyError: the study's data changed since the round was frozen.
    """
    if ".." in text:
        return Period.parse(text, study.population.timezone)
    path = _path(study, text) if _NAME.match(text) else None
    if path is None or not path.exists():
        known = sorted(p.stem for p in (study.root / "rounds").glob("*.json"))
        raise UserError(
            f"{text!r} is neither a period (2017-04-01..2017-07-06) nor a round "
            f"({', '.join(known) or 'there are none yet'})."
        )
    content = _read(path)
    span = content["period"]
    period = Period.parse(f"{span['first']}..{span['last']}", span["timezone"])
    if content["data"] != data_digest(study, period):
        raise StudyError(
            f"The data, lists or catalogue under round {text} have changed since it was frozen "
            f"on {content['frozen']}; freeze it again (remove {path} first), or compare periods."
        )
    return period


def data_digest(study: StudyFolder, period: Period) -> str:
    """A digest of all inputs of the period's days."""
    stamps = "\n".join(f"{day} {stamp(study, day)}" for day in period.utc_days)
    return hashlib.sha256(stamps.encode()).hexdigest()


def _path(study: StudyFolder, name: str) -> Path:
    return study.root / "rounds" / f"{name}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} cannot be read: {error}.") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise StudyError(f"{path} is not a round of this version of Folkways.")
    return content
