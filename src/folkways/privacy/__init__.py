"""Pseudonyms and suppression."""
