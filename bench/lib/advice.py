"""Asking deal_advisor.index_advice, and building what it says."""

import json

import database
import figures


def ask(session, feed, budget):
    """The rows of index_advice for FEED, a list of (text, calls), within BUDGET bytes, as dictionaries; and the backend's CPU
    seconds as the kernel counts them."""
    statements = ",\n".join(
        f"row({database.literal(text)}, {calls}, null, null, null, 'bench', null)::deal_advisor.statement"
        for text, calls in feed)
    before, _ = session.cpu_seconds()
    rows = session.rows("select pg_catalog.to_jsonb(advice) from deal_advisor.index_advice("
                        f"workload => array[{statements}], budget => '{budget // 1024}kB') as advice")
    after, _ = session.cpu_seconds()
    return [json.loads(row[0]) for row in rows], after - before


def statements_of(rows):
    """The DDL of ROWS, in order."""
    return [statement for row in rows for statement in row["ddl"] or []]


def build(session, statements):
    """Runs STATEMENTS one by one: CONCURRENTLY takes no company."""
    for statement in statements:
        figures.progress(statement)
        session.run(statement)
