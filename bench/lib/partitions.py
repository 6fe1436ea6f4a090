"""Partitioned tables in three hands: ours, pg_partman's, and plain DDL; and what sessions wait for meanwhile."""

import pathlib
import re
import threading
import time

import database

SCHEMA = "part_bench"
OURS, PARTMAN, PLAIN = (f"{SCHEMA}.{name}" for name in ("ours", "partman", "plain"))
LOCK_WAIT = re.compile(r"process (\d+) (?:acquired|still waiting for) .* after ([0-9.]+) ms")
STRONGER = {"AccessShareLock": 1, "RowShareLock": 2, "RowExclusiveLock": 3, "ShareUpdateExclusiveLock": 4, "ShareLock": 5,
            "ShareRowExclusiveLock": 6, "ExclusiveLock": 7, "AccessExclusiveLock": 8}


def has_partman(session):
    """Whether pg_partman, the yardstick, could be created."""
    if session.value("select count(*) from pg_catalog.pg_available_extensions where name = 'pg_partman'") == "0":
        return False
    session.run("create schema partman; create extension pg_partman schema partman")
    return True


def make_table(session, table, references=""):
    """An empty table TABLE, partitioned by range of its time, with two indexes; made anew."""
    session.run(f"drop table if exists {table} cascade")
    session.run(f"create table {table} (id bigint not null, at timestamptz not null, product int not null{references},"
                " price int) partition by range (at)")
    session.run(f"create index on {table} (at); create index on {table} (product)")


def days(ago, ahead):
    """SQL: the midnights (UTC) from AGO days back to AHEAD days from today, as rows `day`."""
    return (f"(select pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC') + i * interval '1 day' as day"
            f" from pg_catalog.generate_series(-{ago}, {ahead}) as i) as days")


def forget_partman(session, table):
    """pg_partman's configuration of TABLE, deleted."""
    session.run(f"delete from partman.part_config where parent_table = '{table}'")
    session.run(f"drop table if exists partman.template_{table.replace('.', '_')}")


def create_by_partman(session, table, ago, ahead):
    """One call of pg_partman that makes a partition for each day."""
    session.run(f"select partman.create_parent('{table}', 'at', 'native', 'daily', p_premake := {ahead}, p_start_partition := "
                f"(pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC') - interval '{ago} days')::text)")


def create_by_us(session, table, ago, ahead):
    """The same by us."""
    session.run(f"select deal_advisor.partition_enable('{table}', 'at', '1 day', premake => {ahead},"
                " options => pg_catalog.jsonb_build_object('start',"
                f" pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC') - interval '{ago} days'))")


def grow_by_partman(session, table, ahead):
    """A table that pg_partman keeps, told to be AHEAD partitions ahead from now on; the call that makes them."""
    forget_partman(session, table)
    create_by_partman(session, table, 0, 1)
    session.run(f"update partman.part_config set premake = {ahead}, infinite_time_partitions = true where parent_table = '{table}'")
    return f"select partman.run_maintenance('{table}')"


def grow_by_us(session, table, ahead):
    """The same of ours. partition_enable would make them itself, so its row is changed as no user can."""
    create_by_us(session, table, 0, 1)
    session.run(f"update deal_advisor.partition_set set premake = {ahead} where schema_name || '.' || table_name = '{table}'")
    return f"call deal_advisor.partition_maintain('{table}')"


def create_by_hand(session, table, ago, ahead):
    """The same in plain DDL, one transaction for each partition and nothing else locked than must be: LIKE, CHECK, ATTACH."""
    made = session.rows(f"select to_char(day at time zone 'UTC', 'YYYYMMDD'), day, day + interval '1 day' from {days(ago, ahead)}")
    session.run("".join(
        f"begin; create table {table}_p{name} (like {table} including all, check (at >= '{since}' and at < '{until}'));\n"
        f"alter table {table} attach partition {table}_p{name} for values from ('{since}') to ('{until}'); commit;\n"
        for name, since, until in made))


def partitions(session, table):
    """Names of TABLE's partitions in order, the default one left out."""
    return [name for (name,) in session.rows(
        "select i.inhrelid::pg_catalog.regclass from pg_catalog.pg_inherits as i join pg_catalog.pg_class as c"
        f" on c.oid = i.inhrelid where i.inhparent = '{table}'::pg_catalog.regclass"
        " and pg_catalog.pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' order by c.relname")]


def cpu_seconds(pid):
    """CPU seconds of process PID so far; to the nanosecond where the kernel tells (a clock tick is 10 ms)."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return database.process_cpu_seconds(pid)


class Costs:
    """Wall and CPU seconds of the session's backend while the block runs."""

    def __init__(self, session):
        self._session = session

    def __enter__(self):
        self._cpu = cpu_seconds(self._session.backend)
        self._start = time.perf_counter()
        return self

    def __exit__(self, *error):
        self.wall = time.perf_counter() - self._start
        self.cpu = cpu_seconds(self._session.backend) - self._cpu


class Worker(threading.Thread):
    """Calls `step(session)` over and over in a session of its own until told to stop."""

    def __init__(self, env, setup=""):
        super().__init__(daemon=True)
        self.session = database.Session(env)
        if setup:
            self.session.run(setup)
        self._over = threading.Event()
        self.error = None

    def step(self, session):
        """One turn."""
        raise NotImplementedError

    def run(self):
        try:
            while not self._over.is_set():
                self.step(self.session)
        except database.DatabaseError as error:
            self.error = error

    def stop(self):
        """Ends the thread and its session; raises what went wrong in it."""
        self._over.set()
        self.join(60)
        self.session.close()
        if self.error:
            raise self.error


class LockSampler(Worker):
    """The strongest lock that one backend holds on one table, as far as samples show."""

    def __init__(self, env, backend, table):
        super().__init__(env)
        self._query = (f"select mode from pg_catalog.pg_locks where pid = {backend} and granted"
                       f" and relation = '{table}'::pg_catalog.regclass")
        self.samples = 0
        self.strongest = ""

    def step(self, session):
        for (mode,) in session.rows(self._query):
            self.samples += 1
            if STRONGER[mode] > STRONGER.get(self.strongest, 0):
                self.strongest = mode
        time.sleep(0.002)


class Writer(Worker):
    """Runs one statement over and over; keeps the longest time it took, and its waits for locks."""

    def __init__(self, env, statement):
        # From 5 ms on each wait for a lock is written to the server's log with its exact time.
        super().__init__(env, "set deadlock_timeout = '5ms'; set log_lock_waits = on")
        self._statement = statement
        self._log = pathlib.Path(env["PGHOST"]) / "server.log"
        self.writes = 0
        self.longest = 0.0

    def step(self, session):
        start = time.perf_counter()
        session.run(self._statement)
        self.longest = max(self.longest, time.perf_counter() - start)
        self.writes += 1
        time.sleep(0.002)

    def longest_wait(self):
        """Seconds of the longest wait for a lock; 0: none reached 5 ms."""
        waits = [float(match[2]) for match in LOCK_WAIT.finditer(self._log.read_text(encoding="utf-8", errors="replace"))
                 if int(match[1]) == self.session.backend]
        return max(waits, default=0.0) / 1000


class Reader(threading.Thread):
    """Holds a reader's locks on the tables for some seconds, in one transaction."""

    def __init__(self, env, tables, seconds):
        super().__init__(daemon=True)
        self.session = database.Session(env)
        self._tables = tables
        self._seconds = seconds
        self.ready = threading.Event()

    def run(self):
        self.session.run("begin")
        for table in self._tables:
            self.session.rows(f"select count(*) from {table}")
        self.ready.set()
        self.session.run(f"select pg_catalog.pg_sleep({self._seconds}); commit")
        self.session.close()
