#include "server/index/trigram.hpp"

#include <algorithm>
#include <map>

#include "server/bridge/spi.hpp"
#include "server/bridge/walk.hpp"
#include "server/index/imported.hpp"

extern "C" {
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr BlockNumber kLeastPages = 128;
constexpr double kLeastShare = 0.05;
constexpr int kLeastLetters = 3;  ///< in a row: fewer give no trigram
constexpr int kMostFound = 16;

/// Columns that one statement searches in.
struct Found {
  struct Column {
    Oid table;
    AttrNumber number;
  } columns[kMostFound];
  int count;
  Query* query;  ///< whose variables are looked at
};

/// A pattern that begins with anything and has a part that is long enough; a parameter of LIKE mostly has a
/// fixed beginning, one of the others mostly none.
bool searches_inside(const Node* pattern, RegProcedure function) {
  bool const anywhere = function != F_TEXTLIKE;  // ILIKE and ~ find no beginning in a B-tree
  if (IsA(pattern, Param)) return anywhere;
  if (!IsA(pattern, Const)) return false;
  auto const* constant = reinterpret_cast<const Const*>(pattern);
  if (constant->constisnull || constant->consttype != TEXTOID) return false;
  const char* const letters = TextDatumGetCString(constant->constvalue);
  bool const open = letters[0] == '%' || letters[0] == '_';
  int most = 0;
  int run = 0;
  for (const char* c = letters; *c != '\0'; ++c) {
    run = *c == '%' || *c == '_' || *c == '.' || *c == '*' || *c == '\\' ? 0 : run + 1;
    most = std::max(most, run);
  }
  return (anywhere || open) && most >= kLeastLetters;
}

void note(Found& found, const Var* var) {
  if (var->varlevelsup != 0 || var->varattno <= 0 || found.count == kMostFound) return;
  const RangeTblEntry* const entry = rt_fetch(var->varno, found.query->rtable);
  if (entry->rtekind == RTE_RELATION) found.columns[found.count++] = {entry->relid, var->varattno};
}

bool find_searches(Node* node, void* state) {
  if (node == nullptr) return false;
  auto& found = *static_cast<Found*>(state);
  if (IsA(node, Query)) {
    Query* const outer = std::exchange(found.query, reinterpret_cast<Query*>(node));
    (void)query_tree_walker(found.query, pg::walker(find_searches), state, 0);
    found.query = outer;
    return false;
  }
  if (IsA(node, OpExpr) && list_length(reinterpret_cast<OpExpr*>(node)->args) == 2) {
    auto* const op = reinterpret_cast<OpExpr*>(node);
    RegProcedure const function = get_opcode(op->opno);
    bool const known = function == F_TEXTLIKE || function == F_TEXTICLIKE || function == F_TEXTREGEXEQ ||
                       function == F_TEXTICREGEXEQ;
    Node* const value = pg::without_relabel(static_cast<Node*>(linitial(op->args)));
    Node* const pattern = pg::without_relabel(static_cast<Node*>(lsecond(op->args)));
    if (known && IsA(value, Var) && searches_inside(pattern, function))
      note(found, reinterpret_cast<Var*>(value));
  }
  return expression_tree_walker(node, pg::walker(find_searches), state);
}

/// In this database, or in the one that was exported.
bool could_be_created() {
  if (imported_server() != nullptr) return imported_server()->offers_trigrams;
  pg::Spi spi;
  return !spi.query(
                 "select 1 from pg_available_extensions where name = 'pg_trgm' and installed_version is null")
              .empty();
}

/// The number of a table that advice is asked on and that is large enough; -1 for others.
int table_number(const SearchSpace& space, Oid table) {
  for (auto const& use : space.uses()) {
    IndexedTable const& one = space.tables()[static_cast<size_t>(use.table)];
    if (one.oid == table) return one.extent.pages >= kLeastPages ? use.table : -1;
  }
  return -1;
}

}  // namespace

std::vector<TrigramChance> trigram_chances(const AdviceRequest& request, const AnalysedWorkload& workload,
                                           const SearchSpace& space, const index::Solution& solution) {
  bool const wanted = request.methods.empty() || std::find(request.methods.begin(), request.methods.end(),
                                                           index::AccessMethod::gin) != request.methods.end();
  std::map<std::pair<int, AttrNumber>, TrigramChance> chances;
  for (size_t query = 0; wanted && query < workload.plannable.size(); ++query) {
    Found found{};
    pg::call([&] {
      (void)find_searches(reinterpret_cast<Node*>(workload.plannable[query].prepared.query), &found);
    });
    for (int i = 0; i < found.count; ++i) {
      int const table = table_number(space, found.columns[i].table);
      if (table < 0) continue;
      auto& chance = chances[{table, found.columns[i].number}];
      chance.table = table;
      chance.column = found.columns[i].number;
      auto const number = static_cast<int>(query);
      if (!chance.queries.empty() && chance.queries.back() == number) continue;
      chance.queries.push_back(number);
      chance.cost += space.problem.weights[query] * solution.query_after[query];
    }
  }
  std::vector<TrigramChance> worthwhile;
  for (auto& [place, chance] : chances)
    if (chance.cost >= kLeastShare * solution.cost_before) worthwhile.push_back(std::move(chance));
  if (worthwhile.empty() || !could_be_created()) return {};
  std::stable_sort(worthwhile.begin(), worthwhile.end(),
                   [](const TrigramChance& a, const TrigramChance& b) { return a.cost > b.cost; });
  return worthwhile;
}

}  // namespace deal::server
