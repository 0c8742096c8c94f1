"""The catalogue: what it holds, what is wrong with it, and domain lists below it."""

from pathlib import Path

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check
from folkways.attribute.import_domains import import_domains
from folkways.report.material import Rows
from folkways.study.folder import StudyFolder


def list_services() -> Rows:
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


def import_names(
    study: StudyFolder,
    path: Path,
    *,
    source: str,
    licence: str,
    version: str | None,
    service: str | None,
    function: str | None,
) -> list[str]:
    """Import a domain list into a study; what came of it, a sentence each.

    Raises:
        CatalogueError: it cannot be read, has no usable rule, or does not fit the catalogue.
        StorageError: the disk is full or refuses.
    """
    done = import_domains(
        path,
        study.root / "imported",
        source=source,
        licence=licence,
        on=version,
        service=service and study.catalogue.current_id(service),
        function=function,
        catalogue=Catalogue.load(),
    )
    return [
        f"{done.list.rules:,} of {done.rows:,} rules became {done.list.id}",
        *(f"{count:,} not used: {cause}" for cause, count in done.skipped.most_common()),
        *(f"{count:,} {flaw}" for flaw, count in done.flaws.most_common()),
        f"{len(done.mapped):,} of its lists or words are services of the catalogue",
    ]


def imported_rows(study: StudyFolder) -> Rows:
    """The imported domain lists, as reference lists are shown."""
    return [
        {
            "id": one.id,
            "kind": "names",
            "dates": one.version,
            "days_away": None,
            "ranges": one.rules,
            "source": one.source,
            "licence": one.licence,
            "digest": one.digest,
        }
        for one in study.catalogue.imported.lists
    ]
