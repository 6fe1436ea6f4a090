#include "core/index/candidates.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace deal::index {

namespace {

using Key = std::vector<KeyColumn>;

/// The columns of one use, grouped by what a B-tree can do with them.
struct Columns {
  std::vector<std::int32_t> equal;  ///< most selective first
  std::vector<std::int32_t> list;
  std::vector<std::int32_t> range;  ///< most selective first
  std::vector<std::int32_t> join;
};

bool holds(const std::vector<std::int32_t>& columns, std::int32_t attno) {
  return std::find(columns.begin(), columns.end(), attno) != columns.end();
}

bool holds(const Key& key, std::int32_t attno) {
  return std::any_of(key.begin(), key.end(),
                     [attno](const KeyColumn& column) { return column.attno == attno; });
}

std::vector<std::int32_t> columns_of(const TableUse& use, ClauseKind kind, std::int32_t arm) {
  std::vector<Clause> clauses;
  for (auto const& clause : use.clauses)
    if (clause.kind == kind && clause.arm == arm) clauses.push_back(clause);
  std::stable_sort(clauses.begin(), clauses.end(), [](const Clause& a, const Clause& b) {
    return std::tie(a.selectivity, a.attno) < std::tie(b.selectivity, b.attno);
  });
  std::vector<std::int32_t> columns;
  for (auto const& clause : clauses)
    if (!holds(columns, clause.attno)) columns.push_back(clause.attno);
  return columns;
}

Columns columns_of(const TableUse& use, std::int32_t arm) {
  return {columns_of(use, ClauseKind::equal, arm), columns_of(use, ClauseKind::list, arm),
          columns_of(use, ClauseKind::range, arm), columns_of(use, ClauseKind::join, arm)};
}

/// Collects the keys of one use: each once, best first, none longer than allowed.
class Proposer {
 public:
  Proposer(const TableUse& use, const CandidateLimits& limits) : use_(use), limits_(limits) {}

  std::vector<Key> keys() {
    Columns const columns = columns_of(use_, 0);
    propose_searches(columns);
    propose_orders(columns);
    propose_joins(columns);
    propose_arms(columns);
    propose_pairs(columns);
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

  static void append(Key& key, const std::vector<std::int32_t>& columns) {
    for (auto const attno : columns)
      if (!holds(key, attno)) key.push_back({attno, false, false});
  }

  static Key key_of(std::initializer_list<std::vector<std::int32_t>> parts) {
    Key key;
    for (auto const& part : parts)
      append(key, part);
    return key;
  }

  /// Columns after which one range may follow: IN lists are equalities too, but come last.
  static std::vector<std::int32_t> fixed(const Columns& columns) {
    Key const key = key_of({columns.equal, columns.list});
    std::vector<std::int32_t> attnos;
    for (auto const& column : key)
      attnos.push_back(column.attno);
    return attnos;
  }

  void propose_searches(const Columns& columns) {
    auto const first = fixed(columns);
    for (auto const range : columns.range)
      add(key_of({first, {range}}));
    add(key_of({first}));
    if (columns.range.size() > 1) add(key_of({first, columns.range}));
    for (auto const attno : first)
      add(key_of({{attno}}));
    for (auto const attno : columns.range)
      add(key_of({{attno}}));
  }

  void propose_orders(const Columns& columns) {
    for (auto const& order : use_.orders) {
      Key behind = key_of({columns.equal});
      for (auto const& column : order)
        if (!holds(behind, column.attno)) behind.push_back(column);
      Key then_ranges = behind;
      append(then_ranges, columns.range);
      add(behind);
      if (then_ranges.size() <= static_cast<size_t>(limits_.max_columns)) add(then_ranges);
      if (use_.limited || columns.equal.empty()) add(order);
    }
  }

  void propose_joins(const Columns& columns) {
    auto const first = fixed(columns);
    for (auto const join : columns.join) {
      add(key_of({{join}}));
      add(key_of({{join}, first}));
      add(key_of({first, {join}}));
      for (auto const range : columns.range)
        add(key_of({{join}, first, {range}}));
      for (auto const other : columns.join)
        if (other != join) add(key_of({{join}, {other}}));
    }
  }

  void propose_arms(const Columns& columns) {
    std::int32_t last = 0;
    for (auto const& clause : use_.clauses)
      last = std::max(last, clause.arm);
    for (std::int32_t arm = 1; arm <= last; ++arm) {
      Columns const inside = columns_of(use_, arm);
      auto const first = fixed(inside);
      add(key_of({first}));
      add(key_of({first, inside.range}));
      add(key_of({fixed(columns), first}));
      for (auto const join : inside.join)
        add(key_of({{join}, first}));
    }
  }

  void propose_pairs(const Columns& columns) {
    std::vector<std::int32_t> searchable = fixed(columns);
    searchable.insert(searchable.end(), columns.range.begin(), columns.range.end());
    for (auto const a : searchable)
      for (auto const b : searchable)
        if (a != b) add(key_of({{a}, {b}}));
    searchable.insert(searchable.end(), columns.join.begin(), columns.join.end());
    for (auto const a : searchable)
      for (auto const b : use_.needed)
        if (a != b) add(key_of({{a}, {b}}));
  }

  /// Every short key so far, widened to all the columns that the query reads.
  void propose_covering() {
    if (use_.needed.empty()) return;
    auto const most = static_cast<size_t>(limits_.max_columns);
    std::vector<Key> const narrow = keys_;
    for (auto const& key : narrow) {
      Key wide = key;
      append(wide, use_.needed);
      bool const few = wide.size() <= key.size() + static_cast<size_t>(limits_.covering_extra);
      if (few && wide.size() <= most) add(wide);
    }
  }

  const TableUse& use_;
  const CandidateLimits& limits_;
  std::vector<Key> keys_;
};

/// Order of keys that does not depend on who proposed them first.
using Identity = std::pair<std::int32_t, std::vector<std::tuple<std::int32_t, bool, bool>>>;

Identity identity_of(std::int32_t table, const Key& key) {
  Identity identity{table, {}};
  for (auto const& column : key)
    identity.second.emplace_back(column.attno, column.descending, column.nulls_first);
  return identity;
}

void add_once(std::vector<int>& list, int number) {
  if (std::find(list.begin(), list.end(), number) == list.end()) list.push_back(number);
}

/// True when the use could search or order by the candidate's first column.
bool could_use(const TableUse& use, const CandidateIndex& candidate) {
  if (use.table != candidate.table) return false;
  auto const first = candidate.keys.front();
  for (auto const& clause : use.clauses)
    if (clause.attno == first.attno) return true;
  for (auto const& order : use.orders)
    if (!order.empty() && order.front().attno == first.attno) return true;
  return false;
}

}  // namespace

Proposals propose(const std::vector<TableUse>& uses, int queries, const CandidateLimits& limits) {
  Proposals out;
  out.relevant.resize(static_cast<size_t>(queries));
  std::map<Identity, int> known;
  for (auto const& use : uses) {
    for (auto const& key : Proposer(use, limits).keys()) {
      auto const [place, fresh] =
          known.emplace(identity_of(use.table, key), static_cast<int>(out.candidates.size()));
      if (fresh) {
        CandidateIndex candidate;
        candidate.table = use.table;
        candidate.keys = key;
        out.candidates.push_back(std::move(candidate));
      }
      add_once(out.relevant[static_cast<size_t>(use.query)], place->second);
    }
  }
  for (auto const& use : uses)
    for (size_t i = 0; i < out.candidates.size(); ++i)
      if (could_use(use, out.candidates[i]))
        add_once(out.relevant[static_cast<size_t>(use.query)], static_cast<int>(i));
  return out;
}

}  // namespace deal::index
