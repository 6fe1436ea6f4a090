#include "server/index/advice_rows.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/index/ddl.hpp"
#include "core/index/explanation.hpp"
#include "server/index/build_time.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

constexpr size_t kTextBytes = 200;    ///< of a statement quoted in a row
constexpr size_t kExampleBytes = 60;  ///< and in `why`

/// Statements that build one index, and the ones that take it back.
struct Build {
  std::vector<std::string> ddl;
  std::vector<std::string> rollback;
  bool leaves_only = false;  ///< of a partitioned table that can't have the index as a whole
};

/// Chooses names that no relation has and no earlier row was given.
class NameChooser {
 public:
  std::string choose(const std::string& schema, const std::string& base) {
    Oid const space = pg::call([&] { return get_namespace_oid(schema.c_str(), true); });
    std::string name = index::free_name(base, [&](const std::string& candidate) {
      return chosen_.count({schema, candidate}) > 0 ||
             pg::call([&] { return OidIsValid(get_relname_relid(candidate.c_str(), space)); });
    });
    chosen_.emplace(schema, name);
    return name;
  }

 private:
  std::set<std::pair<std::string, std::string>> chosen_;
};

/// The candidate with a child table's attribute numbers; expressions name columns, and these are the same.
index::CandidateIndex on_child(const index::CandidateIndex& candidate, const index::TableNames& parent,
                               Oid child) {
  index::CandidateIndex out = candidate;
  auto const move = [&](int32_t& attno) {
    std::string const& name = parent.columns[static_cast<size_t>(attno) - 1];
    attno = pg::call([&] { return get_attnum(child, name.c_str()); });
  };
  for (auto& key : out.keys)
    if (key.attno > 0) move(key.attno);
  for (auto& attno : out.include)
    move(attno);
  return out;
}

/// Names of a child table, with the texts that were made for its parent.
index::TableNames names_of(Oid oid, const index::TableNames& parent) {
  index::TableNames names = parent;
  names.columns.clear();
  Relation const table = pg::call([&] { return table_open(oid, AccessShareLock); });
  names.schema = pg::call([&]() -> const char* { return get_namespace_name(table->rd_rel->relnamespace); });
  names.name = RelationGetRelationName(table);
  for (int i = 0; i < RelationGetNumberOfAttributes(table); ++i) {
    Form_pg_attribute const column = TupleDescAttr(RelationGetDescr(table), i);
    names.columns.emplace_back(column->attisdropped ? "" : NameStr(column->attname));
  }
  pg::call([&] { table_close(table, NoLock); });
  return names;
}

/// CREATE INDEX CONCURRENTLY is refused on partitioned tables: the parent's part ON ONLY, each leaf
/// concurrently, then attach; the parent's index turns valid with the last one.
void build_partitioned(const index::CandidateIndex& candidate, const index::TableNames& table, Oid oid,
                       const std::string& name, NameChooser& chooser, Build& build) {
  build.ddl.push_back(index::create_statement(candidate, table, name, true));
  List* const children = pg::call([&] { return find_inheritance_children(oid, AccessShareLock); });
  for (int i = 0; i < list_length(children); ++i) {
    Oid const child = list_nth_oid(children, i);
    index::TableNames const child_names = names_of(child, table);
    index::CandidateIndex const moved = on_child(candidate, table, child);
    std::string const child_index = chooser.choose(child_names.schema, natural_name(moved, child_names));
    char const kind = pg::call([&] { return get_rel_relkind(child); });
    if (kind == RELKIND_PARTITIONED_TABLE)
      build_partitioned(moved, child_names, child, child_index, chooser, build);
    else if (kind == RELKIND_RELATION)
      build.ddl.push_back(index::create_statement(moved, child_names, child_index, false));
    else
      continue;
    build.ddl.push_back("alter index " + quote_qualified(table.schema, name) + " attach partition " +
                        quote_qualified(child_names.schema, child_index));
  }
}

bool has_foreign_partition(Oid table) {
  return pg::call([&] {
    ListCell* cell = nullptr;
    foreach (cell, find_all_inheritors(table, AccessShareLock, nullptr))
      if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_FOREIGN_TABLE) return true;
    return false;
  });
}

/// A foreign partition has no index to attach, and without it the parent's index never turns valid.
void build_leaves(const index::CandidateIndex& candidate, const index::TableNames& table, Oid oid,
                  NameChooser& chooser, Build& build) {
  build.leaves_only = true;
  for (Oid const leaf : leaf_partitions(oid)) {
    index::TableNames const names = names_of(leaf, table);
    index::CandidateIndex const moved = on_child(candidate, table, leaf);
    std::string const name = chooser.choose(names.schema, natural_name(moved, names));
    build.ddl.push_back(index::create_statement(moved, names, name, false));
    build.rollback.push_back(index::drop_statement(names.schema, name, true));
  }
}

Build build_of(const index::CandidateIndex& candidate, const IndexedTable& table,
               const index::TableNames& names, const std::string& name, NameChooser& chooser) {
  Build build;
  if (table.partitioned && has_foreign_partition(table.oid)) {
    build_leaves(candidate, names, table.oid, chooser, build);
    return build;
  }
  if (table.partitioned)
    build_partitioned(candidate, names, table.oid, name, chooser, build);
  else
    build.ddl.push_back(index::create_statement(candidate, names, name, false));
  build.rollback.push_back(index::drop_statement(table.schema, name, !table.partitioned));
  return build;
}

/// The definition of an existing index, to be built again without blocking writers.
std::string rebuild_statement(const std::string& definition) {
  std::string text = definition;
  static constexpr std::string_view kStart[] = {"CREATE UNIQUE INDEX ", "CREATE INDEX "};
  for (auto const& start : kStart)
    if (text.starts_with(start)) return text.insert(start.size(), "CONCURRENTLY ");
  return text;
}

/// Adds one choice of arguments to what is known of its statement: all are called equally often.
void add_choice(QueryShare& share, double calls, double before, double after) {
  ++share.choices;
  share.calls += calls;
  share.before += (before - share.before) / share.choices;
  share.after += (after - share.after) / share.choices;
  share.outlook.add(before, after);
}

/// The statements of which the plan for any choice of arguments uses the candidate.
std::vector<QueryShare> shares(const AnalysedWorkload& workload, const index::Solution& solution,
                               const Afterthoughts& more, int candidate) {
  std::vector<QueryShare> out;
  auto const& all = workload.plannable;
  for (size_t first = 0, end = 0; first < all.size(); first = end) {
    Statement const& statement = all[first].statement;
    QueryShare share{statement.query_id, one_line(statement.query, kTextBytes)};
    bool used = false;
    for (end = first; end < all.size() && all[end].number == all[first].number; ++end) {
      auto const& in_plan = solution.query_used[end];
      used = used || std::find(in_plan.begin(), in_plan.end(), candidate) != in_plan.end();
      add_choice(share, all[end].statement.calls, all[end].base_cost, solution.query_after[end]);
    }
    if (!used) continue;
    if (auto const other = more.outlooks.find(all[first].number); other != more.outlooks.end()) {
      share.outlook.add(other->second);
      ++share.choices;
    }
    out.push_back(std::move(share));
  }
  std::stable_sort(out.begin(), out.end(), [](const QueryShare& a, const QueryShare& b) {
    return a.calls * a.before > b.calls * b.before;
  });
  return out;
}

/// The uses of the candidate's table.
std::vector<index::TableUse> uses_of(const SearchSpace& space, const index::CandidateIndex& candidate) {
  std::vector<index::TableUse> uses;
  for (auto const& use : space.uses())
    if (use.table == candidate.table) uses.push_back(use);
  return uses;
}

/// True when some update that is heap-only today would change what the index holds.
bool ends_heap_only(const index::Problem& problem, int candidate) {
  return std::any_of(problem.writes.begin(), problem.writes.end(), [&](const index::WriteLoad& load) {
    return load.heap_only > 0 && std::binary_search(load.breakers.begin(), load.breakers.end(), candidate);
  });
}

/// What the index is for, who gains most, what it costs to keep and to build.
std::string why_text(const SearchSpace& space, const index::TableNames& names, const AdviceRow& row,
                     int candidate) {
  auto const& chosen = space.problem.candidates[static_cast<size_t>(candidate)];
  index::KeepingFacts facts;
  facts.statements = static_cast<int>(row.queries.size());
  double most = 0;
  for (auto const& query : row.queries) {
    double const gain = query.calls * (query.before - query.after);
    if (gain <= most) continue;
    most = gain;
    facts.example = one_line(query.text, kExampleBytes);
    facts.before = query.before;
    facts.after = query.after;
  }
  facts.write_cost = row.write_cost;
  facts.workload = row.cost_before;
  facts.ends_heap_only = ends_heap_only(space.problem, candidate);
  facts.build_seconds = seconds_to_build(*space.hypothetical(candidate));
  std::string text = index::reason(chosen, names, uses_of(space, chosen)) + "; " + index::keeping_text(facts);
  for (auto const& name : row.replaces)
    text += "; makes " + name + " superfluous";
  return text;
}

/// How differently the arguments of the statements fare, 0 to 1: the mean by what the statements cost today.
double disagreement(const std::vector<QueryShare>& queries) {
  double cost = 0;
  double differing = 0;
  for (auto const& share : queries) {
    cost += share.calls * share.before;
    differing += share.calls * share.before * (share.outlook.most_saved - share.outlook.least_saved);
  }
  return cost > 0 ? differing / cost : 0;
}

float confidence_of(const SearchSpace& space, int candidate, const std::vector<QueryShare>& queries) {
  float confidence = 0.9F - 0.3F * static_cast<float>(disagreement(queries));
  if (space.without_sample()) confidence -= 0.2F;
  if (space.table_of(candidate).extent.rows <= 0) confidence -= 0.3F;  // never analysed
  return confidence;
}

AdviceRow step_row(const index::Step& step, double cost_before, double cost_before_step,
                   const AnalysedWorkload& workload, const SearchSpace& space,
                   const index::Solution& solution, const Afterthoughts& more, NameChooser& chooser) {
  auto const& candidate = space.problem.candidates[static_cast<size_t>(step.candidate)];
  IndexedTable const& table = space.table_of(step.candidate);
  AdviceRow row;
  row.action = step.replaces.empty() ? "create" : "replace";
  row.relation = table.qualified();
  row.schema = table.schema;
  index::TableNames const names = space.names_for(candidate);
  row.index_name = chooser.choose(table.schema, natural_name(candidate, names));
  row.access_method = name_of(candidate.method);
  row.est_bytes = candidate.bytes;
  row.cost_before = cost_before;
  row.cost_after = step.cost_after;
  row.benefit_pct = cost_before > 0 ? 100.0 * (cost_before_step - step.cost_after) / cost_before : 0;
  row.write_cost = step.write_cost;
  Build build = build_of(candidate, table, names, row.index_name, chooser);
  for (int const old : step.replaces) {
    ExistingIndex const& replaced = *space.existing(old);
    row.replaces.push_back(replaced.name);
    build.ddl.push_back("drop index concurrently " + replaced.name);
    build.rollback.insert(build.rollback.begin(), rebuild_statement(replaced.definition));
  }
  row.ddl = std::move(build.ddl);
  row.rollback = std::move(build.rollback);
  row.queries = shares(workload, solution, more, step.candidate);
  row.confidence = confidence_of(space, step.candidate, row.queries);
  row.why = why_text(space, names, row, step.candidate);
  if (build.leaves_only) {
    row.index_name.clear();
    row.why += "; foreign partitions have no index, so the others get one each";
  }
  return row;
}

/// Dropping what another index does as well; the higher ranks were priced without it already.
AdviceRow drop_row(const RedundantIndex& drop, double cost_before, double cost_after) {
  AdviceRow row;
  row.action = "drop";
  row.relation = drop.relation;
  row.index_name = drop.name;
  row.est_bytes = drop.bytes;
  row.cost_before = cost_before;
  row.cost_after = cost_after;
  row.write_cost = drop.write_cost;
  row.why = drop.why;
  row.confidence = 0.95F;
  row.ddl.push_back("drop index concurrently " + drop.name);
  row.rollback.push_back(rebuild_statement(drop.definition));
  row.replaces.push_back(drop.name);
  return row;
}

/// An index that no statement of the workload misses; what little it saved is the row's (negative) benefit.
AdviceRow unused_row(const UnusedDrop& drop, double cost_before, double cost_after) {
  AdviceRow row = drop_row(*drop.index, cost_before, cost_after);
  row.benefit_pct = cost_before > 0 ? -100.0 * drop.loss / cost_before : 0;
  row.why += "Without it the workload costs " + index::share_text(drop.loss, cost_before) + " more.";
  row.confidence = 0.6F;
  return row;
}

/// An index whose operators an extension would bring: nothing of it can be priced yet.
AdviceRow trigram_row(const TrigramChance& chance, double cost_before, const AnalysedWorkload& workload,
                      const SearchSpace& space, const index::Solution& solution, NameChooser& chooser) {
  IndexedTable const& table = space.tables()[static_cast<size_t>(chance.table)];
  index::CandidateIndex candidate;
  candidate.method = index::AccessMethod::gin;
  candidate.keys.push_back({.attno = chance.column, .opclass = 1});
  index::TableNames names{table.schema, table.name, table.columns};
  names.opclasses.emplace(1, "gin_trgm_ops");
  AdviceRow row;
  row.action = "create";
  row.relation = table.qualified();
  row.schema = table.schema;
  row.access_method = name_of(candidate.method);
  row.priced = false;
  row.cost_before = cost_before;
  row.confidence = 0.3F;
  row.prerequisites.emplace_back("create extension pg_trgm");
  row.index_name = chooser.choose(table.schema, natural_name(candidate, names));
  Build build = build_of(candidate, table, names, row.index_name, chooser);
  row.ddl = std::move(build.ddl);
  row.rollback = std::move(build.rollback);
  int statements = 0;
  int last = -1;
  for (int const query : chance.queries) {
    auto const& one = workload.plannable[static_cast<size_t>(query)];
    statements += one.number != last ? 1 : 0;
    last = one.number;
  }
  row.why = "search for a part of " +
            quote_identifier(table.columns[static_cast<size_t>(chance.column) - 1]) + " in " +
            std::to_string(statements) + (statements == 1 ? " statement" : " statements") + ", " +
            index::share_text(chance.cost, solution.cost_after) +
            " of what the workload costs with all other advice; only trigrams serve it, so what it saves and "
            "its size can't be foreseen before the extension is created: then ask again";
  return row;
}

/// Of what was left out: no statements, lest somebody runs all that there are.
AdviceRow reject_row(const index::Rejection& rejection, double cost_before, const SearchSpace& space,
                     const std::map<int, std::string>& names_of_advised, double min_gain) {
  auto const& candidate = space.problem.candidates[static_cast<size_t>(rejection.candidate)];
  index::TableNames const names = space.names_for(candidate);
  AdviceRow row;
  row.action = "reject";
  row.relation = space.table_of(rejection.candidate).qualified();
  row.schema = space.table_of(rejection.candidate).schema;
  row.access_method = name_of(candidate.method);
  row.est_bytes = candidate.bytes;
  row.cost_before = cost_before;
  row.benefit_pct = cost_before > 0 ? 100.0 * rejection.saving / cost_before : 0;
  row.write_cost = rejection.write_cost;
  row.confidence = confidence_of(space, rejection.candidate, {});
  auto const other = names_of_advised.find(rejection.other);
  row.why = key_text(candidate, names) + ": " +
            index::rejection_text({rejection, other != names_of_advised.end() ? other->second : "the advice",
                                   candidate.bytes, cost_before, min_gain});
  return row;
}

AdviceRow skip_row(const SkippedStatement& skipped) {
  AdviceRow row;
  row.action = "skip";
  row.why = skipped.reason;
  row.confidence = 0;
  QueryShare share{skipped.statement.query_id, one_line(skipped.statement.query, kTextBytes)};
  share.calls = skipped.statement.calls;
  row.queries.push_back(std::move(share));
  return row;
}

}  // namespace

std::vector<AdviceRow> make_rows(const AdviceRequest& request, const AnalysedWorkload& workload,
                                 const SearchSpace& space, const index::Solution& solution,
                                 const Afterthoughts& more) {
  std::vector<AdviceRow> rows;
  NameChooser chooser;
  double cost_before = 0;
  for (size_t i = 0; i < workload.plannable.size(); ++i)
    cost_before += space.problem.weights[i] * workload.plannable[i].base_cost;
  double cost = cost_before;
  std::set<int> replaced;              // by an earlier step: an index goes once
  std::map<int, std::string> advised;  // names by candidate
  for (index::Step step : solution.steps) {
    std::erase_if(step.replaces, [&](int old) { return !replaced.insert(old).second; });
    rows.push_back(step_row(step, cost_before, cost, workload, space, solution, more, chooser));
    cost = step.cost_after;
    advised.emplace(step.candidate, rows.back().index_name);
  }
  for (auto const& drop : space.redundant())
    rows.push_back(drop_row(drop, cost_before, cost));
  for (auto const& drop : more.unused) {
    cost += drop.loss;
    rows.push_back(unused_row(drop, cost_before, cost));
  }
  for (auto const& chance : more.chances)
    rows.push_back(trigram_row(chance, cost_before, workload, space, solution, chooser));
  for (auto const& rejection : solution.rejected)
    rows.push_back(reject_row(rejection, cost_before, space, advised, space.problem.min_gain));
  if (request.details || rows.empty())  // silence would pass for "nothing to do"
    for (auto const& skipped : workload.skipped)
      rows.push_back(skip_row(skipped));
  return rows;
}

}  // namespace deal::server
