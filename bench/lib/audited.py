"""The table that audit benchmarks write to, with and without something that records its changes."""

import pathlib

SHAPE = ("(id bigint primary key, a int, b int, s1 text, s2 text, s3 text, price numeric, data jsonb, flag bool,"
         " made timestamptz, seen timestamptz)")
ROW = ("i, (i % 1000)::int, (i % 77)::int, 'title of the thing ' || i, 'red and blue', 'a shorter text', (i % 9999) / 100.0,"
       " pg_catalog.jsonb_build_object('brand', 'b' || i % 50, 'weight', i % 40, 'tags', '[\"new\", \"sale\"]'::jsonb, 'origin', 'de'),"
       " i % 2 = 0, timestamptz '2026-01-01' + i * interval '1 s', timestamptz '2026-02-01'")
UPDATE = "update {table} set a = a + 1, seen = '2026-03-01'"

PLPGSQL = """
create table if not exists plain_log (id bigserial, at timestamptz, who name, op text, tbl oid, old_row jsonb, new_row jsonb);
create index if not exists plain_log_idx on plain_log (tbl, id);
create or replace function plain_log_row() returns trigger language plpgsql as $$
begin
  insert into plain_log (at, who, op, tbl, old_row, new_row) values (now(), session_user, tg_op, tg_relid,
    case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end);
  return null;
end $$;
"""


def cpu_ns(pid):
    """CPU time of a process in nanoseconds."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0])


class Variant:
    """A table and how its changes are recorded."""

    def __init__(self, name, enable):
        self.name = name
        self.table = f"bench_{name}.t"
        self._enable = enable

    def prepare(self, session):
        """Makes the table anew, empty, and its log."""
        session.run(f"drop schema if exists bench_{self.name} cascade; drop schema if exists bench_{self.name}_audit cascade")
        session.run(f"create schema bench_{self.name}; create table {self.table} {SHAPE}")
        for statement in self._enable:
            session.run(statement.format(table=self.table))


def measured(session, statement):
    """CPU in µs and WAL in bytes that STATEMENT takes in the session's backend."""
    lsn = session.value("select pg_catalog.pg_current_wal_insert_lsn()")
    before = cpu_ns(session.backend)
    session.run(statement)
    cpu = (cpu_ns(session.backend) - before) / 1000
    wal = int(session.value(f"select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '{lsn}')"))
    return cpu, wal
