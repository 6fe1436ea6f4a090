#include "server/partition/advice.hpp"

#include <set>

#include "server/bridge/settings.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/bridge/time_limit.hpp"
#include "server/index/statements.hpp"
#include "server/partition/advice_tables.hpp"
#include "server/workload/read.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace deal::server {

namespace {

/// Adds up what the statements do with the columns of large tables.
class Uses {
 public:
  Uses(const AnalysedWorkload& workload, LargeTables& large) : workload_(workload), large_(large) {
    for (auto const& one : workload.plannable)
      by_time_ = by_time_ || one.statement.mean_ms > 0;
  }

  void add() {
    std::set<std::pair<int, std::size_t>>
        counted;  // a table that a statement names twice costs its time once
    for (auto const& use : workload_.uses) {
      auto const place = large_.places.find(use.relation);
      if (place == large_.places.end()) continue;
      if (counted.emplace(use.use.query, place->second).second)
        large_.tables[place->second].workload_time += weight(use.use.query);
      add_clauses(use, place->second);
    }
    for (auto const& one : workload_.plannable)
      add_updates(one);
  }

 private:
  double weight(int query) const {
    Statement const& statement = workload_.plannable[static_cast<size_t>(query)].statement;
    return by_time_ ? statement.calls * statement.mean_ms : statement.calls;
  }

  partition::AdviceColumn* column(std::size_t place, int attribute) {
    auto const found = large_.columns[place].find(attribute);
    return found != large_.columns[place].end() ? &large_.tables[place].columns[found->second] : nullptr;
  }

  bool deletes_from(int query, Oid relation) const {
    auto const& one = workload_.plannable[static_cast<size_t>(query)];
    if (one.prepared.query->commandType != CMD_DELETE) return false;
    for (auto const& write : one.writes)
      if (write.target == relation) return true;
    return false;
  }

  /// Only what is ANDed leaves partitions out. Two bounds on one column are one clause here.
  void add_clauses(const ObservedUse& use, std::size_t place) {
    for (auto const& clause : use.use.clauses) {
      partition::AdviceColumn* const found = clause.arm == 0 ? column(place, clause.attno) : nullptr;
      if (found == nullptr) continue;
      double const time = weight(use.use.query);
      if (clause.kind == index::ClauseKind::equal || clause.kind == index::ClauseKind::list)
        found->use.equal_time += time;
      if (clause.kind != index::ClauseKind::range) continue;
      found->use.range_time += time;
      found->use.range_kept += time * clause.selectivity;
      if (!deletes_from(use.use.query, use.relation)) continue;
      found->use.delete_time += time;
      found->use.delete_calls += workload_.plannable[static_cast<size_t>(use.use.query)].statement.calls;
    }
  }

  void add_updates(const PlannableStatement& one) {
    for (auto const& write : one.writes) {
      auto const place = large_.places.find(write.target);
      if (place == large_.places.end()) continue;
      for (int32_t const attribute : write.updated)
        if (auto* const found = column(place->second, attribute); found != nullptr)
          found->use.update_calls += one.statement.calls * write.rows;
    }
  }

  const AnalysedWorkload& workload_;
  LargeTables& large_;
  bool by_time_ = false;
};

void add_workload(const PartitionAdviceRequest& request, LargeTables& large, PartitionAdvice& advice) {
  double const start = pg::elapsed_clock_ms();
  auto const out_of_time = [&] {
    return request.time_limit_ms > 0 &&
           pg::elapsed_clock_ms() - start > static_cast<double>(request.time_limit_ms);
  };
  auto const failure = pg::attempt(pg::OnSuccess::roll_back, [&] {
    AnalysedWorkload const workload = analyse(read_workload(), out_of_time);
    Uses(workload, large).add();
    advice.statements = workload.planned;
    advice.skipped_time_pct = workload.skipped_time_pct();
  });
  if (failure) advice.workload_unknown = failure->message;
}

}  // namespace

PartitionAdvice partition_advice(const PartitionAdviceRequest& request) {
  pg::Memory const memory("deal_advisor partition_advice");
  return pg::rolled_back([&] {
    pg::InContext const in_memory(memory.context());
    PartitionAdvice advice;
    LargeTables large;
    {
      pg::LocalSettings const settings;  // histograms are read as text
      settings.set("datestyle", "ISO, YMD");
      pg::Spi spi;
      large = read_large_tables(spi, request.schemas, request.options.min_bytes);
    }
    if (!request.use_workload)
      advice.workload_unknown = "it was not asked for";
    else if (!large.tables.empty())
      add_workload(request, large, advice);
    advice.tables = std::move(large.tables);
    advice.rows = partition::advise(advice.tables, request.options);
    return advice;
  });
}

}  // namespace deal::server
