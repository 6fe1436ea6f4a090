#include "core/index/proposer.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace deal::index {

namespace {

using Key = std::vector<KeyColumn>;

constexpr std::int32_t kDefaultRange = 128;  ///< pages, the server's
constexpr std::int32_t kShortestRange = 4;
constexpr double kTuplesPerPage = 100;  ///< of BRIN: as dear to look through as one page of the table to read
/// Share of the rows above which an equality isn't worth a place in the key (`deleted_at is null`; a
/// condition of a partial index says the same for nothing), nor a search an index (`id <> 7`, which GiST may
/// know).
constexpr double kHardlySelective = 0.5;

/// The columns of one use that a B-tree can search, grouped by how.
struct Columns {
  Key equal;  ///< most selective first
  Key list;
  Key range;  ///< most selective first
  Key join;
};

bool holds(const Key& key, std::int32_t attno) {
  return std::any_of(key.begin(), key.end(),
                     [attno](const KeyColumn& column) { return column.attno == attno; });
}

void append(Key& key, const Key& columns) {
  for (auto const& column : columns)
    if (!holds(key, column.attno)) key.push_back(column);
}

Key key_of(std::initializer_list<Key> parts) {
  Key key;
  for (auto const& part : parts)
    append(key, part);
  return key;
}

Key columns_of(const TableUse& use, ClauseKind kind, std::int32_t arm) {
  std::vector<Clause> clauses;
  for (auto const& clause : use.clauses)
    if (clause.kind == kind && clause.arm == arm) clauses.push_back(clause);
  std::stable_sort(clauses.begin(), clauses.end(), [](const Clause& a, const Clause& b) {
    return std::tie(a.selectivity, a.attno) < std::tie(b.selectivity, b.attno);
  });
  Key columns;
  for (auto const& clause : clauses)
    append(columns, {{clause.attno, false, false, clause.opclass}});
  return columns;
}

Columns columns_of(const TableUse& use, std::int32_t arm) {
  return {columns_of(use, ClauseKind::equal, arm), columns_of(use, ClauseKind::list, arm),
          columns_of(use, ClauseKind::range, arm), columns_of(use, ClauseKind::join, arm)};
}

/// The use without equalities and searches that hardly restrict it, as long as something else is left to
/// search or sort by.
TableUse selective(const TableUse& use) {
  auto const is_weak = [](const Clause& clause) {
    // A range of BRIN may have another end, which is another clause.
    bool const finds = clause.kind == ClauseKind::equal ||
                       (clause.kind == ClauseKind::search && clause.method != AccessMethod::brin);
    return clause.arm == 0 && finds && clause.selectivity > kHardlySelective;
  };
  TableUse rest = use;
  std::erase_if(rest.clauses, is_weak);
  return rest.clauses.empty() && rest.orders.empty() ? use : rest;
}

/// Columns after which one range may follow: IN lists are equalities too, but come last.
Key fixed(const Columns& columns) {
  return key_of({columns.equal, columns.list});
}

/// Collects the B-tree keys of one use: each once, best first, none longer than allowed.
class KeyProposer {
 public:
  KeyProposer(const TableUse& use, const CandidateLimits& limits)
      : use_(use), limits_(limits), columns_(columns_of(use, 0)) {}

  /// Keys that search, sort or join.
  std::vector<Key> searching() {
    propose_searches();
    propose_orders();
    propose_joins();
    propose_arms();
    return keys_;
  }

  std::vector<Key> all() {
    searching();
    propose_pairs();
    propose_covering();
    return std::move(keys_);
  }

 private:
  void add(Key key) {
    if (key.empty()) return;
    if (key.size() > static_cast<size_t>(limits_.max_columns))
      key.resize(static_cast<size_t>(limits_.max_columns));
    if (static_cast<int>(keys_.size()) < limits_.per_use &&
        std::find(keys_.begin(), keys_.end(), key) == keys_.end())
      keys_.push_back(std::move(key));
  }

  void propose_searches() {
    Key const first = fixed(columns_);
    for (auto const& range : columns_.range)
      add(key_of({first, {range}}));
    add(first);
    if (columns_.range.size() > 1) add(key_of({first, columns_.range}));
    for (auto const& column : first)
      add({column});
    for (auto const& column : columns_.range)
      add({column});
  }

  void propose_orders() {
    for (auto const& order : use_.orders) {
      Key const behind = key_of({columns_.equal, order});
      Key const then_ranges = key_of({behind, columns_.range});
      add(behind);
      if (then_ranges.size() <= static_cast<size_t>(limits_.max_columns)) add(then_ranges);
      if (use_.limited || columns_.equal.empty()) add(order);
    }
  }

  void propose_joins() {
    Key const first = fixed(columns_);
    for (auto const& join : columns_.join) {
      add({join});
      add(key_of({{join}, first}));
      add(key_of({first, {join}}));
      for (auto const& range : columns_.range)
        add(key_of({{join}, first, {range}}));
      for (auto const& other : columns_.join)
        if (other.attno != join.attno) add({join, other});
    }
  }

  void propose_arms() {
    std::int32_t last = 0;
    for (auto const& clause : use_.clauses)
      last = std::max(last, clause.arm);
    for (std::int32_t arm = 1; arm <= last; ++arm) {
      Columns const inside = columns_of(use_, arm);
      Key const first = fixed(inside);
      add(first);
      add(key_of({first, inside.range}));
      add(key_of({fixed(columns_), first}));
      for (auto const& join : inside.join)
        add(key_of({{join}, first}));
    }
  }

  void propose_pairs() {
    Key searchable = fixed(columns_);
    searchable.insert(searchable.end(), columns_.range.begin(), columns_.range.end());
    for (auto const& a : searchable)
      for (auto const& b : searchable)
        if (a.attno != b.attno) add({a, b});
    searchable.insert(searchable.end(), columns_.join.begin(), columns_.join.end());
    for (auto const& a : searchable)
      for (auto const b : use_.needed)
        if (a.attno != b) add({a, {b, false, false}});
  }

  /// Every short key so far, widened to all the columns that the query reads.
  void propose_covering() {
    if (use_.needed.empty()) return;
    auto const most = static_cast<size_t>(limits_.max_columns);
    std::vector<Key> const narrow = keys_;
    for (auto const& key : narrow) {
      Key wide = key;
      for (auto const attno : use_.needed)
        append(wide, {{attno, false, false}});
      bool const few = wide.size() <= key.size() + static_cast<size_t>(limits_.covering_extra);
      if (few && wide.size() <= most) add(wide);
    }
  }

  const TableUse& use_;
  const CandidateLimits& limits_;
  Columns columns_;
  std::vector<Key> keys_;
};

CandidateIndex candidate_of(const TableUse& use, AccessMethod method, Key keys, std::int32_t predicate = 0) {
  CandidateIndex candidate;
  candidate.table = use.table;
  candidate.method = method;
  candidate.predicate = predicate;
  candidate.keys = std::move(keys);
  return candidate;
}

/// Ranges of r pages cost a look at P/r tuples and about r pages read in vain: the sum is least where r is
/// sqrt(P / kTuplesPerPage); the power of two below. 0 for the server's default.
std::int32_t range_for(double table_pages) {
  double const best = std::sqrt(table_pages / kTuplesPerPage);
  std::int32_t range = kShortestRange;
  while (range < kDefaultRange && 2 * range <= best)
    range *= 2;
  return range == kDefaultRange ? 0 : range;
}

/// The keys of the clauses that a search by this method can take along.
Key companions_of(const TableUse& use, AccessMethod method) {
  Key keys;
  for (auto const& clause : use.clauses)
    if (clause.method == method && clause.companion && clause.arm == 0)
      append(keys, {{clause.attno, false, false, clause.opclass}});
  return keys;
}

/// The indexes of other methods than B-tree that the clauses ask for, alone and with what they can take
/// along; and a GIN on all that it could serve.
std::vector<CandidateIndex> by_other_methods(const TableUse& use) {
  std::vector<CandidateIndex> found;
  Key together;
  for (auto const& clause : use.clauses) {
    if (clause.method == AccessMethod::btree || clause.companion) continue;
    Key const own = {{clause.attno, false, false, clause.opclass}};
    found.push_back(candidate_of(use, clause.method, own));
    if (clause.method == AccessMethod::brin) found.back().pages_per_range = range_for(use.table_pages);
    if (clause.arm != 0) continue;
    Key const wide = key_of({own, companions_of(use, clause.method)});
    if (wide.size() > own.size()) found.push_back(candidate_of(use, clause.method, wide));
    if (clause.method == AccessMethod::gin) append(together, own);
  }
  if (together.size() > 1) found.push_back(candidate_of(use, AccessMethod::gin, together));
  return found;
}

bool among(const std::vector<std::int32_t>& columns, std::int32_t attno) {
  return std::find(columns.begin(), columns.end(), attno) != columns.end();
}

/// What the condition asks need not be searched for in an index that holds nothing else.
TableUse without(const TableUse& use, const std::vector<std::int32_t>& columns) {
  TableUse rest = use;
  std::erase_if(rest.clauses,
                [&](const Clause& clause) { return clause.arm == 0 && among(columns, clause.attno); });
  std::erase_if(rest.needed, [&](std::int32_t attno) { return among(columns, attno); });
  return rest;
}

/// The same index with the rest of what the query reads beside the key, where the key has no place for it.
void include_rest(std::vector<CandidateIndex>& found, const TableUse& use, const CandidateLimits& limits) {
  // Keys of whole tables are widened before, where they stay deduplicated.
  size_t const narrow = std::min<size_t>(found.size(), static_cast<size_t>(limits.per_condition));
  for (size_t i = 0; i < narrow; ++i) {
    if (found[i].method != AccessMethod::btree) continue;
    CandidateIndex wide = found[i];
    for (auto const attno : use.needed)
      if (!holds(wide.keys, attno)) wide.include.push_back(attno);
    size_t const extra = wide.include.size();
    bool const fits_the_key = wide.predicate == 0 && extra <= static_cast<size_t>(limits.covering_extra) &&
                              wide.keys.size() + extra <= static_cast<size_t>(limits.max_columns);
    if (extra > 0 && extra <= static_cast<size_t>(limits.include_extra) && !fits_the_key)
      found.push_back(std::move(wide));
  }
}

/// Partial indexes restricted to one condition: the best for the rest of the use, or a list of the rows.
std::vector<CandidateIndex> restricted_to(const Condition& condition, const TableUse& use,
                                          const CandidateLimits& limits) {
  TableUse const rest = without(use, condition.columns);
  std::vector<CandidateIndex> found;
  auto const room = [&] { return static_cast<int>(found.size()) < limits.per_condition; };
  for (auto& candidate : by_other_methods(rest)) {
    candidate.predicate = condition.predicate;
    if (room()) found.push_back(std::move(candidate));
  }
  for (auto& key : KeyProposer(rest, limits).searching())
    if (room()) found.push_back(candidate_of(use, AccessMethod::btree, std::move(key), condition.predicate));
  if (found.empty() && !condition.columns.empty())
    found.push_back(candidate_of(use, AccessMethod::btree, {{condition.columns.front(), false, false}},
                                 condition.predicate));
  include_rest(found, rest, limits);
  return found;
}

}  // namespace

std::vector<CandidateIndex> proposals_for(const TableUse& whole, const CandidateLimits& limits) {
  TableUse const use = selective(whole);
  std::vector<CandidateIndex> found = by_other_methods(use);
  for (auto const& condition : use.conditions) {
    auto const partial = restricted_to(condition, use, limits);
    found.insert(found.end(), partial.begin(), partial.end());
  }
  for (auto& key : KeyProposer(use, limits).all())
    found.push_back(candidate_of(use, AccessMethod::btree, std::move(key)));
  std::vector<CandidateIndex> searching;
  for (auto& key : KeyProposer(use, limits).searching())
    searching.push_back(candidate_of(use, AccessMethod::btree, std::move(key)));
  auto const first_wide = static_cast<ptrdiff_t>(searching.size());
  include_rest(searching, use, limits);
  found.insert(found.end(), searching.begin() + first_wide, searching.end());
  return found;
}

}  // namespace deal::index
