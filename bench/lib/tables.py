"""The tables of one schema, whatever the benchmark: their indexes, statistics, and what statements on them cost."""


def indexes(session, schema):
    """Every index on the tables of SCHEMA that backs no constraint: qualified name -> bytes."""
    rows = session.rows(
        "select index.indexrelid::pg_catalog.regclass::pg_catalog.text, pg_catalog.pg_relation_size(index.indexrelid)"
        " from pg_catalog.pg_index as index join pg_catalog.pg_class as class on class.oid = index.indrelid"
        f" where class.relnamespace = '{schema}'::pg_catalog.regnamespace and not exists ("
        "select from pg_catalog.pg_constraint as backed where backed.conindid = index.indexrelid)")
    return {name: int(size) for name, size in rows}


def drop_indexes(session, schema):
    """Drops what `indexes` finds."""
    for name in indexes(session, schema):
        session.run(f"drop index {name}")


def analyze(session, schema):
    """Gathers new statistics of the tables of SCHEMA: another sample, so other estimates."""
    for (table,) in session.rows(
            "select class.oid::pg_catalog.regclass from pg_catalog.pg_class as class"
            f" where class.relnamespace = '{schema}'::pg_catalog.regnamespace and class.relkind = 'r'"):
        session.run(f"analyze {table}")


def analyze_expressions(session, schema):
    """ANALYZE for the tables of SCHEMA that have an index on an expression: its statistics come with the next one."""
    for (table,) in session.rows(
            "select distinct index.indrelid::pg_catalog.regclass from pg_catalog.pg_index as index"
            " join pg_catalog.pg_class as class on class.oid = index.indrelid"
            f" where class.relnamespace = '{schema}'::pg_catalog.regnamespace and index.indexprs is not null"):
        session.run(f"analyze {table}")


def costs(session, texts):
    """The planner's cost of each of TEXTS (name -> text), as the database stands: name -> cost."""
    return {name: session.cost(text) for name, text in texts.items()}
