#include "core/index/candidates.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/index/proposer.hpp"

namespace deal::index {

namespace {

/// What tells candidates apart.
using Identity =
    std::tuple<std::int32_t, AccessMethod, std::int32_t, std::int32_t,
               std::vector<std::tuple<std::int32_t, bool, bool, std::uint32_t>>, std::vector<std::int32_t>>;

Identity identity_of(const CandidateIndex& candidate) {
  Identity identity{candidate.table,  candidate.method, candidate.predicate, candidate.pages_per_range, {},
                    candidate.include};
  for (auto const& key : candidate.keys)
    std::get<4>(identity).emplace_back(key.attno, key.descending, key.nulls_first, key.opclass);
  return identity;
}

void add_once(std::vector<int>& list, int number) {
  if (std::find(list.begin(), list.end(), number) == list.end()) list.push_back(number);
}

bool asks_for(const TableUse& use, std::int32_t predicate) {
  return predicate == 0 ||
         std::any_of(use.conditions.begin(), use.conditions.end(),
                     [predicate](const Condition& condition) { return condition.predicate == predicate; });
}

/// True when the use could search or order by the candidate's first column.
bool could_use(const TableUse& use, const CandidateIndex& candidate) {
  if (use.table != candidate.table || !asks_for(use, candidate.predicate)) return false;
  auto const first = candidate.keys.front();
  for (auto const& clause : use.clauses)
    if (clause.attno == first.attno && clause.method == candidate.method && clause.opclass == first.opclass &&
        !clause.companion)
      return true;
  if (candidate.method != AccessMethod::btree) return false;
  for (auto const& order : use.orders)
    if (!order.empty() && order.front().attno == first.attno) return true;
  return false;
}

/// Appends each use's own proposals to the query's relevant ones, by turns: a table that the query reads
/// twice has two lists, and the search looks at the first ones only.
void take_turns(const std::vector<TableUse>& uses, const std::vector<std::vector<int>>& own, Proposals& out) {
  bool any = true;
  for (size_t round = 0; any; ++round) {
    any = false;
    for (size_t i = 0; i < uses.size(); ++i) {
      if (round >= own[i].size()) continue;
      add_once(out.relevant[static_cast<size_t>(uses[i].query)], own[i][round]);
      any = true;
    }
  }
}

}  // namespace

Proposals propose(const std::vector<TableUse>& uses, int queries, const CandidateLimits& limits) {
  Proposals out;
  out.relevant.resize(static_cast<size_t>(queries));
  std::map<Identity, int> known;
  std::vector<std::vector<int>> own(uses.size());
  for (size_t i = 0; i < uses.size(); ++i) {
    for (auto const& candidate : proposals_for(uses[i], limits)) {
      auto const [place, fresh] =
          known.emplace(identity_of(candidate), static_cast<int>(out.candidates.size()));
      if (fresh) out.candidates.push_back(candidate);
      own[i].push_back(place->second);
    }
  }
  take_turns(uses, own, out);
  for (auto const& use : uses)
    for (size_t i = 0; i < out.candidates.size(); ++i)
      if (could_use(use, out.candidates[i]))
        add_once(out.relevant[static_cast<size_t>(use.query)], static_cast<int>(i));
  return out;
}

}  // namespace deal::index
