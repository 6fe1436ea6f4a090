"""A database exported with psql alone and imported beside: the extension's advice in both."""

import json
import pathlib
import subprocess

import database

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def session_of(env, name):
    """A session with the database NAME of the server ENV."""
    return database.Session({**env, "PGDATABASE": name})


def psql(env, name, *arguments, text=None):
    """Runs psql in database NAME; its output."""
    return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, *arguments], env=env, input=text,
                          check=True, capture_output=True, text=True).stdout


def export(env, name, file, schemas):
    """Writes the export of SCHEMAS of database NAME to FILE."""
    script = ROOT / "export" / "deal_advisor_export.sql"
    file.write_text(psql(env, name, "-v", f"schemas={schemas}", "-f", script), encoding="utf-8")


def take_in(env, name, file, needs=()):
    """Makes database NAME, with the extensions NEEDS, and imports FILE into it; the objects that failed."""
    psql(env, "postgres", "-c", f"create database {name}")
    for extension in (*needs, "deal_advisor"):
        psql(env, name, "-c", f"create extension {extension}")
    return import_file(env, name, file)


def import_file(env, name, file):
    """Imports FILE into database NAME, in place of an earlier import; the objects that failed."""
    rows = psql(env, name, "-A", "-t", text=f"\\set document `cat '{file}'`\n"
                "select object_class, object, reason from deal_advisor.index_import(:'document')"
                " where status in ('failed', 'skipped');\n")
    return rows.splitlines()


def workload_array(texts):
    """TEXTS as the argument `workload` of index_advice."""
    rows = ",\n".join(f"row({database.literal(text)}, 1, null, null, null, 'bench', null)::deal_advisor.statement"
                      for text in texts)
    return f"array[{rows}]"


def ask(session, arguments):
    """The rows of index_advice as dictionaries."""
    rows = session.rows(f"select pg_catalog.to_jsonb(advice) from deal_advisor.index_advice({arguments}) as advice")
    return [json.loads(row[0]) for row in rows]


def statements_of(advice):
    """What the rows of ADVICE tell to run, in order."""
    return [statement for row in advice for statement in row["ddl"] or []]


def agreeing(here, there):
    """How many rows of HERE stand in THERE at the same place: the same action on the same relation, by the same statements."""
    return sum(all(one[key] == other[key] for key in ("action", "relation", "ddl")) for one, other in zip(here, there))
