"""How a population uses the internet, and how that changed, from traffic metadata."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from folkways.model.errors import FolkwaysError as FolkwaysError
    from folkways.model.errors import StorageError as StorageError
    from folkways.model.errors import StudyError as StudyError
    from folkways.model.errors import UserError as UserError
    from folkways.model.period import Period as Period
    from folkways.model.population import Population as Population
    from folkways.read.reader import ReadOptions as ReadOptions
    from folkways.study import Study as Study

_PUBLIC = {
    "FolkwaysError": "folkways.model.errors",
    "Period": "folkways.model.period",
    "Population": "folkways.model.population",
    "ReadOptions": "folkways.read.reader",
    "StorageError": "folkways.model.errors",
    "Study": "folkways.study",
    "StudyError": "folkways.model.errors",
    "UserError": "folkways.model.errors",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: a worker that reads needs no charts."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
