#include "server/audit/undo.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "core/base/quote.hpp"
#include "server/audit/row_state.hpp"
#include "server/audit/row_writer.hpp"
#include "server/audit/undo_tables.hpp"
#include "server/bridge/later_triggers.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/notice.hpp"
#include "server/bridge/snapshot.hpp"

namespace deal::server {

namespace {

using Kind = audit::UndoStep::Kind;

constexpr const char* kConflicts = "DA003";
constexpr size_t kMostInError = 20;
constexpr size_t kMostInStatement = 50'000;  // values in memory meanwhile

enum class OnConflict { error, skip, force };

OnConflict on_conflict(const std::string& word) {
  if (word == "error") return OnConflict::error;
  if (word == "skip") return OnConflict::skip;
  if (word == "force") return OnConflict::force;
  throw Error("22023", "option conflicts must be error, skip or force, not \"" + word + "\"");
}

std::vector<Oid> relations_of(const std::vector<std::string>& names) {
  std::vector<Oid> relations;
  relations.reserve(names.size());
  pg::Spi spi(pg::SearchPath::callers);
  for (std::string const& name : names)
    relations.push_back(spi.query("select $1::pg_catalog.regclass::pg_catalog.oid", {name}).oid(0, 0));
  return relations;
}

const char* action_word(Kind kind) {
  switch (kind) {
    case Kind::insert:
      return "insert";
    case Kind::change:
      return "update";
    case Kind::remove:
      return "delete";
  }
  return "";
}

class Undo {
 public:
  Undo(UndoScope& scope, OnConflict mode, MemoryContext keep, pg::RowSet& out)
      : scope_(scope), mode_(mode), keep_(keep), out_(out) {
    for (UndoTable const& table : scope.tables)
      writers_.push_back(std::make_unique<RowWriter>(table.source, keep));
  }

  /// Locks the rows and notes which are there.
  void lock() {
    for (size_t table = 0; table < scope_.tables.size(); ++table) {
      std::vector<UndoRow*> rows;
      std::vector<RowWrite> keys;
      for (UndoRow& row : scope_.rows) {
        if (row.table != static_cast<int>(table)) continue;
        rows.push_back(&row);
        keys.push_back({row.key, {}});
      }
      std::vector<int> const found = writers_[table]->lock(keys);
      for (size_t i = 0; i < rows.size(); ++i)
        rows[i]->there = found[i];
    }
  }

  /// After find_later_changes: also what should be there and isn't, or the other way round.
  void find_conflicts() {
    for (UndoRow& row : scope_.rows) {
      if (!row.conflict.empty()) continue;
      bool const by_key = has_key(row.table);
      int const due = by_key ? static_cast<int>(audit::leaves_row(row.last)) : std::max(row.added, 0);
      if (row.there < due) row.conflict = "the row is gone";
      if (by_key && row.there > due) row.conflict = "the row exists already";
    }
    for (size_t i = 0; i < scope_.events.size(); ++i)
      if (scope_.events[i].op == audit::Op::truncate && !truncate_was_recorded(scope_.events[i]))
        lost_.push_back(i);
    if (mode_ == OnConflict::error) refuse_conflicts();
  }

  void run() {
    std::vector<audit::UndoStep> steps = audit::undo_steps(scope_.events);
    if (mode_ == OnConflict::skip) leave_out_conflicts(steps);
    std::span<const audit::UndoStep> rest(steps);
    std::vector<audit::UndoStep> fitted;
    while (!rest.empty()) {
      fitted.clear();
      size_t const length = audit::run_length(rest, kMostInStatement);
      for (audit::UndoStep const& step : rest.first(length))
        fit(step, fitted);
      run_fitted(fitted);
      rest = rest.subspan(length);
    }
    for (size_t const event : lost_)
      report(scope_.events[event].table, -1, "insert", "skipped",
             "TRUNCATE took rows that were not recorded");
  }

 private:
  UndoRow& row(int number) { return scope_.rows[static_cast<size_t>(number)]; }
  const LogSource& source(int table) const { return scope_.tables[static_cast<size_t>(table)].source; }

  bool has_key(int table) const { return !source(table).key.empty(); }

  bool truncate_was_recorded(const audit::UndoEvent& truncate) const {
    if (source(truncate.table).table.truncate_rows) return true;
    return std::ranges::any_of(scope_.events, [&](const audit::UndoEvent& event) {
      return event.table == truncate.table && event.op == audit::Op::remove &&
             event.sequence + 1 == truncate.sequence;
    });
  }

  std::string key_text(const UndoRow& at) const {
    pg::Value const key = key_value(at);
    return key.null ? std::string() : pg::output_of(key.datum, JSONBOID);
  }

  pg::Value key_value(const UndoRow& at) const {
    LogSource const& table = source(at.table);
    std::vector<bool> columns(static_cast<size_t>(table.columns->count()), table.key.empty());
    for (int const slot : table.key)
      columns[static_cast<size_t>(slot)] = true;
    return field_object(table, at.key, columns);
  }

  void refuse_conflicts() const {
    std::string detail;
    size_t count = 0;
    auto const add = [&](const std::string& line) {
      if (++count <= kMostInError) detail += (count > 1 ? "\n" : "") + line;
    };
    for (UndoRow const& at : scope_.rows)
      if (!at.conflict.empty())
        add(fmt::format("{} {}: {}.", source(at.table).name, count < kMostInError ? key_text(at) : "",
                        at.conflict));
    for (size_t const event : lost_)
      add(fmt::format("{}: TRUNCATE took rows that were not recorded.",
                      source(scope_.events[event].table).name));
    if (count == 0) return;
    if (count > kMostInError) detail += fmt::format("\nAnd {} more.", count - kMostInError);
    throw Error(kConflicts,
                fmt::format("the transaction can't be undone: {} conflict{}", count, count == 1 ? "" : "s"))
        .detail(detail)
        .hint(
            "Options {\"conflicts\": \"skip\"} leave such rows as they are, {\"conflicts\": \"force\"} "
            "overwrite "
            "what came later.");
  }

  /// A row that is skipped takes along those that share a step with it.
  void leave_out_conflicts(std::vector<audit::UndoStep>& steps) {
    for (bool again = true; again;) {
      again = false;
      for (audit::UndoStep const& step : steps) {
        UndoRow& now = row(step.row);
        UndoRow& then = row(step.row_after);
        if (now.conflict.empty() == then.conflict.empty()) continue;
        (now.conflict.empty() ? now : then).conflict = "its other key has a conflict";
        again = true;
      }
    }
    for (UndoRow const& at : scope_.rows)
      if (!at.conflict.empty())
        report(at.table, static_cast<int>(&at - scope_.rows.data()), "none", "conflict", at.conflict);
    std::erase_if(steps, [&](const audit::UndoStep& step) { return !row(step.row).conflict.empty(); });
  }

  /// The step as it can be taken now: what is there already is changed instead of inserted.
  void fit(audit::UndoStep step, std::vector<audit::UndoStep>& steps) {
    if (step.kind == Kind::change && step.row_after != step.row && !fit_key_change(step)) return;
    UndoRow& now = row(step.row);
    if (step.kind == Kind::insert && now.there > 0 && has_key(step.table)) step.kind = Kind::change;
    if (step.kind == Kind::change && now.there == 0 && step.shape < 0) step.kind = Kind::insert;
    if (step.kind != Kind::insert && now.there == 0) {
      report(step.table, step.row, action_word(step.kind), "skipped", "the row is gone");
      return;
    }
    if (step.kind != Kind::insert) --now.there;
    if (step.kind != Kind::remove) ++row(step.row_after).there;
    steps.push_back(step);
  }

  /// Of a change of the key; false: the row can't have its old key back. A row that isn't there under its new
  /// key comes back under the old one alone.
  bool fit_key_change(audit::UndoStep& step) {
    bool const is_there = row(step.row).there > 0;
    if (is_there && row(step.row_after).there > 0 && has_key(step.table)) {
      report(step.table, step.row, "update", "skipped", "another row has its old key");
      return false;
    }
    if (!is_there) step.row = step.row_after;
    return true;
  }

  void run_fitted(std::span<const audit::UndoStep> steps) {
    while (!steps.empty()) {
      size_t length = 1;
      while (length < steps.size() && steps[length].kind == steps.front().kind)
        ++length;
      // All columns of a row are known by its own image: those of another layout may be others.
      while (length > 1 && !same_columns(steps.front(), steps[length - 1]))
        length = first_other(steps);
      run_alike(steps.first(length));
      steps = steps.subspan(length);
    }
  }

  const LoggedEvent& image_of(const audit::UndoStep& step) const { return *scope_.logged[step.image]; }

  bool same_columns(const audit::UndoStep& one, const audit::UndoStep& other) const {
    return one.shape >= 0 || image_of(one).layout == image_of(other).layout;
  }
  size_t first_other(std::span<const audit::UndoStep> steps) const {
    size_t length = 1;
    while (length < steps.size() && steps[length].kind == steps.front().kind &&
           same_columns(steps.front(), steps[length]))
      ++length;
    return length;
  }

  /// One statement; where its rows may be in each other's way (a unique value that moved from one to the
  /// next), one for each, in the order in which they came.
  void run_alike(std::span<const audit::UndoStep> steps) {
    if (steps.size() == 1 || !are_in_the_way(steps)) {
      write(steps);
    } else {
      for (size_t i = 0; i < steps.size(); ++i)
        write(steps.subspan(i, 1));
    }
    for (audit::UndoStep const& step : steps)
      report(step.table, step.row, action_word(step.kind), "undone", unknown_columns(step));
  }

  bool are_in_the_way(std::span<const audit::UndoStep> steps) const {
    audit::UndoStep const& first = steps.front();
    if (!has_key(first.table)) return first.kind != Kind::insert;
    if (first.kind != Kind::change) return false;
    LogSource const& table = source(first.table);
    RowWriter const& writer = *writers_[static_cast<size_t>(first.table)];
    std::vector<int> slots = writer.writable(known_slots(first), false);
    std::erase_if(slots, [&](int slot) { return std::ranges::find(table.key, slot) != table.key.end(); });
    if (writer.changes_unique(slots)) return true;
    std::unordered_set<int> rows;
    for (audit::UndoStep const& step : steps)
      rows.insert(step.row);
    return std::ranges::any_of(steps, [&](const audit::UndoStep& step) {
      return step.row_after != step.row && rows.contains(step.row_after);
    });
  }

  std::vector<int> known_slots(const audit::UndoStep& step) const {
    std::vector<int> slots;
    for (audit::Field const& field : image_of(step).fields())
      if (!logged(field.value).hidden) slots.push_back(field.slot);
    if (step.kind == Kind::change && step.shape >= 0)
      std::erase_if(slots, [&](int slot) {
        auto const& changed = scope_.shapes[static_cast<size_t>(step.shape)];
        return std::ranges::find(changed, slot) == changed.end();
      });
    return slots;
  }

  void write(std::span<const audit::UndoStep> steps) {
    audit::UndoStep const& first = steps.front();
    RowWriter const& writer = *writers_[static_cast<size_t>(first.table)];
    std::vector<int> const slots = writer.writable(known_slots(first), first.kind == Kind::insert);
    std::vector<RowWrite> rows;
    rows.reserve(steps.size());
    for (audit::UndoStep const& step : steps)
      rows.push_back({row(step.row).key, image_of(step).fields()});
    int64 written = static_cast<int64>(rows.size());
    if (first.kind == Kind::insert)
      written = writer.insert(slots, rows);
    else if (first.kind == Kind::remove)
      written = writer.remove(rows);
    else if (!slots.empty())
      written = writer.change(slots, rows);
    if (written != static_cast<int64>(rows.size()))
      throw Error("55000", fmt::format("only {} of {} rows of {} could be written", written, rows.size(),
                                       source(first.table).name))
          .hint("Row security or a trigger of the table kept the others as they are.");
  }

  std::string unknown_columns(const audit::UndoStep& step) const {
    if (step.kind == Kind::remove) return {};
    std::string names;
    for (audit::Field const& field : image_of(step).fields())
      if (logged(field.value).hidden)
        names +=
            (names.empty() ? "" : ", ") + quote_identifier(source(step.table).columns->at(field.slot).name);
    return names.empty() ? names : "the log does not have the values of " + names;
  }

  void report(int table, int number, const char* action, const char* status, const std::string& detail) {
    pg::InContext const kept(keep_);
    pg::Value const key = number < 0 ? pg::Value{} : key_value(row(number));
    pg::Value const why = detail.empty() ? pg::Value{} : pg::value(detail);
    out_.add({pg::value(source(table).name), key, pg::value(action), pg::value(status), why});
  }

  UndoScope& scope_;
  OnConflict mode_;
  MemoryContext keep_;
  pg::RowSet& out_;
  std::vector<std::unique_ptr<RowWriter>> writers_;
  std::vector<size_t> lost_;  ///< truncates whose rows are not known
};

void require_something(const UndoScope& scope, uint64 transaction) {
  if (scope.hidden_tables > 0)
    pg::warning(
        fmt::format("{} tables that transaction {} changed are left out", scope.hidden_tables, transaction),
        "Reading their log needs SELECT on them, and audit_grant_read where row security applies.");
  if (scope.events.empty())
    throw Error("42704", fmt::format("no log that the caller may read has transaction {}", transaction))
        .hint("deal_advisor.audit_changes() lists transactions.");
}

}  // namespace

void undo_transaction(uint64 transaction, const std::string& options_text, pg::RowSet& out) {
  deal::Options options("audit_undo", options_text);
  OnConflict const mode = on_conflict(options.text("conflicts", "error"));
  std::vector<Oid> const only = relations_of(options.texts("relation"));
  options.finish();
  pg::Memory const memory("deal_advisor audit undo");
  UndoScope scope;
  {
    pg::FreshSnapshot const now;
    scope = read_undo_scope(transaction, only, memory.context());
  }
  require_something(scope, transaction);
  Undo undo(scope, mode, memory.context(), out);
  undo.lock();
  {
    pg::FreshSnapshot const after_the_locks;
    find_later_changes(scope, transaction, memory.context());
  }
  undo.find_conflicts();
  // A cascade deletes the children after their parent, so backwards they come before it: foreign keys count
  // only when all is done.
  pg::LaterTriggers const triggers;
  undo.run();
  triggers.fire();
}

}  // namespace deal::server
