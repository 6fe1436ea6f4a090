#include "server/index/problem.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/index/candidates.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/index/access_costs.hpp"
#include "server/index/opclasses.hpp"
#include "server/index/write_load.hpp"

extern "C" {
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr double kAlwaysIncluded = 8;  ///< bytes
constexpr double kIncludedShare = 0.25;
constexpr size_t kMostRelevant = 60;  ///< the search looks at 64 a query
constexpr int64_t kKeptBack = 200;    ///< one part in so many of the bytes given back: sizes are estimates
/// And of the budget: of many indexes together the estimate errs by half a percent, of a few by more.
constexpr int64_t kBudgetKeptBack = 100;
constexpr size_t kManyProposals = 100;
constexpr int kSampleRows = 30'000;
/// Selectivities of expressions are good enough from fewer, and each row takes a block.
constexpr int kStatisticRows = 10'000;
constexpr double kExpressionWidth = 50;  ///< bytes
constexpr double kSameVisibility = 1e-3;
constexpr double kWideEntry = 1000;    ///< bytes on average; wider keys make poor B-trees
constexpr double kWidestEntry = 2000;  ///< bytes; a B-tree takes 2704, and a sample misses the widest

bool wanted_schema(const AdviceRequest& request, const std::string& schema) {
  return request.schemas.empty() ||
         std::find(request.schemas.begin(), request.schemas.end(), schema) != request.schemas.end();
}

/// Included columns are another copy of them: worth it when they are a small part of the row.
bool includes_little(const index::CandidateIndex& candidate, const IndexedTable& table) {
  double included = 0;
  for (auto const attno : candidate.include)
    included += table.widths[static_cast<size_t>(attno) - 1];
  double const row = std::accumulate(table.widths.begin(), table.widths.end(), 0.0);
  return included <= std::max(kAlwaysIncluded, kIncludedShare * row);
}

bool wanted_method(const AdviceRequest& request, index::AccessMethod method) {
  return request.methods.empty() ||
         std::find(request.methods.begin(), request.methods.end(), method) != request.methods.end();
}

/// True when the index runs nobody's code but that of the columns' own types.
bool is_plain(const index::CandidateIndex& candidate) {
  return candidate.method == index::AccessMethod::btree && candidate.predicate == 0 &&
         std::all_of(candidate.keys.begin(), candidate.keys.end(),
                     [](const auto& key) { return key.attno > 0 && key.opclass == 0; });
}

/// Real bytes given back buy estimated ones: nearly as many, for estimates err both ways and their errors
/// mostly cancel.
int64_t spendable(int64_t bytes) {
  return bytes - bytes / kKeptBack;
}

}  // namespace

SearchSpace::SearchSpace(const AdviceRequest& request, AnalysedWorkload& workload,
                         const std::function<bool()>& out_of_time)
    : words_(*workload.words),
      registry_(*workload.words),
      sizes_(kSampleRows),
      statistics_(kStatisticRows),
      hypopg_sizes_(request.hypopg_sizes) {
  problem.stop = out_of_time;
  collect_uses(request, workload.uses);
  std::set<int> used;
  for (auto const& use : uses_)
    if (used.insert(use.table).second)
      append_visibility(registry_.tables()[static_cast<size_t>(use.table)].oid, fresh_);
  find_redundant(request);
  int const queries = static_cast<int>(workload.plannable.size());
  index::CandidateLimits limits;
  limits.max_columns = request.max_columns;
  index::Proposals const proposals = index::propose(uses_, queries, limits);
  problem.relevant.resize(static_cast<size_t>(queries));
  choose_sample(request, proposals.candidates.size());
  add_existing(proposals.candidates);
  rank_relevant(proposals, add_all(proposals.candidates, request, out_of_time));
  for (auto const& one : workload.plannable)
    problem.weights.push_back(std::max(one.statement.calls, 1e-6));
  price_writes(workload);
  take_bases(workload);
  set_budget(request);
  problem.max_planner_calls = request.max_planner_calls;
  problem.min_gain = request.min_gain_pct / 100.0;
}

void SearchSpace::choose_sample(const AdviceRequest& request, size_t proposals) {
  if (request.sample_rows == 0 && proposals <= kManyProposals) return;
  sizes_ = ExtentEstimator(request.sample_rows > 0 ? request.sample_rows : kSampleRows / 2);
  statistics_ = ExpressionStatistics(request.sample_rows > 0 ? request.sample_rows : kStatisticRows);
}

void SearchSpace::collect_uses(const AdviceRequest& request, std::vector<ObservedUse>& observed) {
  for (auto& one : observed) {
    int const number = registry_.number_of(one.relation);
    IndexedTable const& table = registry_.tables()[static_cast<size_t>(number)];
    if (!wanted_schema(request, table.schema) ||
        table.extent.pages < static_cast<BlockNumber>(request.min_table_pages))
      continue;
    uses_.push_back(std::move(one.use));
    uses_.back().table = number;
    uses_.back().table_pages = table.extent.pages;
  }
}

/// Of the asked schemas; for a single statement only on the tables it uses, and nothing of what is unused:
/// one statement says nothing of that.
void SearchSpace::find_redundant(const AdviceRequest& request) {
  SuperfluousIndexes found = superfluous_indexes(request.schemas, request.unused_after);
  redundant_ = std::move(found.redundant);
  if (request.workload.size() > 1) unused_ = std::move(found.unused);
  if (!request.single_statement) return;
  std::erase_if(redundant_, [&](const RedundantIndex& drop) {
    auto const& tables = registry_.tables();
    return std::none_of(tables.begin(), tables.end(),
                        [&](const IndexedTable& table) { return table.oid == drop.table; });
  });
}

/// What is to fit by HypoPG's sizes is to fit by just these. A net budget also has what the redundant indexes
/// leave, and in the search what it replaces.
void SearchSpace::set_budget(const AdviceRequest& request) {
  if (!request.budget_bytes) return;
  problem.budget_bytes = *request.budget_bytes;
  if (!hypopg_sizes_) problem.budget_bytes -= *request.budget_bytes / kBudgetKeptBack;
  problem.net_budget = request.budget_is_net;
  if (!request.budget_is_net) return;
  for (auto const& drop : redundant_)
    problem.budget_bytes += spendable(drop.bytes);
}

/// Only indexes that a proposal could replace are the search's business; all others are simply there, and
/// must not fill its short lists.
void SearchSpace::add_existing(const std::vector<index::CandidateIndex>& proposed) {
  for (auto const& drop : redundant_)
    always_hidden_.push_back(drop.oid);
  std::vector<std::vector<int>> by_table(registry_.tables().size());
  for (size_t number = 0; number < registry_.tables().size(); ++number) {
    IndexedTable const& table = registry_.tables()[number];
    if (table.partitioned) continue;  // its indexes live on the leaves and are never hidden
    for (auto const& index : table.indexes) {
      if (std::find(always_hidden_.begin(), always_hidden_.end(), index.oid) != always_hidden_.end())
        continue;
      auto const& existing = index.candidate;
      if (!existing.droppable || std::none_of(proposed.begin(), proposed.end(), [&](auto const& wide) {
            return index::covers(wide, existing);
          }))
        continue;
      by_table[number].push_back(static_cast<int>(problem.candidates.size()));
      by_oid_[index.oid] = static_cast<int>(problem.candidates.size());
      problem.candidates.push_back(index.candidate);
      problem.candidates.back().bytes = spendable(index.candidate.bytes);
      hypothetical_.push_back(nullptr);
      existing_.push_back(&index);
    }
  }
  for (auto const& use : uses_) {
    auto& relevant = problem.relevant[static_cast<size_t>(use.query)];
    for (int const candidate : by_table[static_cast<size_t>(use.table)])
      if (std::find(relevant.begin(), relevant.end(), candidate) == relevant.end())
        relevant.push_back(candidate);
  }
}

bool SearchSpace::is_useful(const index::CandidateIndex& candidate) const {
  IndexedTable const& table = registry_.tables()[static_cast<size_t>(candidate.table)];
  if (!includes_little(candidate, table)) return false;
  for (auto const& key : candidate.keys) {
    if (candidate.method != index::AccessMethod::btree || key.opclass != 0) continue;
    bool const sortable =
        key.attno > 0 ? table.sortable[static_cast<size_t>(key.attno) - 1] : is_sortable(words_, key.attno);
    if (!sortable) return false;
  }
  return std::none_of(table.indexes.begin(), table.indexes.end(),
                      [&](const ExistingIndex& index) { return index::covers(index.candidate, candidate); });
}

/// A plain B-tree from its columns; anything else from the text that the user would run.
Hypothetical* SearchSpace::make_hypothetical(const index::CandidateIndex& candidate) const {
  if (!is_plain(candidate))
    return hypothetical_from_definition(
        index::create_statement(candidate, names_for(candidate), "candidate", false));
  Oid const table = registry_.tables()[static_cast<size_t>(candidate.table)].oid;
  return hypothetical_from_columns(table, candidate.keys, candidate.include);
}

/// Returns the candidate's number for each proposal, -1 for those left out. Table by table: samples are
/// large.
std::vector<int> SearchSpace::add_all(const std::vector<index::CandidateIndex>& proposed,
                                      const AdviceRequest& request,
                                      const std::function<bool()>& out_of_time) {
  std::vector<int> numbers(proposed.size(), -1);
  for (size_t table = 0; table < registry_.tables().size(); ++table) {
    for (size_t i = 0; i < proposed.size(); ++i) {
      if (proposed[i].table != static_cast<int32_t>(table) || !wanted_method(request, proposed[i].method) ||
          !is_useful(proposed[i]) || out_of_time())
        continue;
      size_t const before = problem.candidates.size();
      add_proposed(proposed[i]);
      if (problem.candidates.size() > before) numbers[i] = static_cast<int>(before);
    }
    sizes_.forget_samples();
    statistics_.forget_samples();
  }
  return numbers;
}

/// Sampling runs the code of expressions, predicates and operator classes. Where it fails CREATE INDEX would
/// fail as well (1 / price where a price is 0): such a candidate is none, and the others are still wanted.
void SearchSpace::add_proposed(const index::CandidateIndex& candidate) {
  if (is_plain(candidate)) {
    add_sized(candidate);
    return;
  }
  MemoryContext const keep = CurrentMemoryContext;
  pg::attempt(pg::OnSuccess::commit, [&] {
    pg::InContext const in_keep(keep);
    add_sized(candidate);
  });
}

/// Average bytes of the index's columns, as statistics say; of an expression what HypoPG takes.
double SearchSpace::width_of(const index::CandidateIndex& candidate) const {
  IndexedTable const& table = registry_.tables()[static_cast<size_t>(candidate.table)];
  double width = 0;
  for (auto const& key : candidate.keys)
    width += key.attno > 0 ? table.widths[static_cast<size_t>(key.attno) - 1] : kExpressionWidth;
  for (auto const attno : candidate.include)
    width += table.widths[static_cast<size_t>(attno) - 1];
  return width;
}

/// The BRIN index with several ranges for each block range, if outliers make that worth it.
index::CandidateIndex SearchSpace::with_outliers_apart(const index::CandidateIndex& candidate) {
  if (candidate.method != index::AccessMethod::brin || candidate.keys.front().attno <= 0) return candidate;
  IndexedTable const& table = registry_.tables()[static_cast<size_t>(candidate.table)];
  if (table.partitioned || !sizes_.stretches(*make_hypothetical(candidate))) return candidate;
  index::CandidateIndex apart = candidate;
  auto const attno = static_cast<AttrNumber>(candidate.keys.front().attno);
  Oid const opclass = pg::call([&] { return minmax_multi_opclass(get_atttype(table.oid, attno)); });
  if (OidIsValid(opclass)) apart.keys.front().opclass = opclass;
  return apart;
}

void SearchSpace::add_sized(const index::CandidateIndex& proposed) {
  index::CandidateIndex const candidate = with_outliers_apart(proposed);
  MemoryContext const keep = CurrentMemoryContext;
  pg::Memory const scratch("deal_advisor candidate");
  pg::InContext const in_scratch(scratch.context());
  Hypothetical const* const read = make_hypothetical(candidate);
  pg::InContext const in_keep(keep);
  Hypothetical* const made = compact_copy(*read);
  index::SizeEstimate const size = sizes_.estimate(*made);
  bool const wide = size.entry_bytes > kWideEntry || size.widest_entry > kWidestEntry;
  if (wide && candidate.method == index::AccessMethod::btree) return;
  statistics_.attach(*made);
  by_oid_[made->oid] = static_cast<int>(problem.candidates.size());
  problem.candidates.push_back(candidate);
  problem.candidates.back().bytes =
      hypopg_sizes_ && candidate.method == index::AccessMethod::btree
          ? index::hypopg_btree_bytes(size.rows, width_of(candidate), made->columns)
          : size.bytes;
  problem.candidates.back().entry_cost = entry_cost(
      candidate.method, size, registry_.tables()[static_cast<size_t>(candidate.table)].extent.rows);
  hypothetical_.push_back(made);
  existing_.push_back(nullptr);
  ++proposed_;
}

/// Takes each table's proposals in turn, so that no table of a wide join crowds out the others.
void SearchSpace::rank_relevant(const index::Proposals& proposals, const std::vector<int>& numbers) {
  for (size_t query = 0; query < proposals.relevant.size(); ++query) {
    std::map<int, std::vector<int>> by_table;
    for (int const proposal : proposals.relevant[query]) {
      int const number = numbers[static_cast<size_t>(proposal)];
      if (number >= 0) by_table[problem.candidates[static_cast<size_t>(number)].table].push_back(number);
    }
    auto& relevant = problem.relevant[query];
    for (size_t round = 0; relevant.size() < kMostRelevant; ++round) {
      bool any = false;
      for (auto const& [table, list] : by_table) {
        if (round >= list.size() || relevant.size() >= kMostRelevant) continue;
        relevant.push_back(list[round]);
        any = true;
      }
      if (!any) break;
    }
  }
}

/// New candidates on the table that hold a column which the update changes. From 16 on BRIN does not count.
std::vector<int> SearchSpace::breakers(int32_t table, const WriteProfile& writes) const {
  std::vector<int> found;
  for (size_t i = 0; i < problem.candidates.size(); ++i) {
    auto const& candidate = problem.candidates[i];
    bool const summarises = PG_VERSION_NUM >= 160000 && candidate.method == index::AccessMethod::brin;
    if (candidate.table == table && hypothetical_[i] != nullptr && !summarises &&
        changes_entries(candidate, writes, words_))
      found.push_back(static_cast<int>(i));
  }
  return found;
}

void SearchSpace::price_writes(const AnalysedWorkload& workload) {
  problem.writes =
      write_loads(workload, registry_.tables(), always_hidden_,
                  [this](int32_t table, const WriteProfile& writes) { return breakers(table, writes); });
  for (size_t i = 0; i < problem.candidates.size(); ++i)
    if (hypothetical_[i] == nullptr)
      problem.candidates[i].write_cost = upkeep_today(problem.writes, problem.candidates[i].table);
  for (auto* const list : {&redundant_, &unused_})
    for (auto& drop : *list)
      price_drop(drop);
}

/// True if statements on the table may cost something else than what analysing them said: the visibility that
/// CREATE INDEX will find differs, and matters to index-only scans.
bool SearchSpace::is_affected(const IndexedTable& table) const {
  if (table.partitioned) return true;
  bool const any = std::find(table.indexed.begin(), table.indexed.end(), true) != table.indexed.end();
  return (any || !table.indexes.empty()) && std::any_of(fresh_.begin(), fresh_.end(), [&](auto const& fresh) {
           return fresh.relation == table.oid &&
                  std::fabs(fresh.all_visible - table.extent.all_visible) > kSameVisibility;
         });
}

/// Analysing a statement planned it already; a plan without the indexes that go is the plan once they are
/// gone.
void SearchSpace::take_bases(const AnalysedWorkload& workload) {
  problem.bases.resize(workload.plannable.size());
  for (size_t query = 0; query < workload.plannable.size(); ++query) {
    auto const& one = workload.plannable[query];
    bool const goes = std::any_of(always_hidden_.begin(), always_hidden_.end(), [&](Oid oid) {
      return std::binary_search(one.base_used.begin(), one.base_used.end(), oid);
    });
    if (!goes)
      problem.bases[query] =
          as_answer({one.base_cost, one.base_overcharge, {}, one.base_used, {}, one.base_leaves});
  }
  for (auto const& use : uses_)
    if (is_affected(registry_.tables()[static_cast<size_t>(use.table)]))
      problem.bases[static_cast<size_t>(use.query)].reset();
}

index::QueryPlan SearchSpace::as_answer(const PlanOutcome& outcome) const {
  index::QueryPlan answer{outcome.cost, {}, {}, {}, outcome.overcharge};
  for (auto const* const list : {&outcome.used, &outcome.informing})
    for (Oid const oid : *list) {
      auto const found = by_oid_.find(oid);
      if (found != by_oid_.end()) answer.used.push_back(found->second);
    }
  std::sort(answer.used.begin(), answer.used.end());
  answer.used.erase(std::unique(answer.used.begin(), answer.used.end()), answer.used.end());
  for (PlannedLeaf const& leaf : outcome.leaves) {
    auto const found = by_oid_.find(leaf.index);
    if (leaf.index != InvalidOid && found == by_oid_.end()) continue;
    answer.leaves.push_back({leaf.index == InvalidOid ? index::kNoCandidate : found->second, leaf.relation,
                             leaf.startup, leaf.total, leaf.least_times, leaf.most_times, leaf.least_share,
                             leaf.most_share, leaf.ordered});
  }
  return answer;
}

void SearchSpace::price_drop(RedundantIndex& drop) const {
  for (size_t number = 0; number < registry_.tables().size(); ++number)
    if (registry_.tables()[number].oid == drop.table)
      drop.write_cost = upkeep_today(problem.writes, static_cast<int32_t>(number));
}

index::QueryPlan SearchSpace::plan(int query, const PreparedQuery& prepared, std::span<const int> available,
                                   std::span<const Oid> also_hidden) const {
  std::vector<Hypothetical*> added;
  std::vector<Oid> hidden = always_hidden_;
  hidden.insert(hidden.end(), also_hidden.begin(), also_hidden.end());
  // What is not relevant to the query (indexes of tables too small to advise on) stays as it is.
  for (int const number : problem.relevant[static_cast<size_t>(query)]) {
    const ExistingIndex* const index = existing_[static_cast<size_t>(number)];
    if (index != nullptr && !std::binary_search(available.begin(), available.end(), number))
      hidden.push_back(index->oid);
  }
  for (int const number : available)
    if (hypothetical_[static_cast<size_t>(number)] != nullptr)
      added.push_back(hypothetical_[static_cast<size_t>(number)]);
  // The plan with all of them, which the search asks for first, tells most of the accesses.
  bool const all = available.size() == problem.relevant[static_cast<size_t>(query)].size();
  std::optional<AccessObserver> observer;
  if (all) observer.emplace();
  PlanOutcome const outcome =
      server::plan(prepared, {added, hidden, fresh_}, all ? AccessObserver::observe : nullptr,
                   all ? observer->state() : nullptr);
  index::QueryPlan answer = as_answer(outcome);
  if (all) answer.accesses = observer->costs(by_oid_, available);
  return answer;
}

std::vector<int> SearchSpace::available_today(int query) const {
  return available_after({}, query);
}

std::vector<int> SearchSpace::available_after(const index::Solution& solution, int query) const {
  auto const is_there = [&](int candidate) {
    bool there = existing(candidate) != nullptr;
    for (auto const& step : solution.steps) {
      auto const& gone = step.replaces;
      if (step.candidate == candidate) there = true;
      if (std::find(gone.begin(), gone.end(), candidate) != gone.end()) there = false;
    }
    return there;
  };
  std::vector<int> available;
  for (int const candidate : problem.relevant[static_cast<size_t>(query)])
    if (is_there(candidate)) available.push_back(candidate);
  std::sort(available.begin(), available.end());
  return available;
}

const IndexedTable& SearchSpace::table_of(int candidate) const {
  return registry_.tables()[static_cast<size_t>(problem.candidates[static_cast<size_t>(candidate)].table)];
}

index::TableNames SearchSpace::names_for(const index::CandidateIndex& candidate) const {
  IndexedTable const& table = registry_.tables()[static_cast<size_t>(candidate.table)];
  index::TableNames names{table.schema, table.name, table.columns};
  for (auto const& key : candidate.keys) {
    if (key.attno < 0) names.expressions.emplace(key.attno, text_of(words_, key.attno));
    if (key.opclass != 0) names.opclasses.emplace(key.opclass, opclass_text(key.opclass));
  }
  if (candidate.predicate != 0)
    names.predicates.emplace(candidate.predicate, text_of(words_, candidate.predicate));
  return names;
}

const Hypothetical* SearchSpace::hypothetical(int candidate) const {
  return hypothetical_[static_cast<size_t>(candidate)];
}

const ExistingIndex* SearchSpace::existing(int candidate) const {
  return existing_[static_cast<size_t>(candidate)];
}

}  // namespace deal::server
