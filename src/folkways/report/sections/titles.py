"""Games by title and cryptocurrencies: services of some functions, one by one."""

from collections.abc import Callable
from typing import Any

from folkways.report import numbers
from folkways.report.changes import Change, changes, main_measure
from folkways.report.claims import claim
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import Block, Claim, Claims, Heading, Prose, Section
from folkways.report.names import Names, round_title
from folkways.report.tables import Noun, group_rows, group_table, share_of
from folkways.report.wording import short_list

GAMES, COINS = ("games", "game-market"), "crypto-"
NAMED = 12
TITLE: Noun = ("Title", "Titles")
COIN_SERVICE: Noun = ("Service", "Services")


def games(material: Material) -> Section:
    """Titles and the markets that sell them."""

    def wanted(service: str | None) -> bool:
        return material.functions.get(service or "") in GAMES

    blocks = _services(material, "games", wanted, TITLE, "No game was seen in any round.")
    return Section("7", "games", "Which games", tuple(blocks))


def coins(material: Material) -> Section:
    """Cryptocurrencies: nodes, mining, wallets, exchanges."""
    present = sorted({f for f in material.functions.values() if f.startswith(COINS)})
    seen = [f for f in present if _rows(material, _of(material, f))]
    blocks: list[Block] = []
    if not seen:
        blocks.append(Prose("No service of a cryptocurrency was seen in any round."))
    names = Names.of(material)
    for function in seen:
        blocks.append(Heading(names.one("function", function)))
        blocks += _services(material, function, _of(material, function), COIN_SERVICE, "")
    return Section("8", "coins", "Which cryptocurrencies", tuple(blocks))


def _of(material: Material, function: str) -> Callable[[str | None], bool]:
    return lambda service: material.functions.get(service or "") == function


def _services(
    material: Material,
    section: str,
    wanted: Callable[[str | None], bool],
    what: Noun,
    nothing: str,
) -> list[Block]:
    if not _rows(material, wanted):
        return [Prose(nothing)]

    def of_change(change: Change) -> bool:
        return wanted(change.key[1])

    found = changes(material, "service", of_change)
    claims = [c for one in material.rounds if (c := _seen(material, one, section, wanted))]
    blocks: list[Block] = [Claims("", tuple(claims))]
    blocks += short_list(section, found, main_measure(found), material.k)
    table = group_table(
        material, "service", what, keep=lambda r: wanted(r["service"]), suffix=f"-{section}"
    )
    blocks.append(table)
    return blocks


def _seen(
    material: Material, one: RoundMaterial, section: str, wanted: Callable[[str | None], bool]
) -> Claim | None:
    names = Names.of(material)
    rows = [row for row in group_rows(one, "service") if wanted(row["service"])]
    told = sorted((r for r in rows if r["connections"]), key=lambda r: -r["connections"])
    hidden = sum(row.get("state") == "suppressed" for row in rows)
    lead = f"{round_title(one)}:"
    shown = [
        f"{names.row('service', row)} ({numbers.count(row['connections'])} connections"
        f"{_share(row, one)})"
        for row in told[:NAMED]
    ]
    if len(told) > NAMED:
        shown.append(f"{len(told) - NAMED:,} more")
    if hidden:
        shown.append(f"{hidden} with fewer than {material.k} members or next to such")
    text = f"{numbers.listing(shown)}." if shown else "none."
    data = {"round": one.name, "rows": told, "suppressed": hidden}
    return claim(f"{section}.seen", data, lead, text, f"by-service-{section}")


def _share(row: dict[str, Any], one: RoundMaterial) -> str:
    part = share_of(row, one)
    return "" if part is None else f", {numbers.share(part)}"


def _rows(material: Material, wanted: Callable[[str | None], bool]) -> list[dict[str, Any]]:
    return [
        row
        for one in material.rounds
        for row in group_rows(one, "service")
        if wanted(row["service"])
    ]
