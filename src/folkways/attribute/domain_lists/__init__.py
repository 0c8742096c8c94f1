"""Parsers of published domain lists, and which services they name."""
