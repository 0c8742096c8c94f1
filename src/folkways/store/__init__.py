"""Delta tables of Parquet files: exactly-once ingest, days replaced atomically."""

from folkways.store.damage import data_damage
from folkways.store.engine import connect
from folkways.store.sources import NOTHING, SourceEntry, as_json, needs_of, source_id
from folkways.store.stage import Stage, Staged
from folkways.store.store import Store

__all__ = [
    "NOTHING",
    "SourceEntry",
    "Stage",
    "Staged",
    "Store",
    "as_json",
    "connect",
    "data_damage",
    "needs_of",
    "source_id",
]
