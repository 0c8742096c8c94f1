"""Readers of published lists: each gives the rows of one format as ranges of addresses."""
