#include "server/index/unused.hpp"

#include <algorithm>
#include <set>

extern "C" {
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr double kMostLoss = 0.001;  ///< of the workload's cost, for one index

class Trial {
 public:
  Trial(const AnalysedWorkload& workload, const SearchSpace& space, const index::Solution& solution,
        int& calls)
      : workload_(workload), space_(space), solution_(solution), calls_(calls) {
    for (auto const& step : solution.steps)
      for (int const old : step.replaces)
        gone_.insert(space.existing(old)->oid);
    most_loss_ = kMostLoss * solution.cost_before;
  }

  std::vector<UnusedDrop> run(const std::function<bool()>& out_of_time) {
    std::vector<const RedundantIndex*> candidates = unused();
    if (candidates.empty()) return {};
    std::vector<Oid> all;
    all.reserve(candidates.size());
    for (auto const* one : candidates)
      all.push_back(one->oid);
    std::vector<int> dearer;
    for (int const query : queries_on(candidates)) {
      if (out_of_time()) return {};  // what was not asked about is not known to be of no use
      if (cost_without(query, all) > solution_.query_after[static_cast<size_t>(query)])
        dearer.push_back(query);
    }
    std::vector<UnusedDrop> drops;
    std::vector<Oid> hidden;
    double before = 0;
    for (auto const* one : candidates) {
      if (out_of_time()) break;
      hidden.push_back(one->oid);
      double after = 0;
      for (int const query : dearer)
        after +=
            weight(query) * (cost_without(query, hidden) - solution_.query_after[static_cast<size_t>(query)]);
      if (after - before > most_loss_) {
        hidden.pop_back();
        continue;
      }
      drops.push_back({one, std::max(0.0, after - before)});
      before = after;
    }
    return drops;
  }

 private:
  double weight(int query) const { return space_.problem.weights[static_cast<size_t>(query)]; }

  std::vector<const RedundantIndex*> unused() const {
    std::vector<const RedundantIndex*> list;
    for (auto const& one : space_.unused())
      if (gone_.count(one.oid) == 0) list.push_back(&one);
    std::stable_sort(list.begin(), list.end(),
                     [](const RedundantIndex* a, const RedundantIndex* b) { return a->bytes > b->bytes; });
    return list;
  }

  /// The statements that read or write a table of these indexes. Of a partition's they name the parent.
  std::vector<int> queries_on(const std::vector<const RedundantIndex*>& indexes) const {
    std::set<Oid> tables;
    bool partitions = false;
    for (auto const* one : indexes) {
      tables.insert(one->table);
      partitions = partitions || pg::call([&] { return get_rel_relispartition(one->table); });
    }
    std::set<int> queries;
    for (auto const& use : workload_.uses)
      if (partitions || tables.count(use.relation) > 0) queries.insert(use.use.query);
    return {queries.begin(), queries.end()};
  }

  double cost_without(int query, const std::vector<Oid>& hidden) {
    auto const& one = workload_.plannable[static_cast<size_t>(query)];
    StatementScope const scope(one.statement);
    ++calls_;
    return space_.plan(query, one.prepared, space_.available_after(solution_, query), hidden).cost;
  }

  const AnalysedWorkload& workload_;
  const SearchSpace& space_;
  const index::Solution& solution_;
  int& calls_;
  double most_loss_ = 0;
  std::set<Oid> gone_;  ///< replaced by the advice
};

}  // namespace

std::vector<UnusedDrop> droppable_unused(const AnalysedWorkload& workload, const SearchSpace& space,
                                         const index::Solution& solution,
                                         const std::function<bool()>& out_of_time, int& calls) {
  return Trial(workload, space, solution, calls).run(out_of_time);
}

}  // namespace deal::server
