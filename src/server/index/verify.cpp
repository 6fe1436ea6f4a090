#include "server/index/verify.hpp"

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "core/base/text.hpp"
#include "server/bridge/settings.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/spi.hpp"
#include "server/bridge/subtransaction.hpp"
#include "server/bridge/time_limit.hpp"
#include "server/index/build_time.hpp"
#include "server/index/evaluate.hpp"
#include "server/index/statements.hpp"
#include "server/index/statistics.hpp"
#include "server/index/verify_build.hpp"
#include "server/index/verify_run.hpp"
#include "server/index/verify_sample.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr size_t kItemBytes = 40;  ///< of a statement, in its row

/// One index to be built: as foreseen, and then as built.
struct Candidate {
  VerifiedCommand command;
  Oid table = InvalidOid;            ///< that it is built on: the table or its copy
  const TableCopy* copy = nullptr;   ///< if it is a copy
  Hypothetical* foreseen = nullptr;  ///< null for the parent's part of a partitioned index
  double estimated_bytes = 0;
  double estimated_seconds = 0;
  double seconds = 0;
  BuiltIndex built{};
};

/// One statement's costs.
struct Costs {
  std::optional<double> before{}, estimated{}, actual{};
  std::vector<std::string> used{};
  std::string problem{};
};

/// A copy's index, whose schema is a temporary one, without it.
std::string name_of_relation(Oid oid) {
  const char* const name = pg::call([&]() -> const char* { return get_rel_name(oid); });
  return quote_identifier(name != nullptr ? name : "");
}

void append_note(std::string& note, const std::string& text) {
  if (text.empty()) return;
  note += (note.empty() ? "" : "; ") + text;
}

class Verification {
 public:
  explicit Verification(const VerifyRequest& request) : request_(request) {}

  std::vector<VerifyRow> run() {
    settings_.set("lock_timeout", request_.lock_timeout);
    for (auto const& sql : request_.ddl)
      for (auto& command : read_index_command(sql))
        commands_.push_back(std::move(command));
    choose_ways();
    // Before there are temporary tables: a statement's names must not find them.
    workload_ = analyse(request_.workload, [] { return false; });
    make_copies();
    pg::FreshSnapshot const snapshot;
    foresee();
    plan_as_foreseen();
    build();
    plan_as_built();
    std::vector<VerifyRow> rows = index_rows();
    statement_rows(rows);
    return rows;
  }

 private:
  /// Which tables are built on and which are copied; refuses what was not allowed.
  void choose_ways() {
    for (auto const& command : commands_) {
      if (command.kind == IndexCommand::drop || !OidIsValid(command.table) || ways_.count(command.table) > 0)
        continue;
      bool const fits = table_bytes(command.table) <= request_.max_table_bytes;
      bool const sampled = request_.sample_percent > 0 && (!request_.build || !fits);
      if (!sampled && !request_.build)
        throw Error("55000", "index_verify may neither build indexes nor copy a sample")
            .hint(
                "options => '{\"build\": true}' builds them and rolls back: writers wait meanwhile. "
                "'{\"sample_percent\": 5}' builds on a copy of that part of each table.");
      if (!sampled) require_buildable(command.table, request_.max_table_bytes);
      if (sampled) require_small_sample(command.table);
      ways_[command.table] = sampled;
    }
  }

  void require_small_sample(Oid table) const {
    double const bytes = static_cast<double>(table_bytes(table)) * request_.sample_percent / 100;
    if (bytes <= static_cast<double>(request_.max_table_bytes)) return;
    throw Error("54000", "the sample of table " + relation_name(table) + " would have " +
                             format_bytes(static_cast<int64_t>(bytes)) + ", more than max_table_bytes allows")
        .hint("Lower sample_percent or raise max_table_bytes.");
  }

  void make_copies() {
    for (auto const& [table, sampled] : ways_)
      if (sampled) copies_.push_back(copy_sample(table, request_.sample_percent));
  }

  const TableCopy* copy_of(Oid table) const {
    auto const found = std::find_if(copies_.begin(), copies_.end(),
                                    [&](const TableCopy& copy) { return copy.original == table; });
    return found == copies_.end() ? nullptr : &*found;
  }

  /// Sizes and statistics of what is not there yet; and what goes.
  void foresee() {
    ExtentEstimator sizes;
    ExpressionStatistics statistics;
    for (auto const& command : commands_) {
      if (command.kind == IndexCommand::drop) hide(command);
      if (command.kind != IndexCommand::create) continue;
      Candidate candidate{command};
      candidate.table = command.table;
      candidate.copy = copy_of(command.table);
      if (candidate.copy != nullptr) {
        candidate.table = candidate.copy->copy;
        candidate.command.definition = definition_on(command, candidate.copy->name);
      }
      bool const parent_only = command.only && candidate.copy == nullptr;
      if (!parent_only) {
        auto const& text = candidate.command.definition;
        candidate.foreseen = pg::reading(text, [&] { return hypothetical_from_definition(text); });
        candidate.estimated_bytes = static_cast<double>(sizes.estimate(*candidate.foreseen).bytes);
        candidate.estimated_seconds = seconds_to_build(*candidate.foreseen);
        statistics.attach(*candidate.foreseen);
        append_visibility(candidate.table, fresh_);
        foreseen_.push_back(candidate.foreseen);
      }
      candidates_.push_back(std::move(candidate));
    }
  }

  void hide(const VerifiedCommand& command) {
    auto const tree = index_tree(command.index);
    hidden_.insert(hidden_.end(), tree.begin(), tree.end());
    for (auto const& copy : copies_)
      for (auto const& [original, made] : copy.indexes)
        if (std::find(tree.begin(), tree.end(), original) != tree.end()) hidden_.push_back(made);
  }

  /// Plans one statement; what the planner says against it is noted once, and it is not asked again.
  std::optional<PlanOutcome> plan_one(size_t number, const IndexSet& indexes) {
    Costs& costs = costs_[number];
    if (!costs.problem.empty()) return std::nullopt;
    PlanOutcome outcome;
    auto const& one = workload_.plannable[number];
    auto const failure = pg::attempt(pg::OnSuccess::commit, [&] {
      StatementScope const scope(one.statement);
      outcome = plan(one.prepared, indexes);
    });
    if (failure) costs.problem = failure->message;
    return failure ? std::nullopt : std::optional(outcome);
  }

  void plan_as_foreseen() {
    costs_.resize(workload_.plannable.size());
    for (size_t i = 0; i < costs_.size(); ++i) {
      auto& one = workload_.plannable[i];
      if (!copies_.empty()) one.prepared = on_copies(one.prepared, copies_);
      if (auto const outcome = plan_one(i, {})) costs_[i].before = outcome->cost;
      if (auto const outcome = plan_one(i, {foreseen_, hidden_, fresh_})) costs_[i].estimated = outcome->cost;
    }
  }

  /// In the order of the statements: an index is attached after it is there.
  void build() {
    size_t next = 0;
    for (auto const& command : commands_) {
      if (command.kind == IndexCommand::create) build_one(candidates_[next++]);
      if (command.kind != IndexCommand::attach) continue;
      if (!request_.build)
        throw Error("0A000", "a sample has no partitions to attach indexes to: " + command.sql)
            .hint("Write one CREATE INDEX on the partitioned table itself.");
      pg::reading(command.sql, [&] { return pg::Spi(pg::SearchPath::callers).execute(command.sql); });
    }
  }

  void build_one(Candidate& candidate) {
    TrustedFunctions const trusted;
    double const start = pg::elapsed_clock_ms();
    candidate.built = build_index(candidate.command.definition, candidate.table);
    candidate.seconds = (pg::elapsed_clock_ms() - start) / 1000;
    if (candidate.copy != nullptr) candidate.built.name = name_of_relation(candidate.built.oid);
    real_.insert(real_.end(), candidate.built.tree.begin(), candidate.built.tree.end());
    if (candidate.foreseen == nullptr) return;
    append_analysed(candidate.built, *candidate.foreseen, analysed_);
    if (candidate.built.usable) return;
    take_real_extent(candidate.built, *candidate.foreseen);
    stand_ins_.push_back(candidate.foreseen);
  }

  void plan_as_built() {
    pg::FreshSnapshot const snapshot;
    for (size_t i = 0; i < costs_.size(); ++i) {
      IndexSet const after{stand_ins_, hidden_, {}, analysed_};
      auto const outcome = plan_one(i, after);
      if (!outcome) continue;
      costs_[i].actual = outcome->cost;
      costs_[i].used = names_of(outcome->used);
    }
  }

  std::vector<std::string> names_of(const std::vector<Oid>& used) const {
    std::vector<std::string> names;
    for (auto const& candidate : candidates_) {
      bool const is_used = std::any_of(used.begin(), used.end(), [&](Oid oid) {
        auto const& tree = candidate.built.tree;
        return std::find(tree.begin(), tree.end(), oid) != tree.end() ||
               (candidate.foreseen != nullptr && candidate.foreseen->oid == oid);
      });
      if (is_used) names.push_back(candidate.built.name);
    }
    return names;
  }

  std::string index_note(const Candidate& candidate) const {
    std::string note;
    if (candidate.foreseen == nullptr) append_note(note, "the parent's part, of no size");
    if (candidate.copy != nullptr)
      append_note(note, "on a sample of " + std::to_string(candidate.copy->rows) + " rows");
    if (!candidate.built.usable)
      append_note(
          note,
          "rows updated in place keep this transaction from using it: costs are those of its real size");
    return note;
  }

  std::vector<VerifyRow> index_rows() const {
    std::vector<VerifyRow> rows;
    size_t next = 0;
    for (auto const& command : commands_) {
      if (command.kind == IndexCommand::attach) continue;
      VerifyRow row;
      row.sql = command.sql;
      if (command.kind == IndexCommand::drop) {
        row.what = "drop";
        row.item = relation_name(command.index);
        row.actual = static_cast<double>(index_bytes(index_tree(command.index)));
        row.note = "frees these bytes";
      } else {
        Candidate const& candidate = candidates_[next++];
        row.what = "index";
        row.item = candidate.built.name;
        row.estimated = candidate.estimated_bytes;
        row.actual = static_cast<double>(candidate.built.bytes);
        row.est_build_seconds = candidate.estimated_seconds;
        row.build_seconds = candidate.seconds;
        row.note = index_note(candidate);
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  void time_statement(size_t number, VerifyRow& row) const {
    auto const& costs = costs_[number];
    if (!request_.run || !costs.actual) return;
    if (!copies_.empty()) return append_note(row.note, "not timed: on a sample");
    if (!stand_ins_.empty()) return append_note(row.note, "not timed: some index cannot be used yet");
    if (costs.used.empty() && *costs.actual == *costs.before)
      return append_note(row.note, "not timed: the plan stays");
    RunTimes const times = run_times(workload_.plannable[number], {{}, real_}, {{}, hidden_, {}, analysed_},
                                     {request_.runs, request_.run_seconds});
    row.ms_before = times.ms_before;
    row.ms_after = times.ms_after;
    append_note(row.note, times.note);
  }

  /// Over the choices of arguments of one statement.
  Costs mean_costs(size_t begin, size_t end) const {
    Costs mean = costs_[begin];
    for (size_t i = begin + 1; i < end; ++i) {
      Costs const& other = costs_[i];
      if (mean.problem.empty()) mean.problem = other.problem;
      if (!mean.actual || !other.actual) continue;
      *mean.before += *other.before;
      *mean.estimated += *other.estimated;
      *mean.actual += *other.actual;
      for (auto const& name : other.used)
        if (std::find(mean.used.begin(), mean.used.end(), name) == mean.used.end()) mean.used.push_back(name);
    }
    if (!mean.problem.empty()) return {.problem = mean.problem};
    for (auto* const cost : {&mean.before, &mean.estimated, &mean.actual})
      if (*cost) **cost /= static_cast<double>(end - begin);
    return mean;
  }

  static std::string variables_note(const PreparedQuery& prepared) {
    return prepared.variables != nullptr ? assumptions_of(prepared) : "";
  }

  static VerifyRow statement_row(const PlannableStatement& one, const Costs& costs) {
    Statement const& statement = one.statement;
    return {.what = "statement",
            .item = one_line(statement.query, kItemBytes),
            .estimated = costs.estimated,
            .actual = costs.actual,
            .before = costs.before,
            .used = costs.used,
            .note = costs.problem.empty() ? variables_note(one.prepared) : costs.problem,
            .sql = statement.query};
  }

  void statement_rows(std::vector<VerifyRow>& rows) const {
    VerifyRow total;
    total.what = "workload";
    total.before = total.estimated = total.actual = 0.0;
    int counted = 0;
    size_t next = 0;
    for (size_t first = 0; first < costs_.size(); first = next) {
      for (next = first;
           next < costs_.size() && workload_.plannable[next].number == workload_.plannable[first].number;)
        ++next;
      auto const& one = workload_.plannable[first];
      VerifyRow row = statement_row(one, mean_costs(first, next));
      time_statement(first, row);
      if (row.actual) {
        double const calls = one.statement.calls * static_cast<double>(next - first);
        *total.before += calls * *row.before;
        *total.estimated += calls * *row.estimated;
        *total.actual += calls * *row.actual;
        ++counted;
      }
      rows.push_back(std::move(row));
    }
    for (auto const& skipped : workload_.skipped)
      rows.push_back({.what = "statement",
                      .item = one_line(skipped.statement.query, kItemBytes),
                      .note = skipped.reason,
                      .sql = skipped.statement.query});
    auto const all = static_cast<size_t>(workload_.planned) + workload_.skipped.size();
    if (all == 0) return;
    total.item = std::to_string(counted) + " of " + std::to_string(all) + " statements, by calls";
    total.note = copies_.empty() ? "" : "costs are those of the sample";
    rows.push_back(std::move(total));
  }

  const VerifyRequest& request_;
  pg::LocalSettings settings_;
  std::vector<VerifiedCommand> commands_;
  std::map<Oid, bool> ways_;  ///< by table: whether it is sampled
  std::vector<TableCopy> copies_;
  AnalysedWorkload workload_;
  std::vector<Candidate> candidates_;
  std::vector<Hypothetical*> foreseen_;
  std::vector<FreshVisibility> fresh_;
  std::vector<Oid> hidden_;               ///< what is to be dropped
  std::vector<Oid> real_;                 ///< what was built
  std::vector<Hypothetical*> analysed_;   ///< statistics of what was built
  std::vector<Hypothetical*> stand_ins_;  ///< for what was built but can't be used in this transaction
  std::vector<Costs> costs_;              ///< by plannable statement
};

}  // namespace

std::vector<VerifyRow> index_verify(const VerifyRequest& request) {
  require_writable();
  pg::Memory const memory("deal_advisor index_verify");
  return pg::rolled_back([&] {
    pg::InContext const in_memory(memory.context());
    return Verification(request).run();
  });
}

}  // namespace deal::server
