"""The sections of a page, one file a question, each from the material alone."""
