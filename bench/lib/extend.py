"""The yardstick of bench/index_tpch and bench/index_star: the Extend algorithm over HypoPG.

Written from the description in R. Schlosser, J. Kossmann, M. Boissier, "Efficient Scalable Multi-Attribute Index
Selection Using Recursive Strategies", ICDE 2019: begin with no index; in each step either add a single-column
index or append one column to an index chosen before, whichever saves the most cost per byte added; stop when
nothing that fits into the budget saves anything worth while.
"""

import dataclasses
import re
import resource

SMALLEST_GAIN = 0.003  # of the cost so far: a step must save at least this share, or noise is chosen


@dataclasses.dataclass(frozen=True)
class Index:
    """A B-tree over COLUMNS of TABLE (qualified)."""
    table: str
    columns: tuple

    def definition(self):
        """Its CREATE INDEX."""
        return f"create index on {self.table} ({', '.join(self.columns)})"


@dataclasses.dataclass
class Advice:
    """What the algorithm chose, and what it took."""
    indexes: list
    base_cost: float
    final_cost: float
    bytes: int
    optimizer_calls: int
    server_cpu_seconds: float
    client_cpu_seconds: float


class WhatIf:
    """Costs of queries and sizes under sets of hypothetical indexes; what is known is not asked twice."""

    def __init__(self, session, queries, schema):
        self._session = session
        self._queries = queries
        self._oids = {}
        self._costs = {}
        self._sizes = {}
        self.optimizer_calls = 0
        found = session.rows(
            "select class.oid::pg_catalog.regclass::pg_catalog.text, class.relname, attribute.attname"
            " from pg_catalog.pg_attribute as attribute"
            " join pg_catalog.pg_class as class on class.oid = attribute.attrelid"
            f" where class.relnamespace = '{schema}'::pg_catalog.regnamespace and class.relkind = 'r'"
            "   and attribute.attnum > 0 and not attribute.attisdropped order by 1, attribute.attnum")
        words = [set(re.findall(r"\w+", query)) for query in queries]
        self._mentioned = [{(table, column) for table, name, column in found if {name, column} <= text} for text in words]
        self.columns = [(table, column) for table, _, column in found
                        if any((table, column) in mentioned for mentioned in self._mentioned)]

    def size(self, index):
        """HypoPG's estimate of INDEX in bytes."""
        if index not in self._sizes:
            known = self._oids.get(index)
            oid = known or self._create(index)
            self._sizes[index] = int(self._session.value(f"select hypopg_relation_size({oid})"))
            if not known:
                self._session.run(f"select hypopg_drop_index({oid})")
        return self._sizes[index]

    def cost(self, indexes):
        """Total cost of all queries, were there just INDEXES."""
        return sum(self._query_cost(number, indexes) for number in range(len(self._queries)))

    def query_costs(self, indexes):
        """The cost of each query, were there just INDEXES."""
        return [self._query_cost(number, indexes) for number in range(len(self._queries))]

    def clear(self):
        """Forgets every hypothetical index in the session."""
        self._session.run("select hypopg_reset()")
        self._oids.clear()

    def _query_cost(self, number, indexes):
        mentioned = self._mentioned[number]
        relevant = frozenset(i for i in indexes if any((i.table, column) in mentioned for column in i.columns))
        key = number, relevant
        if key not in self._costs:
            self._show_only(relevant)
            self._costs[key] = self._session.cost(self._queries[number])
            self.optimizer_calls += 1
        return self._costs[key]

    def _create(self, index):
        return int(self._session.value(f"select indexrelid from hypopg_create_index('{index.definition()}')"))

    def _show_only(self, indexes):
        for index in set(self._oids) - indexes:
            self._session.run(f"select hypopg_drop_index({self._oids.pop(index)})")
        for index in indexes - set(self._oids):
            self._oids[index] = self._create(index)


def steps(chosen, columns, width):
    """Every set of indexes that one step leads to, with the index that is new and the one it replaces."""
    for table, column in columns:
        single = Index(table, (column,))
        if single not in chosen:
            yield chosen | {single}, single, None
        for index in chosen:
            if index.table == table and column not in index.columns and len(index.columns) < width:
                longer = Index(table, index.columns + (column,))
                if longer not in chosen:
                    yield (chosen - {index}) | {longer}, longer, index


def best_step(what_if, chosen, cost, budget, width):
    """The step with the most cost saved per byte among those that fit into BUDGET, or None."""
    used = sum(what_if.size(index) for index in chosen)
    best, best_ratio = None, 0.0
    for trial, new, replaced in steps(chosen, what_if.columns, width):
        added = what_if.size(new) - (what_if.size(replaced) if replaced else 0)
        if used + added > budget:
            continue
        saved = cost - what_if.cost(trial)
        if saved > cost * SMALLEST_GAIN and saved / max(added, 1) > best_ratio:
            best, best_ratio = trial, saved / max(added, 1)
    return best


def advise(session, queries, budget, width=2, schema="tpch"):
    """The Advice for QUERIES on the tables of SCHEMA within BUDGET bytes (as HypoPG estimates them), indexes of at most WIDTH
    columns."""
    server_before, psql_before = session.cpu_seconds()
    own = resource.getrusage(resource.RUSAGE_SELF)
    what_if = WhatIf(session, queries, schema)
    chosen = frozenset()
    base_cost = cost = what_if.cost(chosen)
    while (step := best_step(what_if, chosen, cost, budget, width)) is not None:
        chosen, cost = step, what_if.cost(step)
    size = sum(what_if.size(index) for index in chosen)
    what_if.clear()
    own_after = resource.getrusage(resource.RUSAGE_SELF)
    server, psql = session.cpu_seconds()
    client = psql - psql_before + own_after.ru_utime + own_after.ru_stime - own.ru_utime - own.ru_stime
    ordered = sorted(chosen, key=lambda index: (index.table, index.columns))
    return Advice(ordered, base_cost, cost, size, what_if.optimizer_calls, server - server_before, client)
