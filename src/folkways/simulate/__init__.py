"""Populations with known truth, written as real flow formats."""

from folkways.simulate.reference import SimulatedList
from folkways.simulate.simulation import Simulated, SimulatedRound, scenarios, simulate

__all__ = ["Simulated", "SimulatedList", "SimulatedRound", "scenarios", "simulate"]
