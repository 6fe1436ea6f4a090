#include "server/index/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "core/index/ddl.hpp"
#include "core/index/write_cost.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/bridge/time_limit.hpp"
#include "server/index/advice_rows.hpp"
#include "server/index/imported.hpp"
#include "server/index/problem.hpp"

namespace deal::server {

namespace {

constexpr int kMostRejected = 10;  ///< rows about what was left out

/// Watches the clock: ends the work when the request's time is up, and says now and then how far it is.
class Watch {
 public:
  explicit Watch(const AdviceRequest& request)
      : start_(pg::elapsed_clock_ms()),
        limit_(static_cast<double>(request.time_limit_ms)),
        interval_(1000 * request.progress_seconds),
        next_(interval_) {}

  double elapsed_ms() const { return pg::elapsed_clock_ms() - start_; }
  bool passed() const { return limit_ > 0 && elapsed_ms() > limit_; }

  /// What the steps from now on are.
  void begin(const char* steps) {
    steps_ = steps;
    done_ = 0;
  }

  /// Before each step: whether to stop.
  bool step() {
    double const now = elapsed_ms();
    if (interval_ > 0 && now >= next_) {
      pg::notice(fmt::format("index_advice: {} {} after {:.0f} s", done_, steps_, now / 1000));
      next_ = now + interval_;
    }
    ++done_;
    return passed();
  }

 private:
  double start_;
  double limit_;
  double interval_;
  double next_;  ///< when to speak again
  const char* steps_ = "";
  int done_ = 0;
};

index::Solution solve(const SearchSpace& space, const AnalysedWorkload& workload) {
  return index::search(space.problem, [&](int query, std::span<const int> available) {
    auto const& one = workload.plannable[static_cast<size_t>(query)];
    StatementScope const scope(one.statement);
    return space.plan(query, one.prepared, available);
  });
}

Advice advise(const AdviceRequest& request) {
  Watch watch(request);
  double const cpu_start = pg::cpu_seconds();
  auto const out_of_time = [&] { return watch.step(); };
  watch.begin("statements planned");
  AnalysedWorkload workload = analyse(request.workload, out_of_time);
  watch.begin("candidates sized");
  SearchSpace space(request, workload, out_of_time);
  pg::return_freed_memory();  // samples are large, and gone
  watch.begin("sets of indexes tried");
  if (request.details) space.problem.most_rejected = kMostRejected;
  index::Solution const solution = solve(space, workload);
  int more_calls = 0;
  // The limit is one for all that is asked after the statements' analysis.
  auto const spent = [&] {
    return watch.step() || solution.planner_calls + more_calls >= request.max_planner_calls;
  };
  Afterthoughts const more{droppable_unused(workload, space, solution, spent, more_calls),
                           trigram_chances(request, workload, space, solution),
                           outlooks(workload, space, solution, spent, more_calls)};
  Advice advice;
  AdviceStats& stats = advice.stats;
  stats.statements = workload.statements;
  stats.templates = workload.planned + static_cast<int>(workload.skipped.size());
  stats.skipped = static_cast<int>(workload.skipped.size());
  stats.skipped_time_pct = workload.skipped_time_pct();
  stats.with_variables = workload.with_variables;
  stats.candidates = static_cast<int>(space.proposed());
  stats.planner_calls = solution.planner_calls + more_calls + static_cast<int>(workload.plannable.size());
  stats.hit_time_limit = workload.out_of_time || watch.passed();
  advice.rows = make_rows(request, workload, space, solution, more);
  stats.sampling_cpu_seconds = space.sampling_cpu_seconds();
  stats.cpu_seconds = pg::cpu_seconds() - cpu_start - stats.sampling_cpu_seconds;
  stats.elapsed_ms = watch.elapsed_ms();
  return advice;
}

}  // namespace

Advice index_advice(const AdviceRequest& request) {
  pg::Memory const memory("deal_advisor index_advice");
  return pg::rolled_back([&] {
    pg::InContext const in_memory(memory.context());
    ImportScope const figures;
    return advise(request);
  });
}

}  // namespace deal::server
