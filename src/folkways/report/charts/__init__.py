"""Charts as Vega-Lite specifications, and how they become pictures."""
