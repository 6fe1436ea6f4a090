#include "server/index/evaluate.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/imported.hpp"
#include "server/index/statistics.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"
}

namespace deal::server {

namespace {

/// The named index; for a partitioned index also those of its partitions.
void append_hidden(const std::string& name, std::vector<Oid>& hidden) {
  Oid const oid = pg::call([&] {
    List* const names = textToQualifiedNameList(cstring_to_text(name.c_str()));
    return RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, false);
  });
  auto const tree = index_tree(oid);
  hidden.insert(hidden.end(), tree.begin(), tree.end());
}

Hypothetical* read_definition(const std::string& definition) {
  return pg::reading(definition, [&] { return hypothetical_from_definition(definition); });
}

}  // namespace

std::string relation_name(Oid relation) {
  const char* const schema =
      pg::call([&]() -> const char* { return get_namespace_name(get_rel_namespace(relation)); });
  const char* const name = pg::call([&]() -> const char* { return get_rel_name(relation); });
  return quote_qualified(schema != nullptr ? schema : "", name != nullptr ? name : "");
}

std::vector<Oid> index_tree(Oid index) {
  char const kind = pg::call([&] { return get_rel_relkind(index); });
  if (kind != RELKIND_INDEX && kind != RELKIND_PARTITIONED_INDEX) {
    throw Error("42809", "\"" + relation_name(index) + "\" is not an index")
        .hint("Name indexes to hide, e.g. 'shop.orders_pkey'.");
  }
  if (kind == RELKIND_INDEX) return {index};
  List* const all = pg::call([&] { return find_all_inheritors(index, NoLock, nullptr); });
  std::vector<Oid> tree;
  tree.reserve(static_cast<size_t>(list_length(all)));
  for (int i = 0; i < list_length(all); ++i)
    tree.push_back(list_nth_oid(all, i));
  return tree;
}

WhatIfAnswer index_what_if(const std::string& query, const std::vector<std::string>& definitions,
                           const std::vector<std::string>& hide) {
  pg::Memory const memory("deal_advisor index_what_if");
  return pg::rolled_back([&] {
    pg::InContext const in_memory(memory.context());
    ImportScope const figures;
    Statement statement;
    statement.query = query;
    StatementScope const scope(statement);
    PreparedQuery const prepared = pg::reading(query, [&] { return prepare(query, Dialect::sql); });
    check_permissions(prepared);
    ExtentEstimator sizes;
    ExpressionStatistics statistics;
    std::vector<Hypothetical*> added;
    std::vector<FreshVisibility> fresh;
    for (auto const& definition : definitions) {
      added.push_back(read_definition(definition));
      sizes.estimate(*added.back());
      statistics.attach(*added.back());
      append_visibility(added.back()->table, fresh);
    }
    std::vector<Oid> hidden;
    for (auto const& name : hide)
      append_hidden(name, hidden);
    WhatIfAnswer answer;
    PlanOutcome const after = plan(prepared, {added, hidden, fresh});
    answer.cost_before = plan(prepared, {}).cost;
    answer.cost_after = after.cost;
    answer.plan_before = explain(prepared, {});
    answer.plan_after = explain(prepared, {added, hidden, fresh});
    for (auto const* index : added)
      if (std::binary_search(after.used.begin(), after.used.end(), index->oid))
        answer.used.emplace_back(index->name);
    return answer;
  });
}

int64_t index_size(const std::string& definition) {
  pg::Memory const memory("deal_advisor index_size");
  return pg::rolled_back([&] {
    pg::InContext const in_memory(memory.context());
    pg::ReadOnly const read_only;
    ImportScope const figures;
    ExtentEstimator sizes;
    return sizes.estimate(*read_definition(definition)).bytes;
  });
}

}  // namespace deal::server
