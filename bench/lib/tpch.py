"""TPC-H at scale factor 1 on a private server: start it, its statements, its indexes."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import tempfile

import database
import tables

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent

# Costs depend on these: work_mem decides sorts and hashes, and JIT compilation in EXPLAIN would be measured
# as if it were planning. Under them the 19 statements without an index cost about 3.7 million.
SETTINGS = ["shared_buffers=1GB", "work_mem=64MB", "max_parallel_workers_per_gather=2", "jit=off"]

TABLES = 8

# Without a key these three run their correlated subquery over and over (the base cost is 1e11), so that any index on
# the inner table is worth more than all else together: published comparisons leave them out.
LEFT_OUT = {"q02", "q17", "q20"}


def statements():
    """The 19 statements: name -> text, in order."""
    files = sorted((BENCH / "tpch" / "queries").glob("q*.sql"))
    return {file.stem: file.read_text(encoding="utf-8").strip() for file in files if file.stem not in LEFT_OUT}


@contextlib.contextmanager
def server():
    """The environment of a private server with TPC-H loaded and the extension installed; gone afterwards."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # a time limit must not leave it behind
    with tempfile.TemporaryDirectory(prefix="deal_advisor_bench.") as parent:
        pathlib.Path(parent).chmod(0o755)
        directory = f"{parent}/server"
        try:
            status = subprocess.run([BENCH / "tpch" / "start", directory, *SETTINGS], check=False).returncode
            if status:
                raise SystemExit(status)  # 77: the data can't be had here
            yield database.environment(directory)
        finally:
            if pathlib.Path(directory).exists():
                subprocess.run([ROOT / "ci" / "server", "stop", directory], check=False)


def install(env):
    """Builds the extension and installs it into the server's own copy of the tree, with HypoPG if that is there."""
    subprocess.run(["make", "-s", "-j2", "-C", ROOT, "install", f"PG_CONFIG={env['PG_CONFIG']}"],
                   env=env, check=True, stdout=subprocess.DEVNULL)
    session = database.Session(env)
    session.run("create extension deal_advisor")
    session.close()


def has_hypopg(session):
    """Whether HypoPG, the yardstick, could be created."""
    if not session.rows("select 1 from pg_catalog.pg_available_extensions where name = 'hypopg'"):
        return False
    session.run("create extension if not exists hypopg")
    return True


def indexes(session):
    """Every index on the tables of schema tpch: qualified name -> bytes."""
    return tables.indexes(session, "tpch")


def drop_indexes(session):
    """Drops every index on the tables of schema tpch."""
    tables.drop_indexes(session, "tpch")


def analyze(session):
    """Gathers new statistics: another sample, so other estimates."""
    tables.analyze(session, "tpch")


def costs(session, texts):
    """The planner's cost of each of TEXTS (name -> text), as the database stands: name -> cost."""
    return tables.costs(session, texts)
