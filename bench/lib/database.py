"""A session with the private server through psql, so that a benchmark needs nothing but the standard library."""

import csv
import json
import os
import subprocess

CLOCK_TICK = os.sysconf("SC_CLK_TCK")
END_OF_ANSWER = "--end-of-answer--"


class DatabaseError(RuntimeError):
    """The server (or psql) refused a statement; the message is psql's."""


def environment(directory):
    """The variables that DIRECTORY/env of a private server exports, over this process's own."""
    script = f'. "{directory}/env" && env -0'
    output = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout
    return dict(entry.split("=", 1) for entry in output.split("\0") if "=" in entry)


def literal(text):
    """TEXT as an SQL string constant, whatever it holds."""
    tag = "$text$"
    while tag in text:
        tag = "$x" + tag[1:]
    return tag + text + tag


def text_array(texts):
    """TEXTS as an SQL array of text."""
    return "array[" + ", ".join(literal(text) for text in texts) + "]::pg_catalog.text[]"


def process_cpu_seconds(pid):
    """CPU seconds, user and system, that process PID has used so far (resolution: one clock tick, 10 ms)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICK


class Session:
    """One connection that stays open; each statement runs in its own transaction."""

    def __init__(self, env):
        self._psql = subprocess.Popen(
            ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "--csv", "-t"],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.run("set client_min_messages = 'warning'")
        self.backend = int(self.value("select pg_catalog.pg_backend_pid()"))

    def rows(self, statements):
        """The rows (tuples of strings, '' for null) that STATEMENTS return, all in one list."""
        self._psql.stdin.write(f"{statements}\n;\n\\echo {END_OF_ANSWER}\n")
        self._psql.stdin.flush()
        lines = []
        for line in self._psql.stdout:
            if line.rstrip("\n") == END_OF_ANSWER:
                return [tuple(row) for row in csv.reader(lines) if row]
            lines.append(line)
        raise DatabaseError("".join(lines).strip() or "psql ended")

    def run(self, statements):
        """Runs STATEMENTS and ignores what they return."""
        self.rows(statements)

    def value(self, statement):
        """The first column of the first row, as a string."""
        return self.rows(statement)[0][0]

    def explain(self, query, before=""):
        """The plan of QUERY as a tree of dictionaries; BEFORE holds statements to run first, in the same trip."""
        return json.loads(self.rows(f"{before}explain (format json) {query}")[-1][0])[0]["Plan"]

    def cost(self, query):
        """The planner's total cost of QUERY."""
        return self.explain(query)["Total Cost"]

    def cpu_seconds(self):
        """CPU seconds of the server's process and of psql so far."""
        return process_cpu_seconds(self.backend), process_cpu_seconds(self._psql.pid)

    def close(self):
        """Ends the session."""
        self._psql.stdin.close()
        self._psql.stdout.close()
        self._psql.wait(timeout=30)


def indexes_used(plan):
    """The names of the indexes that PLAN reads, subplans included."""
    names = {plan["Index Name"]} if "Index Name" in plan else set()
    return names.union(*(indexes_used(child) for child in plan.get("Plans", [])))
