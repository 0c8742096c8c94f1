"""What a format is, shared by those that read and those that write it."""
