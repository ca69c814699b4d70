"""The records database when things go wrong: processes killed, servers gone, disks full."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from domain.access import Role, User
from domain.errors import StoreUnavailable
from domain.ports import Judgement, Page
from storage.records import Records, open_records
from tests.contract.conftest import database
from tests.contract.test_records_judgement import alert, event, finding, notice, refusal
from tests.servers.postgres import Cluster
from tests.servers.process import ServerMissing

ROOT = Path(__file__).parents[2]

#: judges one step after the other until it is killed, and says each cursor once it is committed
PIPELINE = """
import sys
from dataclasses import replace
from domain.ports import Judgement
from storage.records import open_records
from tests.contract.test_records_judgement import alert, event, finding, refusal

records = open_records(sys.argv[1])
fence = records.judgement.take_over(0)
print("ready", flush=True)
while True:
    n = records.judgement.judged(0) + 1
    records.judgement.commit(
        Judgement(
            0, n, findings=(finding(n),), alerts=(alert(version=n),),
            events=(event(f"e-{n}"),), states=(("b-1", "crack", str(n).encode()),),
            refusals=(refusal(n, readings=1),), fence=fence,
        )
    )
    print(n, flush=True)
"""


def test_kill_9_leaves_cursor_findings_and_alerts_of_one_moment(
    records: Records, records_url: str
) -> None:
    chance = random.Random(2026)
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", PIPELINE, records_url], cwd=ROOT, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            for _ in range(chance.randrange(1, 25)):
                said = int(process.stdout.readline())
            process.kill()
            said = max([said, *(int(line) for line in process.stdout.read().split())])
        # waits for a commit that a server may still be at
        records.judgement.take_over(0)
        judged = records.judgement.judged(0)
        # what was said is kept; at most the one step that was under way came on top
        assert said <= judged <= said + 1
        assert len(records.alerts.findings(Page(10_000))) == judged
        assert len(records.alerts.events("al-1")) == judged
        found = records.alerts.alert("al-1")
        assert found is not None
        assert found.version == judged
        assert records.judgement.states(0) == {("b-1", "crack"): str(judged).encode()}
        assert records.alerts.last_change() == judged
        assert records.accounts.refusal_counts()[0][4] == judged


def test_many_threads_may_write_and_read_at_once(records: Records) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(1, 11):
                records.access.put_user(
                    User(f"u-{number}-{step}", f"n-{number}-{step}", "", Role.INSPECTOR, ()), "u"
                )
                records.judgement.commit(
                    Judgement(
                        number,
                        step,
                        alerts=(alert(f"al-{number}", building_id=f"b-{number}", version=step),),
                    )
                )
                records.alerts.changes(0)
        except Exception as error:  # noqa: BLE001 - every failure is one
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [change.id for change in records.alerts.changes(0)] == list(range(1, 61))
    assert len(records.access.users()) == 60
    assert records.audit.first_broken() is None


def test_a_reader_of_the_change_log_misses_no_line(
    records: Records, open_again: Callable[[], Records]
) -> None:
    done = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        reader = open_again()
        while True:
            over = done.is_set()
            seen.extend(c.id for c in reader.alerts.changes(seen[-1] if seen else 0))
            if over:
                return

    def write(shard: int) -> None:
        store = open_again().judgement
        for step in range(1, 21):
            changed = alert(f"al-{shard}", building_id=f"b-{shard}", version=step)
            store.commit(Judgement(shard, step, alerts=(changed,)))

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(shard,)) for shard in range(3)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen == list(range(1, 61))


def test_a_locked_file_is_unavailable_and_free_again_later(tmp_path: Path) -> None:
    records = open_records(f"sqlite:///{tmp_path}/records.db?timeout=0.1")
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        records.judgement.commit(Judgement(0, 1))
    # a reader is not held up by a writer
    assert records.judgement.judged(0) == 0
    other.execute("ROLLBACK")
    other.close()
    records.judgement.commit(Judgement(0, 1))
    records.close()


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(tmp_path: Path) -> None:
    records = open_records(f"sqlite:///{tmp_path}/records.db")
    records.judgement.commit(Judgement(0, 1, findings=(finding(1),)))

    def pages(wanted: str) -> None:
        with records.database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {wanted}")

    with records.database.engine.connect() as connection:
        size = connection.execute(text("PRAGMA page_count")).scalar_one()
    pages(str(size + 10))
    with pytest.raises(StoreUnavailable, match="full"):
        records.judgement.commit(
            Judgement(0, 2, findings=(finding(2),), states=(("b", "d", os.urandom(500_000)),))
        )
    assert records.judgement.judged(0) == 1
    assert len(records.alerts.findings(Page())) == 1
    pages("1000000")
    records.judgement.commit(Judgement(0, 2, findings=(finding(2),)))
    records.close()


def test_a_file_that_was_damaged_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    records = open_records(f"sqlite:///{path}")
    records.judgement.commit(Judgement(0, 1, findings=tuple(finding(n) for n in range(500))))
    records.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    with pytest.raises(StoreUnavailable, match="malformed"):
        open_records(f"sqlite:///{path}").alerts.findings(Page())


def test_a_server_that_goes_away_and_comes_back_is_used_again(
    postgres: str, server_folder: Path
) -> None:
    # the session's server is asked for only to skip or fail alike when there is none
    try:
        cluster = Cluster(server_folder / "pg2")
    except ServerMissing as error:  # pragma: no cover - `postgres` has told already
        pytest.skip(str(error))
    with cluster.run() as url:
        records = open_records(url)
        records.judgement.commit(Judgement(0, 1, findings=(finding(1),)))
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as gone:
            records.judgement.commit(Judgement(0, 2, findings=(finding(2),)))
        assert "\n" not in str(gone.value)
        with pytest.raises(StoreUnavailable):
            records.ping()
        with pytest.raises(StoreUnavailable):
            records.alerts.alerts(Page())
    with cluster.run():
        records.ping()
        assert records.judgement.judged(0) == 1
        records.judgement.commit(Judgement(0, 2, findings=(finding(2),)))
        assert len(records.alerts.findings(Page())) == 2
        records.close()


def test_a_connection_that_is_cut_in_a_transaction_is_unavailable(
    postgres: str, records_template: str
) -> None:
    with database(postgres, records_template) as url:
        records = open_records(url)

        def write_and_be_cut() -> None:
            with (
                records.database.writing() as connection,
                psycopg.connect(url, autocommit=True) as other,
            ):
                connection.execute(text("UPDATE counters SET value = 99 WHERE name = 'register'"))
                pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                other.execute("SELECT pg_terminate_backend(%s)", [pid])
                connection.execute(text("SELECT 1"))

        with pytest.raises(StoreUnavailable):
            write_and_be_cut()
        assert records.register.revision() == 0
        records.close()


def test_a_judgement_is_whole_for_every_reader(records: Records) -> None:
    """Readers that look while a pipeline commits see all of a step or nothing of it."""
    torn: list[tuple[int, int]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            with records.database.reading() as connection:
                counts = connection.execute(
                    text(
                        "SELECT (SELECT count(*) FROM findings), (SELECT max(judged) FROM cursors)"
                    )
                ).one()
                later = connection.execute(text("SELECT count(*) FROM findings")).scalar_one()
            if counts[1] is not None and not counts[0] == counts[1] * 3 == later:
                torn.append((counts[0], counts[1]))

    reader = threading.Thread(target=look)
    reader.start()
    for step in range(1, 40):
        records.judgement.commit(
            Judgement(
                0, step, findings=tuple(finding(step * 10 + n) for n in range(3)),
                alerts=(alert(version=step),), events=(event(f"e-{step}"),),
                notices=(notice(f"n-{step}"),), refusals=(refusal(step),),
            )
        )  # fmt: skip
    done.set()
    reader.join()
    assert torn == []
