"""How a population uses the internet, and how that changed, from traffic metadata."""
