"""The main job end to end on made-up data: simulate, ingest, compare, report."""

import shutil
from contextlib import suppress
from pathlib import Path

from folkways.model.errors import FolkwaysError, StorageError, UserError
from folkways.simulate import Simulated, simulate
from folkways.study.progress import Progress
from folkways.study.study import Study

MARK = ".folkways-demo"
"""A file that says of which scenario a folder holds the demo: what is in it is made up."""


def simulate_into(
    scenario: str, into: Path, *, seed: int, scale: float, progress: Progress
) -> Simulated:
    """Simulate with a bar of days."""
    progress.phase("Simulating", None)
    done = 0

    def day(count: int, total: int) -> None:
        nonlocal done
        if not done:
            progress.phase("Simulating", total)
        progress.step(count - done)
        done = count

    return simulate(scenario, into, seed=seed, scale=scale, progress=day)


def run_demo(into: Path, scenario: str, progress: Progress) -> Path:
    """Everything from nothing to the report's path.

    What an earlier demo of the same scenario finished there stays, and is told again; what one left
    unfinished is made anew.

    Raises:
        UserError: the folder holds something else.
        StorageError: it cannot be made.
    """
    report, mark = into / "report.html", into / MARK
    if into.exists() and any(into.iterdir()):
        if not mark.is_file() or mark.read_text(encoding="utf-8") != scenario:
            raise UserError(f"{into} is not empty; give a new folder with --into, or remove it.")
        if report.is_file():
            progress.say(f"{into} holds this demo already; remove it to have it made anew.")
            return report
        _clear(into)
    try:
        into.mkdir(parents=True, exist_ok=True)
        mark.write_text(scenario, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{into} cannot be written: {error.strerror}.") from None
    made = simulate_into(scenario, into / "simulated", seed=1, scale=1.0, progress=progress)
    study = Study.create(into / "study", made.population)
    for one in made.reference:
        study.import_list(
            one.path,
            one.kind,
            source=one.source,
            first=one.first,
            last=one.last,
            licence=one.licence,
        )
    study.ingest(*(str(r.folder) for r in made.rounds), progress=progress)
    for number, r in enumerate(made.rounds, 1):
        study.freeze_round(f"round-{number}", str(r.period))
    names = [f"round-{number}" for number in range(1, len(made.rounds) + 1)]
    return study.report(names, report, progress=progress)


def _clear(into: Path) -> None:
    """Remove what a demo that was stopped left, its key too."""
    with suppress(FolkwaysError):
        Study.open(into / "study").destroy_key()
    for path in into.iterdir():
        if path.name in {"simulated", "study"} or path.name.endswith(".part"):
            shutil.rmtree(path)
