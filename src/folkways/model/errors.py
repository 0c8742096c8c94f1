"""What can go wrong, so that the command line can say it in one line with the right exit code."""


class FolkwaysError(Exception):
    """The base of all errors that Folkways raises on purpose; its message is meant for people."""

    exit_code = 1


class UserError(FolkwaysError):
    """The user can mend it: a wrong path, a typo, a period outside the data (exit code 2)."""

    exit_code = 2


class PopulationError(UserError):
    """A population file says something that cannot be."""


class FormatError(UserError):
    """A source is not of the format it was taken for, or of none that is known."""


class ChangedError(FormatError):
    """A source did not stay as it was while it was read, so that its rows are of no one content."""


class MappingError(UserError):
    """A mapping file (tabular sources) does not fit its source or contradicts itself."""


class StudyError(UserError):
    """A folder is not a study, or its parts do not fit each other."""


class StorageError(FolkwaysError):
    """The disk is full or refuses; what was committed before stays as it was."""
