"""Every column once: its type, unit and meaning. Tables are lists of columns.

Only portable types, since every engine must read the tables: 64-bit milliseconds since the epoch
(UTC), 64-bit counters, 16-byte addresses (IPv4 as IPv4-mapped IPv6). Unknown is null; zero is a
measurement. ``tests/model/schema.golden.txt`` is a dump of all of it.
"""

from dataclasses import dataclass

import pyarrow as pa

ADDRESS = pa.binary(16)
INT16, INT32, INT64 = pa.int16(), pa.int32(), pa.int64()
TEXT, FLAG = pa.string(), pa.bool_()


@dataclass(frozen=True)
class Column:
    """One column: its name, its Arrow type, its unit ("" where it has none), its meaning."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """A named list of columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of a batch of this table."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(c.name for c in self.columns)


START = Column("start_ms", INT64, "ms since 1970 UTC", "first packet of the row", nullable=False)
END = Column("end_ms", INT64, "ms since 1970 UTC", "last packet of the row", nullable=False)
PROTOCOL = Column("protocol", INT16, "", "IANA protocol number (IPFIX protocolIdentifier)")
UID = Column(
    "uid",
    INT64,
    "",
    "a sensor's own connection id, a text being hashed; joins rows of names to connections",
)
NAME = Column("name", TEXT, "", "host name sent in clear, lower case, without a final dot")
NAME_SOURCE = Column(
    "name_source", TEXT, "", "where the name stood: tls, quic, http; bound from an answer: dns"
)
SENSOR_LABEL = Column("sensor_label", TEXT, "", "what the sensor called the traffic, its own word")
SAMPLING = Column("sampling", INT64, "1 in N", "packet sampling; null is unknown, which is not 1")
EXPORTER = Column("exporter", TEXT, "", "who measured, as the source names it")
OBSERVATION_POINT = Column(
    "observation_point",
    TEXT,
    "",
    "where at the exporter the packets passed (domain, direction), as far as the source says; with "
    "the exporter it tells apart two sightings of the same packets",
)
FLAWS = Column("flaws", TEXT, "", "what is wrong with the row, comma between: missed-bytes, cut")
FLOWS = Column(
    "flows", INT64, "flows", "how many flows the row stands for; null: the row is a flow itself"
)
BEGINS = Column(
    "begins",
    FLAG,
    "",
    "true: the row is known to begin a connection (a sensor's whole connection, a SYN seen first); "
    "null: unknown, so that the time since the last piece decides",
)
CUMULATIVE = Column(
    "cumulative",
    FLAG,
    "",
    "true: the counters are totals since start_ms, so that the row states anew what other rows of "
    "this meter and connection stated inside its time; null: they count this row alone",
)
EXCLUSIVE = Column(
    "exclusive",
    FLAG,
    "",
    "true: the meter keeps one flow a key at a time, so that rows of one key that overlap state "
    "the same packets; null: not known",
)
DENIED = Column(
    "denied",
    FLAG,
    "",
    "true: the packets were discarded (firewall, security group, IPFIX forwardingStatus); false: "
    "forwarded; null: not said",
)
PARENT_UID = Column(
    "parent_uid", INT64, "", "uid of the tunnel that carried the row's packets; null: none known"
)
REMOTE_ASN = Column("remote_asn", INT64, "", "AS number of the remote side")
REMOTE_COUNTRY = Column("remote_country", TEXT, "ISO 3166-1", "country of the remote side")

RECORDS = Table(
    "records",
    "what a reader yields: flows as a source gives them, by source and destination",
    (
        START,
        END,
        Column("source_address", ADDRESS, "", "IPFIX sourceIPv4/6Address; the opener if known"),
        Column("destination_address", ADDRESS, "", "IPFIX destinationIPv4/6Address"),
        Column("source_port", INT32, "", "IPFIX sourceTransportPort; null for ICMP and unknown"),
        Column("destination_port", INT32, "", "IPFIX destinationTransportPort; null likewise"),
        PROTOCOL,
        Column("bytes_forward", INT64, "IP bytes", "source to destination; null: not observed"),
        Column("bytes_reverse", INT64, "IP bytes", "destination to source; null: not observed"),
        Column("packets_forward", INT64, "packets", "source to destination; null: not observed"),
        Column("packets_reverse", INT64, "packets", "destination to source; null: not observed"),
        Column("tcp_flags_forward", INT16, "", "OR of the TCP flags, source to destination"),
        Column("tcp_flags_reverse", INT16, "", "OR of the TCP flags, destination to source"),
        Column(
            "initiator", TEXT, "", "who opened, if the source knows: source or destination, or null"
        ),
        BEGINS,
        FLOWS,
        UID,
        PARENT_UID,
        CUMULATIVE,
        EXCLUSIVE,
        DENIED,
        NAME,
        NAME_SOURCE,
        SENSOR_LABEL,
        Column(
            "source_member",
            TEXT,
            "",
            "an id of a member where the source gives one instead of an address",
        ),
        Column("source_asn", INT64, "", "AS number, if the source of data says it"),
        Column("destination_asn", INT64, "", "AS number, if the source of data says it"),
        Column("source_country", TEXT, "ISO 3166-1", "country, if the source of data says it"),
        Column("destination_country", TEXT, "ISO 3166-1", "country, likewise"),
        SAMPLING,
        EXPORTER,
        OBSERVATION_POINT,
        Column(
            "translated_source_address",
            ADDRESS,
            "",
            "IPFIX postNATSourceIPv4/6Address; null: not translated, or not known",
        ),
        Column("translated_destination_address", ADDRESS, "", "likewise for the destination"),
        Column("translated_source_port", INT32, "", "IPFIX postNAPTSourceTransportPort; likewise"),
        Column("translated_destination_port", INT32, "", "likewise for the destination"),
        FLAWS,
    ),
)

NAMES = Table(
    "names",
    "names that a sensor logs apart from its connections, to be joined by uid",
    (
        Column("start_ms", INT64, "ms since 1970 UTC", "when the name was seen", nullable=False),
        Column("uid", INT64, "", UID.meaning, nullable=False),
        NAME,
        NAME_SOURCE,
    ),
)

ANSWERS = Table(
    "answers",
    "DNS answers (A and AAAA), one row an address",
    (
        Column("start_ms", INT64, "ms since 1970 UTC", "time of the answer", nullable=False),
        Column("client_address", ADDRESS, "", "who asked"),
        Column("query", TEXT, "", "the name asked for", nullable=False),
        Column("canonical", TEXT, "", "owner of the address record: end of the CNAME chain"),
        Column("chain", TEXT, "", "all names from query to owner, comma between; null: no CNAME"),
        Column("address", ADDRESS, "", "the answer", nullable=False),
        Column("ttl_s", INT64, "s", "smallest time to live along the chain; null: unknown"),
    ),
)

DAY = Column("day", TEXT, "UTC day", "partition, YYYY-MM-DD, the day of start_ms", nullable=False)
MEMBER = Column("member", ADDRESS, "", "pseudonym of the side inside the population")
MEMBER_RANGE = Column("member_range", TEXT, "", "label of the member's range, else its prefix")
REMOTE = Column(
    "remote", ADDRESS, "", "address of the other side; a pseudonym where it is a member too"
)
SOURCE = Column("source", TEXT, "", "id of the source file (start of its digest)", nullable=False)
INTERNAL = Column("internal", FLAG, "", "both sides inside the population", nullable=False)

OBSERVED = Table(
    "observed",
    "records oriented by the population and pseudonymised; append-only",
    (
        DAY,
        START,
        END,
        MEMBER,
        MEMBER_RANGE,
        REMOTE,
        Column("member_port", INT32, "", "port on the member's side"),
        Column("remote_port", INT32, "", "port on the remote side"),
        PROTOCOL,
        Column("bytes_out", INT64, "IP bytes", "member to remote; null: not observed"),
        Column("bytes_in", INT64, "IP bytes", "remote to member; null: not observed"),
        Column("packets_out", INT64, "packets", "member to remote; null: not observed"),
        Column("packets_in", INT64, "packets", "remote to member; null: not observed"),
        Column("tcp_flags_out", INT16, "", "OR of the TCP flags, member to remote"),
        Column("tcp_flags_in", INT16, "", "OR of the TCP flags, remote to member"),
        Column("opened_by", TEXT, "", "member or remote, if the source knows; null: unknown"),
        Column("sent_first", TEXT, "", "side of the row's first packet: member or remote, or null"),
        BEGINS,
        FLOWS,
        UID,
        PARENT_UID,
        CUMULATIVE,
        EXCLUSIVE,
        DENIED,
        NAME,
        NAME_SOURCE,
        SENSOR_LABEL,
        REMOTE_ASN,
        REMOTE_COUNTRY,
        SAMPLING,
        EXPORTER,
        OBSERVATION_POINT,
        Column(
            "translated_member",
            ADDRESS,
            "",
            "pseudonym that stands for the member after translation (NAT), if that address is in "
            "the population too; null: none",
        ),
        Column("translated_member_port", INT32, "", "the member's port after translation"),
        Column("translated_remote", ADDRESS, "", "address of the remote side after translation"),
        Column("translated_remote_port", INT32, "", "the remote port after translation"),
        FLAWS,
        INTERNAL,
        SOURCE,
    ),
)

STORED_NAMES = Table("names", NAMES.meaning, (DAY, *NAMES.columns, SOURCE))

STORED_ANSWERS = Table(
    "answers",
    ANSWERS.meaning,
    (
        DAY,
        ANSWERS.columns[0],
        Column(
            "client",
            ADDRESS,
            "",
            "pseudonym of the member who asked; null: not known, or no member",
        ),
        *ANSWERS.columns[2:],
        SOURCE,
    ),
)

PIECE_ONLY = frozenset(
    {
        "uid",
        "parent_uid",
        "cumulative",
        "exclusive",
        "denied",
        "begins",
        "flows",
        "internal",
        "sent_first",
        "observation_point",
        "translated_member",
        "translated_member_port",
        "translated_remote",
        "translated_remote_port",
    }
)
"""Columns of ``observed`` that only serve to make connections of pieces."""

CONNECTED = Table(
    "connected",
    "observed rows of one day with pieces joined and names bound; no attribution yet",
    (
        *(c for c in OBSERVED.columns if c.name not in PIECE_ONLY),
        Column(
            "opens",
            INT64,
            "connections",
            "connections that start with this row: 0 or 1, or a sum's flows",
            nullable=False,
        ),
        Column(
            "answered",
            FLAG,
            "",
            "the side that did not open sent something back; null: cannot be known",
        ),
        Column(
            "noise",
            TEXT,
            "",
            "use, scan, backscatter, internal, local, denied, duplicate, interim, envelope; what "
            "is not use has measures of its own",
            nullable=False,
        ),
        Column(
            "name_candidates",
            TEXT,
            "",
            "names that DNS gave for the remote address at that time, sorted, comma between, at "
            "most 8 and then ...; null: not more than one",
        ),
    ),
)

NAME_CANDIDATES = CONNECTED.columns[-1]

OPEN_CONNECTIONS = Table(
    "open_connections",
    "what the next day needs of the days before: observed rows that last longer than a day, and "
    "connections that may go on, each summed up in a row",
    (
        *OBSERVED.columns,
        NAME_CANDIDATES,
        Column(
            "summary",
            FLAG,
            "",
            "true: all that is known of one connection, from its start to the last that was seen "
            "of it; its counters say only in which directions packets were seen",
            nullable=False,
        ),
    ),
)

CONNECTIONS = Table(
    "connections",
    "connected rows with attribution: what all measures are made from",
    (
        *CONNECTED.columns,
        Column("service", TEXT, "", "id of the service; null: not known"),
        Column("operator", TEXT, "", "id of the operator; null: not known"),
        Column(
            "function",
            TEXT,
            "",
            "function of the service, or of all that share the port; null: not known",
        ),
        Column("jurisdiction", TEXT, "ISO 3166-1", "the operator's seat that day"),
        Column("rule", TEXT, "", "id of the rule that decided; null: none did"),
        Column("evidence", TEXT, "", "name, dns, address, sensor, port; null: none"),
        Column(
            "list_age",
            INT64,
            "days",
            "distance of the flow's day from the dates of the list that decided; 0: inside them",
        ),
        Column(
            "remote_country_second",
            TEXT,
            "ISO 3166-1",
            "country of the remote side by another list, where it says otherwise than the first",
        ),
        Column(
            "remote_kind",
            TEXT,
            "",
            "tor-relay, vpn, proxy, cdn, hosting, education, government, media, access-network; by "
            "list, else by the names of networks; null: unknown",
        ),
        Column(
            "remote_detail",
            TEXT,
            "",
            "what the list of that kind says: roles of a Tor relay, the provider; null: no list",
        ),
        Column("encrypted", TEXT, "", "none, tls, quic, ech, other; null: cannot be known"),
        Column(
            "hidden",
            TEXT,
            "",
            "dns-tunnel, encrypted-dns, possible-proxy, possible-tor, possible-vpn, possible-vps, "
            "proxy, tor, tunnel-like, vpn; sorted, comma between; null: none",
        ),
    ),
)

TABLES = (
    *(RECORDS, NAMES, ANSWERS),
    *(OBSERVED, STORED_NAMES, STORED_ANSWERS),
    *(CONNECTED, OPEN_CONNECTIONS, CONNECTIONS),
)


def describe_schema() -> str:
    """All tables as text, a line a column: the golden dump of the schema."""
    lines: list[str] = []
    for table in TABLES:
        lines.append(f"# {table.name}: {table.meaning}")
        for c in table.columns:
            null = "null" if c.nullable else "not null"
            lines.append(f"{c.name} | {c.type} | {null} | {c.unit} | {c.meaning}")
        lines.append("")
    return "\n".join(lines)
