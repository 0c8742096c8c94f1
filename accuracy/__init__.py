"""How often an attribution is wrong, measured on captures whose flows somebody else labelled.

``python -m accuracy.run`` prints it; ``make accuracy`` calls that. It is no part of the package.
"""
