"""How a population uses the internet, and how that changed, from traffic metadata."""

from folkways.model.errors import FolkwaysError, StorageError, StudyError, UserError
from folkways.model.period import Period
from folkways.model.population import Population
from folkways.read.reader import ReadOptions
from folkways.study import Study

__all__ = [
    "FolkwaysError",
    "Period",
    "Population",
    "ReadOptions",
    "StorageError",
    "Study",
    "StudyError",
    "UserError",
]
