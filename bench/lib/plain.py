"""A private server with the extension and nothing else."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import tempfile

import database
import tpch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@contextlib.contextmanager
def server(*settings):
    """The environment of a private server with these settings (name=value); gone afterwards."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # a time limit must not leave it behind
    with tempfile.TemporaryDirectory(prefix="deal_advisor_bench.") as parent:
        pathlib.Path(parent).chmod(0o755)
        directory = f"{parent}/server"
        try:
            subprocess.run([ROOT / "ci" / "server", "start", directory, *settings], check=True)
            env = database.environment(directory)
            tpch.install(env)
            yield env
        finally:
            if pathlib.Path(directory).exists():
                subprocess.run([ROOT / "ci" / "server", "stop", directory], check=False)
