/// Work that never ends by itself, of every kind that the advisor does: what a cancel must be able to stop.

#include <ctime>

#include "core/base/interrupt.hpp"
#include "module/live.hpp"
#include "server/bridge/bridge.hpp"

using deal_test::Live;

namespace {

/// A small generator of our own, so that a seed gives the same work on every server.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed * 2654435761u + 1) {}
  uint64_t below(uint64_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % limit;
  }

 private:
  uint64_t state_;
};

void loop_in_core(uint64_t steps) {
  std::vector<Live> objects(3);
  deal::InterruptPoll poll;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < steps; ++i) {
    poll.step();
    sum += std::to_string(i).size();
  }
  if (sum == 0) Live const never;
}

void one_piece(Dice& dice, int depth) {
  Live const here;
  switch (dice.below(6)) {
    case 0:
      loop_in_core(dice.below(1'000'000));
      break;
    case 1: {
      pg::Spi spi;
      spi.query("select sum(g) from generate_series(1, 300000) g");
      break;
    }
    case 2:
      pg::attempt(pg::OnSuccess::commit, [&] {
        pg::Spi spi;
        spi.execute("create temp table deal_test_piece(a int) on commit drop");
        spi.execute("insert into pg_temp.deal_test_piece select generate_series(1, 20000)");
        spi.execute("drop table pg_temp.deal_test_piece");
      });
      break;
    case 3:
      if (depth < 5) pg::rolled_back([&] { one_piece(dice, depth + 1); });
      break;
    case 4: {
      pg::Spi spi;
      spi.query("select pg_sleep(0.03)");
      break;
    }
    default: {
      pg::Spi spi;  // a nested entry point, and many rows into C++
      auto const rows = spi.query("select r.a from generate_series(1, 3) g, deal_test.rows(g * 10000, 5) r");
      std::vector<Live> objects(rows.size() % 7);
      break;
    }
  }
}

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

/// (seed): random pieces of work without end
DEAL_FUNCTION(deal_advisor_test_work) {
  Live const here;
  Dice dice(static_cast<uint64_t>(args.int4(0)));
  for (;;) {
    pg::check_for_interrupts();
    one_piece(dice, 0);
  }
}

/// (function of one int4, calls): CPU nanoseconds a call through the server's function manager.
DEAL_FUNCTION(deal_advisor_test_time_calls) {
  Oid const function = args.oid(0);
  int64_t const calls = args.int8(1);
  double const started = cpu_ns();
  pg::call([&] {
    FmgrInfo target;
    fmgr_info(function, &target);
    for (int64_t i = 0; i < calls; ++i)
      (void)FunctionCall1(&target, Int32GetDatum(static_cast<int32_t>(i)));
  });
  return Float8GetDatum((cpu_ns() - started) / static_cast<double>(calls));
}

/// The yardstick: the same function without a guard.
extern "C" {
extern DEAL_EXPORT Datum deal_advisor_test_pass_bare(FunctionCallInfo fcinfo);
extern DEAL_EXPORT const Pg_finfo_record* pg_finfo_deal_advisor_test_pass_bare();
Datum deal_advisor_test_pass_bare(FunctionCallInfo fcinfo) {
  return fcinfo->args[0].value;
}
const Pg_finfo_record* pg_finfo_deal_advisor_test_pass_bare() {
  static const Pg_finfo_record record = {1};
  return &record;
}
}
