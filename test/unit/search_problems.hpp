#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/index/search.hpp"

// A toy planner with the traits of the real one that make index selection hard: the best access per table,
// joins that pay only with indexes on both sides, prefixes, and (on request) a little disorder.
namespace deal::test {

struct ToyQuery {
  struct Table {
    int table;
    double scan;
    std::map<int, double> access;  // candidate -> cost
  };
  struct Pair {
    int first;
    int second;
    double saves;
  };
  std::vector<Table> tables;
  std::vector<Pair> pairs;
};

class ToyPlanner {
 public:
  ToyPlanner(std::vector<ToyQuery> queries, double disorder)
      : queries_(std::move(queries)), disorder_(disorder) {}

  index::QueryPlan plan(int query, std::span<const int> available) const {
    const ToyQuery& q = queries_[static_cast<std::size_t>(query)];
    std::vector<int> choice(q.tables.size(), -1);
    Best best;
    enumerate(q, available, 0, 0.0, choice, best);
    index::QueryPlan plan;
    plan.cost = best.cost;
    for (const int used : best.choice) {
      if (used >= 0) plan.used.push_back(used);
    }
    std::sort(plan.used.begin(), plan.used.end());
    if (disorder_ > 0) plan.cost *= 1 + disorder_ * noise(query, available);
    return plan;
  }

  index::Planner counted(int& calls) const {
    return [this, &calls](int query, std::span<const int> available) {
      ++calls;
      return plan(query, available);
    };
  }

  // The same, and every plan tells where it reads what, a plan with everything what each access costs too.
  index::Planner telling_all(int& calls, const index::Problem& problem) const {
    return [this, &calls, &problem](int query, std::span<const int> available) {
      ++calls;
      index::QueryPlan answer = plan(query, available);
      answer.leaves = leaves(query, answer);
      if (available.size() != problem.relevant[static_cast<std::size_t>(query)].size()) return answer;
      answer.accesses = accesses(query, available);
      price(query, answer.accesses);
      return answer;
    };
  }

  // A plan with everything tells what each access costs, but no plan where it reads what.
  index::Planner telling(int& calls, const index::Problem& problem) const {
    return [this, &calls, &problem](int query, std::span<const int> available) {
      ++calls;
      index::QueryPlan answer = plan(query, available);
      if (available.size() == problem.relevant[static_cast<std::size_t>(query)].size())
        answer.accesses = accesses(query, available);
      return answer;
    };
  }

 private:
  struct Best {
    double cost = std::numeric_limits<double>::infinity();
    std::vector<int> choice;
  };

  void enumerate(const ToyQuery& q, std::span<const int> available, std::size_t at, double cost,
                 std::vector<int>& choice, Best& best) const {
    if (at == q.tables.size()) {
      for (const ToyQuery::Pair& pair : q.pairs) {
        if (std::count(choice.begin(), choice.end(), pair.first) > 0 &&
            std::count(choice.begin(), choice.end(), pair.second) > 0) {
          cost -= pair.saves;
        }
      }
      if (cost < best.cost) best = {cost, choice};
      return;
    }
    const ToyQuery::Table& table = q.tables[at];
    choice[at] = -1;
    enumerate(q, available, at + 1, cost + table.scan, choice, best);
    for (const int candidate : available) {
      const auto found = table.access.find(candidate);
      if (found == table.access.end()) continue;
      choice[at] = candidate;
      enumerate(q, available, at + 1, cost + found->second, choice, best);
    }
    choice[at] = -1;
  }

  // Those that save together with another compare with nothing.
  std::vector<index::AccessCost> accesses(int query, std::span<const int> available) const {
    const ToyQuery& q = queries_[static_cast<std::size_t>(query)];
    std::vector<index::AccessCost> costs;
    int place = static_cast<int>(q.tables.size());
    for (const int candidate : available) {
      for (std::size_t table = 0; table < q.tables.size(); ++table) {
        const auto found = q.tables[table].access.find(candidate);
        if (found == q.tables[table].access.end()) continue;
        costs.push_back({candidate, static_cast<int>(table), 0, 0, found->second, {}});
      }
      if (saves_in_pair(query, candidate)) costs.push_back({candidate, place++, 0, 0, 0, {}});
    }
    return costs;
  }

  bool saves_in_pair(int query, int candidate) const {
    const std::vector<ToyQuery::Pair>& pairs = queries_[static_cast<std::size_t>(query)].pairs;
    return std::any_of(pairs.begin(), pairs.end(), [&](const ToyQuery::Pair& pair) {
      return pair.first == candidate || pair.second == candidate;
    });
  }

  // Completes accesses() for telling_all: tables themselves, relations, and what has no price of its own.
  void price(int query, std::vector<index::AccessCost>& costs) const {
    const ToyQuery& q = queries_[static_cast<std::size_t>(query)];
    for (index::AccessCost& cost : costs) {
      const bool alone = cost.place >= static_cast<int>(q.tables.size());
      cost.relation = alone ? index::kNotPriced : cost.place;
    }
    for (std::size_t table = 0; table < q.tables.size(); ++table) {
      const int place = static_cast<int>(table);
      costs.push_back({index::kNoCandidate, place, 0, 0, q.tables[table].scan, {}, place});
    }
  }

  std::vector<index::PlanLeaf> leaves(int query, const index::QueryPlan& plan) const {
    const ToyQuery& q = queries_[static_cast<std::size_t>(query)];
    std::vector<index::PlanLeaf> leaves;
    for (std::size_t table = 0; table < q.tables.size(); ++table) {
      index::PlanLeaf leaf{index::kNoCandidate, static_cast<int>(table), 0, q.tables[table].scan};
      for (const int used : plan.used) {
        const auto found = q.tables[table].access.find(used);
        if (found == q.tables[table].access.end()) continue;
        leaf.candidate = used;
        leaf.total = found->second;
        if (saves_in_pair(query, used)) leaf.relation = -1;
      }
      leaves.push_back(leaf);
    }
    return leaves;
  }

  static double noise(int query, std::span<const int> available) {
    std::uint64_t hash = mix64(static_cast<std::uint64_t>(query) + 1);
    for (const int candidate : available)
      hash = mix64(hash * 31 + static_cast<std::uint64_t>(candidate) + 7);
    return static_cast<double>(hash >> 11) * 0x1.0p-53;
  }

  std::vector<ToyQuery> queries_;
  double disorder_;
};

struct ToyCase {
  index::Problem problem;
  std::vector<ToyQuery> queries;
};

// A random workload over `tables` tables; candidates are keys of one to three of four columns.
inline ToyCase random_case(std::uint64_t seed, int tables, int candidates, int queries, double budget_share) {
  Random random(seed);
  ToyCase made;
  index::Problem& problem = made.problem;
  std::vector<double> rows;
  for (int t = 0; t < tables; ++t)
    rows.push_back(std::pow(10.0, 4 + 3 * random.uniform()));
  std::set<std::pair<int, std::vector<int>>> seen;
  std::int64_t all_bytes = 0;
  for (int tries = 0; static_cast<int>(problem.candidates.size()) < candidates && tries < candidates * 20;
       ++tries) {
    const int table = static_cast<int>(random.below(static_cast<std::uint64_t>(tables)));
    std::vector<int> columns;
    const std::size_t width = 1 + random.below(3);
    while (columns.size() < width) {
      const int column = 1 + static_cast<int>(random.below(4));
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
    if (!seen.insert({table, columns}).second) continue;
    index::CandidateIndex candidate;
    candidate.table = table;
    for (const int column : columns)
      candidate.keys.push_back({column, false, false});
    candidate.bytes =
        static_cast<std::int64_t>(rows[static_cast<std::size_t>(table)] *
                                  (8 + 6 * static_cast<double>(width)) * (0.5 + random.uniform()));
    candidate.write_cost = random.uniform() < 0.3 ? rows[static_cast<std::size_t>(table)] * 0.02 : 0;
    all_bytes += candidate.bytes;
    problem.candidates.push_back(candidate);
  }
  for (int q = 0; q < queries; ++q) {
    ToyQuery query;
    std::vector<int> relevant;
    const int joined = 1 + static_cast<int>(random.below(3));
    std::set<int> used;
    for (int j = 0; j < joined; ++j)
      used.insert(static_cast<int>(random.below(static_cast<std::uint64_t>(tables))));
    for (const int table : used) {
      const double n = rows[static_cast<std::size_t>(table)];
      ToyQuery::Table access{table, n * 0.01, {}};
      double selectivity[5];
      for (double& s : selectivity)
        s = random.uniform() < 0.5 ? std::pow(10.0, -4 * random.uniform()) : 1.0;
      for (std::size_t c = 0; c < problem.candidates.size(); ++c) {
        if (problem.candidates[c].table != table) continue;
        double fraction = 1;
        for (const index::KeyColumn& key : problem.candidates[c].keys) {
          if (selectivity[key.attno] >= 1) break;
          fraction *= selectivity[key.attno];
        }
        const double cost = 5 + n * fraction * 0.02 + 1e-9 * static_cast<double>(problem.candidates[c].bytes);
        if (cost < 1.2 * access.scan) {
          access.access[static_cast<int>(c)] = cost;
          relevant.push_back(static_cast<int>(c));
        }
      }
      query.tables.push_back(access);
    }
    if (query.tables.size() > 1) {
      for (const auto& [first, a] : query.tables[0].access) {
        for (const auto& [second, b] : query.tables[1].access) {
          if (random.uniform() < 0.2) {
            query.pairs.push_back({first, second, random.uniform() * 0.6 * (std::min(a, b))});
          }
        }
      }
    }
    std::sort(relevant.begin(), relevant.end());
    problem.relevant.push_back(relevant);
    problem.weights.push_back(std::pow(10.0, 2 * random.uniform()));
    made.queries.push_back(query);
  }
  if (budget_share < 1)
    problem.budget_bytes = static_cast<std::int64_t>(budget_share * static_cast<double>(all_bytes));
  return made;
}

// What a selection costs the workload by the planner itself, write cost included.
inline double true_cost(const ToyCase& made, const ToyPlanner& planner, std::vector<int> chosen) {
  std::sort(chosen.begin(), chosen.end());
  double cost = 0;
  for (std::size_t q = 0; q < made.problem.relevant.size(); ++q) {
    std::vector<int> available;
    for (const int c : made.problem.relevant[q]) {
      if (std::binary_search(chosen.begin(), chosen.end(), c)) available.push_back(c);
    }
    cost += made.problem.weights[q] * planner.plan(static_cast<int>(q), available).cost;
  }
  for (const int c : chosen)
    cost += made.problem.candidates[static_cast<std::size_t>(c)].write_cost;
  return cost;
}

inline std::int64_t bytes_of(const ToyCase& made, const std::vector<int>& chosen) {
  std::int64_t bytes = 0;
  for (const int c : chosen)
    bytes += made.problem.candidates[static_cast<std::size_t>(c)].bytes;
  return bytes;
}

// The textbook: add what saves most per byte (without a budget: most) while it saves enough.
inline std::vector<int> plain_greedy(const ToyCase& made, const ToyPlanner& planner) {
  std::vector<int> chosen;
  const bool budgeted = made.problem.budget_bytes != std::numeric_limits<std::int64_t>::max();
  double cost = true_cost(made, planner, chosen);
  for (;;) {
    int best = -1;
    double best_score = 0;
    double best_cost = 0;
    for (int c = 0; c < static_cast<int>(made.problem.candidates.size()); ++c) {
      if (std::find(chosen.begin(), chosen.end(), c) != chosen.end()) continue;
      std::vector<int> more = chosen;
      more.push_back(c);
      if (bytes_of(made, more) > made.problem.budget_bytes) continue;
      const double with = true_cost(made, planner, more);
      if (cost - with <= made.problem.min_gain * cost) continue;
      const double score =
          budgeted ? (cost - with) /
                         static_cast<double>(made.problem.candidates[static_cast<std::size_t>(c)].bytes)
                   : cost - with;
      if (score > best_score) {
        best = c;
        best_score = score;
        best_cost = with;
      }
    }
    if (best < 0) return chosen;
    chosen.push_back(best);
    cost = best_cost;
  }
}

// The best of all selections that fit.
inline double exhaustive_cost(const ToyCase& made, const ToyPlanner& planner) {
  const int n = static_cast<int>(made.problem.candidates.size());
  double best = std::numeric_limits<double>::infinity();
  for (unsigned set = 0; set < 1u << n; ++set) {
    std::vector<int> chosen;
    for (int c = 0; c < n; ++c) {
      if ((set >> c & 1u) != 0) chosen.push_back(c);
    }
    if (bytes_of(made, chosen) <= made.problem.budget_bytes)
      best = std::min(best, true_cost(made, planner, chosen));
  }
  return best;
}

inline std::vector<int> chosen_of(const index::Solution& solution) {
  std::vector<int> chosen;
  for (const index::Step& step : solution.steps)
    chosen.push_back(step.candidate);
  return chosen;
}

}  // namespace deal::test
