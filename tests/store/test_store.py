import datetime as dt
import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from folkways.model.columns import CONNECTIONS, OBSERVED, STORED_NAMES
from folkways.model.errors import StudyError
from folkways.store import SourceEntry, Stage, Store, source_id
from folkways.store.folder import FORMAT
from folkways.store.parquet import ROW_GROUP_ROWS, SQL_TYPES

DAYS = ["2017-04-01", "2017-04-02", "2017-04-03"]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def add(store: Store, scenario: SimpleNamespace, *names: str, rows: int = 100) -> list[SourceEntry]:
    entries = [scenario.entry_of(name, rows, at) for at, name in enumerate(names)]
    with store.stage() as stage:
        for entry in entries:
            for table in ("observed", "names", "answers"):
                stage.write(table, scenario.rows_of(table, entry.id, rows))
    return store.commit([stage.finish()], entries)


def counts(store: Store, con: duckdb.DuckDBPyConnection, table: str = "observed") -> dict[str, int]:
    store.view(con, "counted", table)
    return dict(con.execute("SELECT source, count(*) FROM counted GROUP BY 1").fetchall())


def test_rows_come_back_as_they_went_in(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    parts = [scenario.rows_of("observed", "a" * 16, 500, seed=seed) for seed in (1, 2)]
    with store.stage() as stage:
        for rows in parts:
            stage.write("observed", rows)
    store.commit([stage.finish()], [scenario.entry_of("a")])
    store.view(con, "o", "observed")
    found = con.sql("SELECT * FROM o ORDER BY ALL").to_arrow_table()
    con.register("expected", pa.Table.from_batches(parts))
    wanted = con.sql("SELECT * FROM expected ORDER BY ALL").to_arrow_table()
    assert found.column_names == list(OBSERVED.names)
    assert found.to_pylist() == wanted.to_pylist()
    assert store.days("observed") == DAYS


def test_a_view_has_the_columns_in_order_also_without_files(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    expected = [(c.name, SQL_TYPES[c.type]) for c in OBSERVED.columns]

    def columns(name: str) -> list[tuple[Any, ...]]:
        return con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name})").fetchall()

    store.view(con, "o", "observed")
    assert columns("o") == expected
    assert con.execute("SELECT count(*) FROM o").fetchone() == (0,)
    add(store, scenario, "one")
    store.view(con, "o", "observed")
    assert columns("o") == expected
    store.view(con, "o", "observed", [])
    assert columns("o") == expected
    store.view(con, "o", "observed", ["2017-04-02"])
    assert con.execute("SELECT DISTINCT day FROM o").fetchall() == [("2017-04-02",)]


def test_files_are_as_other_engines_expect(store: Store, scenario: SimpleNamespace) -> None:
    add(store, scenario, "one", rows=300)
    for path in store.files("observed"):
        assert path.parent.name.startswith("day=2017-04-0")
        file = pq.ParquetFile(path)
        assert file.metadata.format_version.startswith("2")
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.schema_arrow.names == [n for n in OBSERVED.names if n != "day"]
        assert file.schema_arrow.field("member").type == pa.binary()
        starts = file.read(["start_ms"])["start_ms"].to_pylist()
        assert starts == sorted(starts)
    # What delta-rs reads by itself, from nothing but the log: an engine other than ours.
    delta = DeltaTable(str(store.root / "observed"))
    assert pa.table(delta.get_add_actions())["num_records"].to_pylist() != []
    assert sum(pa.table(delta.get_add_actions())["num_records"].to_pylist()) == 300
    assert delta.metadata().partition_columns == ["day"]
    types = {f.name: f.type.type for f in delta.schema().fields}
    assert (types["member"], types["start_ms"], types["day"]) == ("binary", "long", "string")


def test_statistics_agree_with_the_rows(store: Store, scenario: SimpleNamespace) -> None:
    with store.stage() as stage:
        stage.write("observed", scenario.rows_of("observed", "a" * 16, 200, days=1))
    staged = stage.finish()
    rows = pq.ParquetFile(store.root / staged.files["observed"][0].staged).read()
    stats = json.loads(staged.files["observed"][0].stats)
    assert stats["numRecords"] == 200
    for name in rows.column_names:
        values = [v for v in rows[name].to_pylist() if v is not None]
        assert stats["nullCount"][name] == 200 - len(values)
        if pa.types.is_integer(rows.schema.field(name).type) and values:
            assert stats["minValues"][name] == min(values)
            assert stats["maxValues"][name] == max(values)
    assert stats["minValues"]["source"] == stats["maxValues"]["source"] == "a" * 16
    # Bounds of names would say in the log what was visited.
    assert "name" not in stats["minValues"]


def test_row_groups_and_one_file_a_day(
    store: Store, scenario: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROW_GROUP_ROWS + 5000
    with store.stage() as stage:
        for seed in range(5):
            stage.write("names", scenario.rows_of("names", "a", rows // 5, days=1, seed=seed))
    store.commit([stage.finish()], [scenario.entry_of("a")])
    (path,) = store.files("names")
    metadata = pq.ParquetFile(path).metadata
    assert metadata.num_row_groups == 2
    assert metadata.row_group(0).num_rows == ROW_GROUP_ROWS
    # A full buffer is written at once, and goes on empty.
    monkeypatch.setattr("folkways.store.stage.BUFFER_ROWS", 1000)
    with store.stage() as stage:
        for seed in range(4):
            stage.write("names", scenario.rows_of("names", "b", 500, days=1, seed=seed))
    files = stage.finish().files["names"]
    assert [file.rows for file in files] == [1000, 1000]


def test_many_small_sources_give_few_files(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    names = [f"log {i}" for i in range(300)]
    entries = [scenario.entry_of(name, 2, at) for at, name in enumerate(names)]
    with store.stage() as stage:
        for entry in entries:
            stage.write(
                "observed", scenario.rows_of("observed", entry.id, 2, seed=entry.ingested_ms)
            )
    store.commit([stage.finish()], entries)
    assert len(store.files("observed")) == 3
    assert len(store.files("sources")) == 1
    assert counts(store, con) == dict.fromkeys((source_id(e.digest) for e in entries), 2)
    assert store.digests() == {entry.digest for entry in entries}


def test_entries_come_back_in_order(store: Store) -> None:
    entries = [
        SourceEntry(
            f"id{i}", f"{i:064x}", f"ünï/'{i}'.log", "zeek", 5 - i, 9, 8, 1, 2, {"c": 1}, {}, ["n"]
        )
        for i in range(4)
    ]
    store.commit([store.stage().finish()], entries)
    assert store.sources() == entries[::-1]
    assert store.ingested(entries[0].digest)
    assert not store.ingested("f" * 64)


def test_a_source_without_rows_is_in(store: Store, scenario: SimpleNamespace) -> None:
    entry = scenario.entry_of("nothing")
    assert store.commit([], [entry]) == [entry]
    assert Store(store.root).sources() == [entry]
    assert store.days("observed") == []


def test_twice_changes_nothing(store: Store, scenario: SimpleNamespace) -> None:
    add(store, scenario, "one")
    before = store.files("observed")
    assert add(store, scenario, "one") == []
    assert store.files("observed") == before
    assert store.clean(0) == 0


def test_what_another_one_added_meanwhile_is_left_out(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    add(store, scenario, "two")
    new = add(Store(store.root), scenario, "one", "two", "three")
    assert [entry.name for entry in new] == ["one", "three"]
    for table in ("observed", "names", "answers"):
        expected = {scenario.entry_of(n).id: 100 for n in ("one", "two", "three")}
        assert counts(store, con, table) == expected
    assert not list((store.root / "tmp").iterdir())


def test_removed_and_added_again(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    add(store, scenario, "one", "two")
    with store.stage() as stage:
        late = scenario.rows_of("observed", scenario.entry_of("three").id, 10, first=17_300)
        stage.write("observed", late)
    store.commit([stage.finish()], [scenario.entry_of("three", 10, 9)])
    one, two, three = (scenario.entry_of(n).id for n in ("one", "two", "three"))
    for _ in range(3):
        untouched = store.files("observed", ["2017-05-14"])
        stamp = store.input_stamp(DAYS)
        assert store.remove_source(two) == set(DAYS)
        assert store.input_stamp(DAYS) != stamp
        assert store.files("observed", ["2017-05-14"]) == untouched
        assert counts(store, con) == {one: 100, three: 10}
        assert counts(store, con, "names") == {one: 100}
        assert [entry.name for entry in store.sources()] == ["one", "three"]
        for path in store.files("observed", DAYS):
            starts = pq.ParquetFile(path).read(["start_ms"])["start_ms"].to_pylist()
            assert starts == sorted(starts)
        observed = store._holdings.tables["observed"]
        assert observed.mark(scenario.digest_of("two")) % 2 == 0
        assert [entry.name for entry in add(store, scenario, "two")] == ["two"]
        assert observed.mark(scenario.digest_of("two")) % 2 == 1
        assert counts(store, con) == {one: 100, two: 100, three: 10}
    assert store.remove_source(three) == {"2017-05-14", "2017-05-15", "2017-05-16"}
    assert store.days("observed") == DAYS
    with pytest.raises(StudyError, match="No source feed"):
        store.remove_source("feed")


def test_a_source_is_replaced_in_one_step(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    add(store, scenario, "one", "two")
    one, two = (scenario.entry_of(n).id for n in ("one", "two"))
    stamp = store.input_stamp(DAYS)
    scenario.renew(store.root)
    assert counts(store, con) == {one: scenario.RENEWED_ROWS, two: 100}
    assert counts(store, con, "names") == {two: 100}
    assert store.input_stamp(DAYS) != stamp
    assert sorted(e.name for e in store.sources()) == ["one", "two"]
    assert store._holdings.tables["observed"].mark(scenario.digest_of("one")) % 2 == 1


def test_what_is_to_be_left_out_is_not_committed(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    with store.stage() as stage:
        for name in ("one", "two"):
            rows = scenario.rows_of("observed", scenario.entry_of(name).id, 10)
            stage.write("observed", rows)
        staged = stage.finish()
    one, two = scenario.entry_of("one", 10), scenario.entry_of("two", 10)
    store.commit([staged], [one], without=[two.id])
    assert counts(store, con) == {one.id: 10}
    assert [entry.name for entry in store.sources()] == ["one"]


def test_one_id_for_two_contents_is_refused(store: Store, scenario: SimpleNamespace) -> None:
    entry = scenario.entry_of("one")
    store.commit([], [entry])
    other = SourceEntry(entry.id, "f" * 64, "x", "zeek", 1, 1, 1, None, None)
    with pytest.raises(StudyError, match="same id"):
        store.commit([], [other])
    with pytest.raises(ValueError, match="twice"):
        store.commit([], [other, other])


def test_a_stage_refuses_what_is_not_the_table(store: Store, scenario: SimpleNamespace) -> None:
    rows = scenario.rows_of("names", "a", 5)
    with store.stage() as stage, pytest.raises(ValueError, match="another schema"):
        stage.write("observed", rows)
    wrong = rows.set_column(0, STORED_NAMES.schema.field(0), pa.array(["2017-04-09"] * 5))
    with pytest.raises(ValueError, match="another day"), store.stage() as stage:  # noqa: PT012  # leaving it is what is tested
        stage.write("names", wrong)
        # An error in the with statement leaves nothing behind.
        stage.finish()
    assert store.clean(0) == 0


def test_an_abandoned_stage_leaves_nothing(store: Store, scenario: SimpleNamespace) -> None:
    stage = store.stage()
    stage.write("names", scenario.rows_of("names", "a", 5))
    stage._flush("names")
    stage._wait()
    assert list((store.root / "tmp").rglob("*.parquet"))
    stage.abandon()
    assert not list((store.root / "tmp").iterdir())


def test_clean_spares_what_is_in_use(store: Store, scenario: SimpleNamespace) -> None:
    stage = Stage(store.root)
    stage.write("names", scenario.rows_of("names", "a", 5))
    stage._flush("names")
    stage._wait()
    with store.scratch() as temp:
        (temp / "spill").write_bytes(b"x")
        assert store.clean(0) == 0
        assert temp.exists()
    assert not temp.exists()
    store.commit([stage.finish()], [scenario.entry_of("a")])
    assert len(store.files("names")) > 0


def test_replaced_files_stay_for_a_while(store: Store, scenario: SimpleNamespace) -> None:
    add(store, scenario, "one")
    old = store.files("observed")
    store.remove_source(scenario.entry_of("one").id)
    assert store.clean() == 0
    assert all(path.exists() for path in old)
    assert store.clean(0) > len(old)
    assert not any(path.exists() for path in old)


def test_days_are_replaced_with_their_stamps(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    add(store, scenario, "one", rows=1000)
    for day in DAYS:
        store.view(con, "o", "observed", [day])
        query = scenario.connections_query("o")
        rows = store.replace_day(day, con, query, "first-1")
        assert rows == con.execute("SELECT count(*) FROM o").fetchall()[0][0]
    assert store.stamps() == dict.fromkeys(DAYS, "first-1")
    store.view(con, "o", "observed", [DAYS[1]])
    one_row = scenario.connections_query("o") + " ORDER BY start_ms DESC LIMIT 1"
    assert store.replace_day(DAYS[1], con, one_row, "second_2") == 1
    assert store.replace_day(DAYS[2], con, query + " LIMIT 0", "first-1") == 0
    assert store.stamps() == {DAYS[0]: "first-1", DAYS[1]: "second_2", DAYS[2]: "first-1"}
    store.view(con, "c", "connections")
    found = con.execute("SELECT day, count(*) FROM c GROUP BY 1 ORDER BY 1").fetchall()
    assert [day for day, _ in found] == DAYS[:2]
    assert found[1] == (DAYS[1], 1)
    # An empty day is kept as an empty file; a view of it alone has its columns.
    store.view(con, "c", "connections", [DAYS[2]])
    empty = con.sql("SELECT * FROM c").to_arrow_table()
    assert (empty.num_rows, empty.column_names) == (0, list(CONNECTIONS.names))
    for path in store.files("connections"):
        starts = pq.ParquetFile(path).read(["start_ms"])["start_ms"].to_pylist()
        assert starts == sorted(starts)


def test_a_day_that_would_be_wrong_stays_as_it_was(
    store: Store, scenario: SimpleNamespace, con: duckdb.DuckDBPyConnection
) -> None:
    add(store, scenario, "one")
    store.view(con, "o", "observed")
    query = scenario.connections_query("o")
    with pytest.raises(ValueError, match="another day"):
        store.replace_day(DAYS[0], con, query, "x")
    with pytest.raises(ValueError, match="must not be null"):
        store.replace_day(DAYS[0], con, f"SELECT * REPLACE (NULL AS noise) FROM ({query})", "x")
    with pytest.raises(ValueError, match="stamp"):
        store.replace_day(DAYS[0], con, query, "a/b")
    assert store.stamps() == {}
    assert store.clean(0) == 0


def test_a_store_travels_to_other_processes(store: Store, scenario: SimpleNamespace) -> None:
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301  # made one line above
    with copy.stage() as stage:
        stage.write("names", scenario.rows_of("names", "a", 50))
    staged = pickle.loads(pickle.dumps(stage.finish()))  # noqa: S301  # likewise
    assert staged.days == set(DAYS)
    store.commit([staged], [scenario.entry_of("a", 50)])
    assert store.days("names") == DAYS


def test_the_log_survives_checkpoints(
    store: Store,
    scenario: SimpleNamespace,
    con: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("folkways.store.ingest.MOST_SOURCE_FILES", 4)
    entries = [scenario.entry_of(f"s{i}", 0, i) for i in range(10)]
    for entry in entries:
        with store.stage() as stage:
            stage.write("names", scenario.rows_of("names", entry.id, 1, days=1))
        store.commit([stage.finish()], [entry])
    # Far fewer files than commits: the small table of sources is written anew from time to time.
    assert len(store.files("sources")) <= 4
    for table in ("names", "sources"):
        delta = DeltaTable(str(store.root / table))
        delta.create_checkpoint()
        for path in (store.root / table / "_delta_log").glob("*.json"):
            path.unlink()
    again = Store(store.root)
    assert again.sources() == entries
    assert sum(counts(again, con, "names").values()) == 10
    assert again._holdings.tables["names"].mark(entries[0].digest) == 1
    assert again._holdings.tables["names"].mark(entries[9].digest) == 19
    assert again._holdings.changes() == 10
    assert again.commit([], entries[:3]) == []


def test_paths_that_engines_would_misread(tmp_path: Path, scenario: SimpleNamespace) -> None:
    for name in ("a b", "ü'n", "x#y", "year=2017", "[x]", "a%41", "q?", "st*r", "source=1"):
        root = tmp_path / name / "study"
        if name in {"[x]", "a%41", "q?", "st*r", "source=1"}:
            with pytest.raises(StudyError, match="cannot lie at"):
                Store.create(root)
            assert not root.exists()
            continue
        store = Store.create(root)
        add(store, scenario, "one", rows=2)
        assert counts(store, duckdb.connect()) == {scenario.entry_of("one").id: 2}
        store.remove_source(scenario.entry_of("one").id)
        assert counts(store, duckdb.connect()) == {}


def test_what_is_no_store(tmp_path: Path, store: Store) -> None:
    with pytest.raises(StudyError, match="not a study"):
        Store(tmp_path)
    with pytest.raises(StudyError, match="not a study"):
        Store(tmp_path / "absent")
    with pytest.raises(StudyError, match="already"):
        Store.create(store.root)
    label = store.root / "store.json"
    label.write_text("{")
    with pytest.raises(StudyError, match="damaged"):
        Store(store.root)
    label.write_text(json.dumps({"format": 7, "folkways": "9.1"}))
    with pytest.raises(StudyError, match=r"made by Folkways 9\.1 in format 7"):
        Store(store.root)


def test_creating_can_be_repeated_after_a_kill(store: Store) -> None:
    (store.root / "store.json").unlink()
    assert Store.create(store.root).sources() == []


def test_other_columns_name_the_version_that_wrote_them(store: Store) -> None:
    path = store.root / "names"
    for file in path.rglob("*.json"):
        file.unlink()
    schema = pa.schema([pa.field("day", pa.string(), nullable=False), ("start_ms", pa.int64())])
    DeltaTable.create(str(path), schema, partition_by=["day"])
    label = store.root / "store.json"
    label.write_text(json.dumps({"format": FORMAT, "folkways": "0.0.9"}))
    with pytest.raises(
        StudyError, match=r"names .* made by Folkways 0\.0\.9 .*missing name, "
    ) as e:
        Store(store.root)
    assert "\n" not in str(e.value)


def test_input_stamp_covers_its_days_only(store: Store, scenario: SimpleNamespace) -> None:
    add(store, scenario, "one")
    before = {day: store.input_stamp([day]) for day in DAYS}
    with store.stage() as stage:
        stage.write("answers", scenario.rows_of("answers", "b", 5, days=1))
    store.commit([stage.finish()], [scenario.entry_of("b", 5)])
    after = {day: store.input_stamp([day]) for day in DAYS}
    assert after[DAYS[0]] != before[DAYS[0]]
    assert after[DAYS[1]] == before[DAYS[1]]
    assert store.input_stamp(DAYS) == store.input_stamp(set(DAYS))
    assert dt.date.fromisoformat(store.days("answers")[0])
