"""dns-tunnel: data in names that a member asks for, or volume that its lookups do not explain.

Two rules; both need stored answers of the member's on that day, else nothing is said.

- **names**: below one registered domain, the member got answers for many distinct long names,
  nearly each asked once, made of an alphabet of data rather than of words, and enough text in all.
  Its resolvers that carried a part of it are marked; the answers do not say who was asked.
- **volume**: with one resolver over udp/53 much volume in queries or responses larger than ordinary
  ones, most of it for queries that no stored answer explains.

Answers are stored for addresses only, so tunnels over TXT, NULL, CNAME or MX show by volume alone,
and slow ones not at all. Domains of services, and those in whose names data is ordinary
(behaviour.toml), are no tunnels: a tunnel needs a name server of its own.
"""

import datetime as dt

import duckdb
from publicsuffixlist import PublicSuffixList

from folkways.attribute.behaviour_limits import Limits
from folkways.attribute.catalogue import Catalogue
from folkways.model.period import DAY_MS, EPOCH

_NAME = "lower(rtrim(query, '.'))"
# Every registered domain lies below one name of two labels.
_TAIL = f"split_part({_NAME}, '.', -2) || '.' || split_part({_NAME}, '.', -1)"
_LONG = "start_ms >= {start} AND start_ms < {end} AND strlen(query) > {dns_length} + 3"

# A superset by what is cheap to count; its names are looked at one by one.
_BUSY = f"""
    SELECT client, {_TAIL} AS tail FROM {{answers}}
    WHERE {_LONG} AND client IN (SELECT member FROM behaviour_pairs WHERE lookup)
    GROUP BY ALL
    HAVING count(*) >= {{dns_names}} AND sum(strlen(query)) >= {{dns_text}}
        AND 2 * approx_count_distinct(query) >= {{dns_names}}
"""
# An answer is one row an address; a lookup is a name at a moment.
_NAMES = rf"""
    SELECT client, tail, name, count(DISTINCT start_ms) AS lookups
    FROM (SELECT client, start_ms, {_NAME} AS name, {_TAIL} AS tail FROM {{answers}}
          WHERE {_LONG})
    SEMI JOIN behaviour_busy USING (client, tail)
    WHERE NOT regexp_matches(name, '(^|\.)({{ordinary}})$')
    GROUP BY ALL
"""
# Data is told by its alphabet: digits mixed in, vowels as rare as any letter. What a query weighs:
# IPv4 and UDP 28, header 12, name and 2, type and class 4 (RFC 1035 section 4).
_DOMAINS = r"""
    SELECT client, domain, sum(lookups * (46 + size + strlen(domain))) AS wire
    FROM (
        SELECT client, domain, lookups, strlen(name) - strlen(domain) - 1 AS size,
            regexp_replace(left(name, -strlen(domain) - 1), '[^a-z0-9]', '', 'g') AS text
        FROM (
            SELECT n.*, CASE WHEN s.tail IS NULL THEN n.tail
                             ELSE split_part(name, '.', -3) || '.' || n.tail END AS domain
            FROM behaviour_names n LEFT JOIN behaviour_suffixes s USING (tail)
        )
        WHERE size >= {dns_length}
    )
    GROUP BY client, domain
    HAVING count(*) >= {dns_names} AND sum(size) >= {dns_text}
        AND 100 * count(*) >= {dns_distinct} * sum(lookups)
        AND 100 * sum(strlen(text) - strlen(translate(text, '0123456789', '')))
            >= {dns_digits} * sum(strlen(text))
        AND 100 * sum(strlen(text) - strlen(translate(text, 'aeiou', '')))
            <= {dns_vowels} * sum(strlen(text))
"""
_BY_NAMES = """
    SELECT member, remote, 'dns-tunnel' AS hidden
    FROM behaviour_pairs JOIN (SELECT client, sum(wire) AS wire FROM behaviour_domains
                               GROUP BY client) ON member = client
    WHERE lookup AND 100 * lookup_out >= {dns_resolver} * wire
"""

_LARGE = """plain_out + plain_in >= {dns_volume}
    AND (plain_out >= {dns_query} * queries OR plain_in >= {dns_response} * responses)"""
_BY_VOLUME = """
    SELECT member, remote, 'dns-tunnel' AS hidden
    FROM behaviour_pairs JOIN (
        SELECT client, count(*) AS lookups
        FROM (SELECT DISTINCT client, start_ms, query FROM {answers}
              WHERE start_ms >= {start} AND start_ms < {end}
                  AND client IN (SELECT member FROM behaviour_pairs WHERE {large}))
        GROUP BY client
    ) ON member = client
    WHERE {large} AND 100 * (queries - lookups) >= {dns_unexplained} * queries
"""


def dns_tunnels(
    con: duckdb.DuckDBPyConnection,
    answers: str,
    day: str,
    limits: Limits,
    catalogue: Catalogue | None,
) -> str:
    """A query for (member, remote, hidden), from the table ``behaviour_pairs``.

    Args:
        con: the connection; tables ``behaviour_*`` are put into it.
        answers: a view with the schema STORED_ANSWERS.
        day: YYYY-MM-DD.
        limits: the numbers.
        catalogue: registered domains that it knows as a service's are left out.
    """
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    known = {**limits.values, "answers": answers, "start": start, "end": start + DAY_MS}
    ordinary = "|".join(suffix.replace(".", r"\.") for suffix in limits.ordinary)
    _make(con, "busy", _BUSY.format(**known))
    _make(con, "names", _NAMES.format(**known, ordinary=ordinary))
    _suffixes(con)
    _make(con, "domains", _DOMAINS.format(**known))
    if catalogue is not None:
        _forget_services(con, catalogue)
    large = _LARGE.format(**known)
    by_volume = _BY_VOLUME.format(**known, large=large)
    return f"{_BY_NAMES.format(**known)} UNION {by_volume}"


def _suffixes(con: duckdb.DuckDBPyConnection) -> None:
    """Put the tails that are public suffixes into ``behaviour_suffixes``, such as ``co.uk``.

    Suffixes of three labels and more, and those of private registrars, are not told apart: whoever
    holds the shorter domain has the authority over what lies below.
    """
    psl = PublicSuffixList(only_icann=True)
    tails = con.sql("SELECT DISTINCT tail FROM behaviour_names").fetchall()
    found = [tail for (tail,) in tails if psl.is_public(tail)]
    _make(con, "suffixes", "SELECT unnest($1::VARCHAR[]) AS tail", [found])


def _forget_services(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    domains = con.sql("SELECT DISTINCT domain FROM behaviour_domains").fetchall()
    known = [domain for (domain,) in domains if catalogue.match_name(domain) is not None]
    con.execute(
        "DELETE FROM behaviour_domains WHERE list_contains($1::VARCHAR[], domain)", [known]
    ).fetchall()


def _make(
    con: duckdb.DuckDBPyConnection, name: str, query: str, values: list[list[str]] | None = None
) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE behaviour_{name} AS {query}", values).fetchall()
