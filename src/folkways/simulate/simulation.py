"""The order of the work: scenario, plan, days, logs, lists, truth."""

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from folkways.model.errors import StorageError, UserError
from folkways.model.period import Period
from folkways.simulate import reference, scenario, tsv
from folkways.simulate.flows import draw_day
from folkways.simulate.packets import on_the_wire
from folkways.simulate.places import generator
from folkways.simulate.plan import Plan, compile_plan
from folkways.simulate.rates import noisy, periods
from folkways.simulate.tally import Tally
from folkways.simulate.truth import truth
from folkways.simulate.zeek import Texts, logs_of_day

_README = """SIMULATED DATA

These files were made by `folkways simulate {name}` (seed {seed}, scale {scale}). They show no real
network and no real person: all addresses lie in space that is reserved for benchmarking and
documentation, and rates and sizes come from the scenario.

{rounds}
population.toml   who is measured
reference/        dated lists of AS numbers, countries, Tor relays, VPNs and rented servers
truth.json        what the scenario says, and what was drawn from it

The logs are tab-separated ones of Zeek 6, one folder a local day ({timezone}), whatever the date.
"""


@dataclass(frozen=True)
class SimulatedRound:
    """A round's name, its period, and the folder with a folder of Zeek logs for each local day."""

    name: str
    period: Period
    folder: Path


@dataclass(frozen=True)
class Simulated:
    """Where the parts of a simulation lie; ``reference`` are its address lists, to be imported."""

    folder: Path
    population: Path
    rounds: tuple[SimulatedRound, ...]
    reference: tuple[reference.SimulatedList, ...]
    truth: Path


def scenarios() -> list[tuple[str, str]]:
    """The scenarios that can be simulated: name and description, by name."""
    return [(name, scenario.load(name).description) for name in scenario.names()]


def simulate(
    name: str,
    into: Path,
    *,
    seed: int = 1,
    scale: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """Write a population with known truth as Zeek logs, with its address lists.

    The same scenario, seed and scale give the same files with the same version of numpy.

    Args:
        name: of the scenario.
        into: a folder that is made, or is empty.
        seed: of all random numbers, 0 or more.
        scale: factor on all rates (not on the number of members), more than 0.
        progress: called with days done and days in all.

    Raises:
        UserError: the scenario does not exist, the folder is not empty, or a number is wrong.
        StorageError: the folder cannot be written.
    """
    if seed < 0:
        raise UserError(f"The seed {seed} is negative; use 0 or more.")
    if not 0 < scale < float("inf"):
        raise UserError(f"The scale {scale} must be a number above 0.")
    plan = compile_plan(scenario.load(name), seed)
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UserError(f"{into} is not an empty folder; give a new one to simulate into.")
    try:
        into.mkdir(parents=True, exist_ok=True)
        with _all_or_nothing(into):
            return _write(plan, into, scale, progress)
    except OSError as error:
        raise StorageError(f"{into} cannot be written: {error.strerror}.") from None


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Empty a folder, which was empty before, if what is done to it is not finished."""
    finished = False
    try:
        yield
        finished = True
    finally:
        if not finished:
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _write(
    plan: Plan, into: Path, scale: float, progress: Callable[[int, int], None] | None
) -> Simulated:
    spans = periods(plan.scenario)
    total = sum(len(span.days) for span in spans)
    rounds, tallies, before = [], [], 0
    for number, (one, span) in enumerate(zip(plan.scenario.round, spans, strict=True)):
        rounds.append(SimulatedRound(one.name, span, into / one.name))
        tallies.append(Tally(plan, span))
        rates = noisy(plan.scenario, number, scale, plan.seed)
        texts = Texts.of(plan)
        for day in range(len(span.days)):
            flows = draw_day(plan, number, span, rates, day)
            draw = generator(plan.seed, number, "wire", day)
            wire = on_the_wire(plan, flows, draw)
            tallies[-1].add(day, flows, wire)
            folder = rounds[-1].folder / span.days[day].isoformat()
            _write_logs(folder, logs_of_day(plan, texts, flows, wire, draw), span.days[day])
            if progress is not None:
                progress(before + day + 1, total)
        before += len(span.days)
    done = Simulated(
        folder=into,
        population=into / "population.toml",
        rounds=tuple(rounds),
        reference=reference.write(plan, into / "reference"),
        truth=into / "truth.json",
    )
    done.population.write_text(_population(plan), encoding="utf-8")
    text = json.dumps(truth(plan, tallies, scale), ensure_ascii=False, indent=1)
    done.truth.write_text(text + "\n", encoding="utf-8")
    (into / "README.txt").write_text(_readme(plan, scale, rounds), encoding="utf-8")
    return done


def _write_logs(folder: Path, logs: dict[str, tsv.Columns], day: dt.date) -> None:
    folder.mkdir(parents=True)
    opened = dt.datetime.combine(day, dt.time())
    for log, columns in logs.items():
        # Zeek opens a log with its first row, so an empty one is not there.
        if len(columns["ts"]):
            closed = opened + dt.timedelta(days=1)
            tsv.write(folder / f"{log}.log.gz", log, columns, opened, closed)


def _population(plan: Plan) -> str:
    lines = [
        "# SIMULATED: these ranges are reserved for benchmarking and documentation.",
        f'name = "{plan.scenario.population}"',
        f'timezone = "{plan.scenario.timezone}"',
        "",
        "[study]",
        "simulated = true",
        f"k = {plan.scenario.k}",
    ]
    for part in plan.scenario.range:
        lines += ["", "[[range]]", f'prefix = "{part.prefix}"', f'label = "{part.label}"']
        # Members are drawn from all addresses, those at the edges too.
        lines += ["subnet = false"]
    for out in plan.scenario.exclude:
        lines += ["", "[[exclude]]", f'prefix = "{out.prefix}"', f'reason = "{out.reason}"']
    return "\n".join(lines) + "\n"


def _readme(plan: Plan, scale: float, rounds: list[SimulatedRound]) -> str:
    return _README.format(
        name=plan.scenario.name,
        seed=plan.seed,
        scale=scale,
        timezone=plan.scenario.timezone,
        rounds="\n".join(f"{r.name + '/':17} Zeek logs of {r.period}" for r in rounds),
    )
