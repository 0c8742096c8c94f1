"""The address lists that cloud and content providers publish as JSON.

Recognised by their keys: AWS ip-ranges.json (service, region, network border group), Google's
cloud.json and goog.json, Azure's ServiceTags, Oracle's public_ip_ranges.json, Cloudflare's
/client/v4/ips, Fastly's public-ip-list, GitHub's /meta. Sources: these providers' documentation
of the files; by specification.
"""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import prefixes
from folkways.attribute.imports.content import read_content
from folkways.attribute.imports.prefixes import prefix_rows
from folkways.attribute.imports.rows import RangeRows

KINDS = ("hosting", "cdn")
_CDN_SERVICES = ("CLOUDFRONT", "AzureFrontDoor")
_AZURE_NAME = re.compile(r"ServiceTags_[A-Za-z]+_(\d{8})")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")

Row = tuple[Any, str, str, str]
"""A prefix, its kind, the provider, and what of the provider's."""


def read_cloud(path: Path, kind: str) -> RangeRows:
    """Read a provider's file: the rows of one kind, with the provider as value.

    A prefix that is listed for a content network is not hosting as well, although AWS lists it
    again under all its services.

    Args:
        path: the file.
        kind: ``hosting`` or ``cdn``; rows of the other are counted and left out.

    Raises:
        CatalogueError: the file cannot be read, is damaged, is of no known provider, or has no
            row of the kind.
    """
    content = read_content(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"{path} is no JSON: {str(error).splitlines()[0]}.") from None
    reader = _reader(document)
    if reader is None:
        raise CatalogueError(f"{path} is not the list of a provider that is known.")
    everything = list(reader(document))
    elsewhere = {row[0] for row in everything if row[1] != kind and isinstance(row[0], str)}
    shared = elsewhere if kind == "hosting" else set()
    chosen = [
        row
        for row in everything
        if row[1] == kind and not (isinstance(row[0], str) and row[0] in shared)
    ]
    if not chosen:
        raise CatalogueError(f"{path} has no row of kind {kind}.")
    # What is said of all services of a provider first: of two rows alike the later one wins.
    chosen.sort(key=lambda row: not row[3].startswith("AMAZON"))
    texts, _, values, names = zip(*chosen, strict=True)
    column = pa.array([text if isinstance(text, str) else "" for text in texts])
    rows = prefix_rows(
        prefixes(column), pa.array(values), pa.array([name or None for name in names], pa.string())
    )
    other = Counter({"of another kind": len(everything) - len(chosen)})
    return RangeRows(
        rows.first,
        rows.last,
        rows.values,
        rows.names,
        len(everything),
        +(rows.skipped + other),
        dates=_dates(document, path),
        flagged=rows.flagged,
    )


def is_cloud(document: Any) -> bool:
    """Whether a JSON document is the list of a provider that is known."""
    return _reader(document) is not None


def _reader(document: Any) -> Callable[[Any], Iterator[Row]] | None:
    if not isinstance(document, dict):
        return None
    has = document.keys().__contains__
    prefix = next(_dicts(document.get("prefixes")), {})
    result = document.get("result")
    known: tuple[tuple[bool, Callable[[Any], Iterator[Row]]], ...] = (
        ("ip_prefix" in prefix or has("ipv6_prefixes"), _aws),
        (not prefix.keys().isdisjoint({"ipv4Prefix", "ipv6Prefix"}), _google),
        (has("values") and has("cloud"), _azure),
        (has("regions"), _oracle),
        (isinstance(result, dict) and "ipv4_cidrs" in result, _cloudflare),
        (has("addresses") and has("ipv6_addresses"), _fastly),
        (has("hooks") and has("git"), _github),
    )
    return next((reader for fits, reader in known if fits), None)


def _aws(document: Any) -> Iterator[Row]:
    for key, field in (("prefixes", "ip_prefix"), ("ipv6_prefixes", "ipv6_prefix")):
        for item in _dicts(document.get(key)):
            service = str(item.get("service", ""))
            yield item.get(field), _kind(service), "aws", _words(service, item.get("region"))


def _google(document: Any) -> Iterator[Row]:
    for item in _dicts(document.get("prefixes")):
        text = item.get("ipv4Prefix", item.get("ipv6Prefix"))
        value = "gcp" if "service" in item or "scope" in item else "google"
        yield text, "hosting", value, _words(item.get("service"), item.get("scope"))


def _azure(document: Any) -> Iterator[Row]:
    for item in _dicts(document.get("values")):
        name = str(item.get("name", ""))
        properties = item.get("properties")
        if not isinstance(properties, dict):
            continue
        for text in _list(properties.get("addressPrefixes")):
            yield text, _kind(name), "azure", name


def _oracle(document: Any) -> Iterator[Row]:
    for region in _dicts(document.get("regions")):
        for item in _dicts(region.get("cidrs")):
            name = _words(*_list(item.get("tags")), region.get("region"))
            yield item.get("cidr"), "hosting", "oracle", name


def _cloudflare(document: Any) -> Iterator[Row]:
    for key in ("ipv4_cidrs", "ipv6_cidrs"):
        for text in _list(document["result"].get(key)):
            yield text, "cdn", "cloudflare", ""


def _fastly(document: Any) -> Iterator[Row]:
    for key in ("addresses", "ipv6_addresses"):
        for text in _list(document.get(key)):
            yield text, "cdn", "fastly", ""


def _github(document: Any) -> Iterator[Row]:
    for key, items in document.items():
        for text in _list(items):
            # Keys and names of domains stand beside the prefixes.
            if isinstance(text, str) and "/" in text and " " not in text:
                yield text, "hosting", "github", key


def _kind(service: str) -> str:
    return "cdn" if service.startswith(_CDN_SERVICES) else "hosting"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (item for item in _list(value) if isinstance(item, dict))


def _words(*parts: Any) -> str:
    return " ".join(part for part in parts if isinstance(part, str) and part)


def _dates(document: Any, path: Path) -> tuple[dt.date, dt.date] | None:
    """The day on which the file was made; Azure's says it only in its published name."""
    keys = ("createDate", "creationTime", "last_updated_timestamp")
    text = next((document[k] for k in keys if isinstance(document.get(k), str)), "")
    named = _AZURE_NAME.search(path.name)
    # AWS writes 2026-01-31-12-00-00, the others ISO 8601.
    found = _DAY.match(text) or (named and re.match(r"(\d{4})(\d\d)(\d\d)", named[1]))
    try:
        day = dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
    return (day, day) if day else None
