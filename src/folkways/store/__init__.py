"""Delta tables of Parquet files: exactly-once ingest, days replaced atomically."""

from folkways.store.engine import connect
from folkways.store.sources import SourceEntry, source_id
from folkways.store.stage import Stage, Staged
from folkways.store.store import Store

__all__ = ["SourceEntry", "Stage", "Staged", "Store", "connect", "source_id"]
