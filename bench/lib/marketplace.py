"""The marketplace of bench/index_marketplace on a private server: start it, its statements, its indexes."""

import contextlib
import dataclasses
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import database
import figures

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
FILES = BENCH / "marketplace"

# Pages come from memory or flash disks, as in most marketplaces; nobody vacuums in between; the WAL of a write
# is that of its changes, not of whole pages after a checkpoint.
SETTINGS = ["shared_buffers=2GB", "work_mem=16MB", "random_page_cost=1.1", "max_parallel_workers_per_gather=2",
            "jit=off", "autovacuum=off", "max_wal_size=8GB", "full_page_writes=off"]


@dataclasses.dataclass(frozen=True)
class Statement:
    """One statement of workload.sql, with the values that were bound to it (SAMPLE is the query for them, or '')."""
    name: str
    calls: float
    wants: frozenset
    sample: str
    text: str

    def is_read(self):
        """Whether it changes nothing."""
        return self.text.lower().startswith("select")

    def written_columns(self):
        """`table.column` for the columns that an UPDATE sets, else none."""
        update = re.match(r"update market\.(\w+) set (.*) where ", self.text)
        return {f"{update[1]}.{column}" for column in re.findall(r"(\w+) = ", update[2])} if update else set()


def file(name):
    """The text of FILES/name."""
    return (FILES / name).read_text(encoding="utf-8")


def statements():
    """The workload, in the file's order."""
    result = []
    for block in re.split(r"\n\s*\n", file("workload.sql")):
        notes = dict(re.findall(r"^-- (name|calls|wants|sample): (.*)$", block, re.MULTILINE))
        if "name" in notes:
            lines = [line for line in block.strip().splitlines() if not line.startswith("--")]
            result.append(Statement(notes["name"], float(notes["calls"]), frozenset(notes.get("wants", "").split()),
                                    notes.get("sample", ""), "\n".join(lines).removesuffix(";")))
    return result


def hot_columns():
    """`table.column` for each column that frequent updates change."""
    lists = re.findall(r"^-- hot: (.*)$", file("workload.sql"), re.MULTILINE)
    return {column for line in lists for column in line.split(", ")}


def bind(text, values):
    """TEXT with the constants VALUES for its parameters."""
    return re.sub(r"\$(\d+)", lambda match: "'" + values[int(match[1]) - 1].replace("'", "''") + "'", text)


def bound_texts(session, workload):
    """Name -> the statement's text once for each sampled call (five at most)."""
    result = {}
    for statement in workload:
        rows = session.rows(statement.sample)[:5] if statement.sample else [()]
        if not rows:
            raise SystemExit(f"{statement.name}: no row was sampled")
        result[statement.name] = [bind(statement.text, row) for row in rows]
    return result


@dataclasses.dataclass(frozen=True)
class Index:
    """An index of schema market as the catalog describes it; of a partitioned index, the parent with the bytes of all."""
    name: str
    table: str
    method: str
    keys: tuple       # one text a key column, with collation, opclass and direction where they are not the default
    included: tuple
    predicate: str    # '' when it holds every row
    is_expression: bool
    is_unique: bool
    valid: bool
    bytes: int

    def kinds(self):
        """What it is besides a plain B-tree."""
        orders = {" desc" in key.lower() for key in self.keys[-2:]} if len(self.keys) > 1 else set()
        found = {self.method} - {"btree"}
        found |= {"partial"} if self.predicate else set()
        found |= {"expression"} if self.is_expression else set()
        found |= {"include"} if self.included else set()
        found |= {"direction"} if len(orders) > 1 or any(" nulls " in key.lower() for key in self.keys) else set()
        found |= {"opclass"} if self.method == "btree" and any("_pattern_ops" in key for key in self.keys) else set()
        return found

    def columns(self):
        """`table.column` for every column that it reads, judged by name."""
        words = set(re.findall(r"\w+", " ".join([*self.keys, *self.included, self.predicate])))
        return {f"{self.table}.{word}" for word in words}


INDEXES = """
select json_build_object('name', x.indexrelid::regclass::text, 'table', t.relname, 'method', a.amname,
         'keys', array(select pg_get_indexdef(x.indexrelid, n, false)
                         || coalesce((select ' ' || o.opcname from pg_opclass o
                                       where o.oid = x.indclass[n - 1] and not o.opcdefault), '')
                         || case when a.amname <> 'btree' then '' when x.indoption[n - 1] & 1 = 1 then ' desc' else '' end
                         || case when a.amname <> 'btree' or x.indoption[n - 1] in (0, 3) then ''
                                 when x.indoption[n - 1] & 2 = 2 then ' nulls first' else ' nulls last' end
                         from generate_series(1, x.indnkeyatts) n order by n),
         'included', array(select pg_get_indexdef(x.indexrelid, n, false)
                             from generate_series(x.indnkeyatts + 1, x.indnatts) n order by n),
         'predicate', coalesce(pg_get_expr(x.indpred, x.indrelid), ''), 'is_expression', x.indexprs is not null,
         'is_unique', x.indisunique, 'valid', x.indisvalid,
         'bytes', (select sum(pg_relation_size(relid)) from
                     (select x.indexrelid as relid union select relid from pg_partition_tree(x.indexrelid)) r))
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
  join pg_am a on a.oid = i.relam
 where t.relnamespace = 'market'::regnamespace and not i.relispartition
"""


def indexes(session):
    """Name -> Index, for every index of schema market; those of partitions count with their parent's."""
    found = {}
    for row in session.rows(INDEXES):
        facts = json.loads(row[0])
        found[facts["name"]] = Index(**facts | {"keys": tuple(facts["keys"]), "included": tuple(facts["included"])})
    return found


def leaf_parents(session):
    """Name of each index of a partition -> name of the parent's."""
    return dict(session.rows("select inhrelid::regclass, inhparent::regclass from pg_inherits join pg_class on oid = inhrelid"
                             " where relkind in ('i', 'I')"))


def wal_bytes(session, workload, texts):
    """Name -> bytes of WAL that one call of each write makes, the mean over the sampled calls, each rolled back."""
    result = {}
    here = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
    for statement in workload:
        if not statement.is_read():
            script = "begin;" + f"{here};" + "".join(f"{text};{here};" for text in texts[statement.name]) + "rollback"
            positions = [int(row[0]) for row in session.rows(script)]
            result[statement.name] = (positions[-1] - positions[0]) / (len(positions) - 1)
    return result


@contextlib.contextmanager
def server():
    """The environment of a private server with the marketplace and its indexes of day one; gone afterwards."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # a time limit must not leave it behind
    with tempfile.TemporaryDirectory(prefix="deal_advisor_bench.") as parent:
        pathlib.Path(parent).chmod(0o755)
        directory = f"{parent}/server"
        try:
            subprocess.run([ROOT / "ci" / "server", "start", directory, *SETTINGS], check=True)
            env = database.environment(directory)
            load(env)
            yield env
        finally:
            if pathlib.Path(directory).exists():
                subprocess.run([ROOT / "ci" / "server", "stop", directory], check=False)


def load(env):
    """Loads schema, data and day-one indexes."""
    for name in ("schema.sql", "data.sql", "indexes.sql"):
        figures.progress(f"loading {name}")
        run_file(env, name)
    figures.progress("vacuum and analyze")
    subprocess.run(["psql", "-qX", "-c", "vacuum (analyze)"], env=env, check=True)


def reset(env, session):
    """Back to day one: its indexes and no others, no dead rows. The statistics of its columns are still good."""
    for (name,) in session.rows(
            "select x.indexrelid::regclass from pg_index x join pg_class t on t.oid = x.indrelid"
            " join pg_class i on i.oid = x.indexrelid where t.relnamespace = 'market'::regnamespace"
            " and not i.relispartition and not exists (select from pg_constraint where conindid = x.indexrelid)"):
        session.run(f"drop index {name}")
    run_file(env, "indexes.sql")
    session.run("vacuum")
    session.run("select pg_stat_reset()")  # updates that other indexes kept from being heap-only say nothing of day one


def run_file(env, name):
    """Runs FILES/name with psql."""
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", FILES / name], env=env, check=True, stdout=sys.stderr)
