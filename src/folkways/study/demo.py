"""The main job end to end on made-up data: simulate, ingest, compare, report."""

from pathlib import Path

from folkways.model.errors import UserError
from folkways.simulate import Simulated, simulate
from folkways.study.progress import Progress
from folkways.study.study import Study


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

    Raises:
        UserError: the folder is not empty.
    """
    if into.exists() and any(into.iterdir()):
        raise UserError(f"{into} is not empty; give a new folder with --into, or remove it.")
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
    return study.report(names, into / "report.html", progress=progress)
