"""What was used, by how many, when, how hidden, where abroad."""
