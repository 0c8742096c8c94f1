"""From bytes to batches: one file a format, one visible list, best sniff wins."""
