"""A private server with an installed marketplace (schema mp) of a given size, for the benchmarks of its functions."""

import contextlib
import pathlib
import subprocess
import sys

import figures
import plain

FILES = pathlib.Path(__file__).resolve().parent.parent / "marketplace_data"
APPLICATION = "marketplace_bench_app"
SETTINGS = ("shared_buffers=4GB", "max_wal_size=16GB", "checkpoint_timeout=1h", "random_page_cost=1.1", "effective_cache_size=8GB",
            "jit=off", "autovacuum=off", "max_parallel_workers_per_gather=0")


def run_file(env, name, **variables):
    """Runs FILES/NAME with psql; VARIABLES as :name."""
    options = [option for key, value in variables.items() for option in ("-v", f"{key}={value}")]
    subprocess.run(["psql", "-qX", *options, "-f", FILES / name], env=env, check=True, stdout=sys.stderr)


def load(env, scale):
    """Fills the database that ENV names, which has the extension: SCALE 1 is a million products and 20 million prices."""
    for name in ("setup.sql", "catalog.sql", "conversations.sql", "finish.sql"):
        figures.progress(f"loading {name}, scale {scale:g}")
        run_file(env, name, scale=scale)


@contextlib.contextmanager
def server(scale):
    """The environment of a private server that holds such a marketplace; gone afterwards."""
    with plain.server(*SETTINGS) as env:
        load(env, scale)
        yield env


def act(session, tenant):
    """From here on SESSION is the application, acting for TENANT."""
    session.run(f"set marketplace.tenant_id = '{tenant}'; set role {APPLICATION}")


def stop(session):
    """SESSION is again who logged in."""
    session.run("reset role; reset marketplace.tenant_id")
