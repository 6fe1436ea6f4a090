"""The retailer's warehouse of bench/index_star: its statements, and how it is loaded."""

import pathlib
import re
import subprocess

import figures

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
FILES = BENCH / "star"
SCHEMA = "star"

# Those of bench/index_tpch; and nobody gathers statistics in between.
SETTINGS = ["shared_buffers=1GB", "work_mem=64MB", "max_parallel_workers_per_gather=2", "jit=off", "autovacuum=off"]


def statements():
    """The workload, in the file's order: name -> text."""
    result = {}
    for block in re.split(r"\n\s*\n", (FILES / "workload.sql").read_text(encoding="utf-8")):
        if heading := re.match(r"-- (s\d+): .*\n", block):
            result[heading[1]] = block[heading.end():].strip()
    return result


def load(env, session):
    """Makes schema and data, unless they are there already."""
    if session.rows(f"select 1 from pg_catalog.pg_namespace where nspname = '{SCHEMA}'"):
        return
    for name in ("schema.sql", "data.sql"):
        figures.progress(f"loading {name}")
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", FILES / name], env=env, check=True,
                       stdout=subprocess.DEVNULL)
    figures.progress("vacuum and analyze")
    session.run("vacuum (analyze)")
