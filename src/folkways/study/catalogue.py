"""Questions to the catalogue that need no study."""

from typing import Any

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check


def list_services() -> list[dict[str, Any]]:
    """A row a service: id, name, function, operator, domains."""
    catalogue = Catalogue.load()
    return [
        {
            "id": service.id,
            "name": service.name,
            "function": service.function,
            "operator": service.operator,
            "domains": len(service.domains),
        }
        for service in sorted(catalogue.services.values(), key=lambda s: s.id)
    ]


def check_catalogue() -> list[str]:
    """Sentences about what is wrong with the packaged catalogue; none if it is sound."""
    return [str(problem) for problem in check(Catalogue.load())]
