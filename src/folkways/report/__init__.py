"""Findings to sentences, charts and one page."""
