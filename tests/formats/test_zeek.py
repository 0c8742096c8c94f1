from hypothesis import given
from hypothesis import strategies as st

from folkways.formats.zeek import (
    LOGS,
    Field,
    Markers,
    canonical,
    escape,
    footer,
    header,
    log_of,
    scoped,
    unescape,
)


def test_the_header_is_zeeks() -> None:
    text = header("conn", "2020-10-06-17-32-56", [Field("ts", "time"), Field("id.orig_h", "addr")])
    assert text == (
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        "#open\t2020-10-06-17-32-56\n#fields\tts\tid.orig_h\n#types\ttime\taddr\n"
    )
    assert footer("2020-10-06-17-33-29") == "#close\t2020-10-06-17-33-29\n"


def test_each_log_is_told_by_its_own_columns() -> None:
    for path, fields in LOGS.items():
        assert log_of(f.name for f in fields) == path
    assert log_of(["src_ip", "dest_ip", "event_type"]) is None
    assert log_of(["name"]) == "loaded_scripts"
    assert log_of(["name", "age"]) is None


def test_logs_that_share_keys() -> None:
    base = ["ts", "uid", "id.orig_h"]
    assert log_of([*base, "trans_depth", "method", "uri", "call_id"]) == "sip"
    assert log_of([*base, "trans_depth", "helo"]) == "smtp"
    assert log_of([*base, "server_name", "client_initial_dcid"]) == "quic"
    assert log_of([*base, "auth_success"]) == "other"


def test_scope_characters() -> None:
    for scope in (".", "_", "$", "->", ""):
        assert canonical(scoped("id.orig_h", scope)) == "id.orig_h"
    assert canonical("identity") == "identity"
    assert canonical("trans_id") == "trans_id"


def test_what_reads_as_a_marker_is_escaped() -> None:
    assert escape("-") == "\\x2d"
    assert escape("(empty)") == "\\x28empty)"
    assert escape("#x") == "\\x23x"
    assert escape("a,b\tc\\") == "a\\x2cb\\x09c\\x5c"
    assert unescape("a\\\\x41") == "a\\x41"


@given(st.text(), st.sampled_from(["\t", ";", "§", "::"]), st.sampled_from(["-", "NULL"]))
def test_escaping_round_trips(text: str, separator: str, unset: str) -> None:
    markers = Markers(separator=separator, unset_field=unset)
    written = escape(text, markers)
    assert separator not in written
    assert "\n" not in written
    assert written not in {unset, "(empty)"}
    assert unescape(written) == text
