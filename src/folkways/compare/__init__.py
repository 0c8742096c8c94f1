"""Two periods: how much changed, how sure that is, and what cannot be told."""
