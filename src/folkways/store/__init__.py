"""Delta tables of Parquet files: exactly-once ingest, days replaced atomically."""
