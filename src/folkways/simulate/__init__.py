"""Populations with known truth, written as real flow formats."""
