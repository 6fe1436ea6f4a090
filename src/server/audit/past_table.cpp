#include "server/audit/past_table.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "server/audit/event_log.hpp"
#include "server/audit/row_probe.hpp"
#include "server/bridge/memory.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal::server {

namespace {

std::string time_text(TimestampTz time) {
  return pg::call([&] { return timestamptz_to_str(time); });
}

void require_known_time(const LogSource& source, const PastQuery& query) {
  if (TIMESTAMP_NOT_FINITE(query.at) || query.at > pg::call([] { return GetCurrentTimestamp(); }))
    throw Error("22023", "time lies in the future").hint("Ask for a time up to clock_timestamp().");
  if (query.at < source.enabled)
    throw Error("22023", fmt::format("{} was not audited at {}", source.name, time_text(query.at)))
        .hint(fmt::format("Its log begins at {}.", time_text(source.enabled)));
  if (source.disabled && !query.incomplete)
    throw Error(kIncompleteLog, fmt::format("changes of {} are not recorded since {}", source.name,
                                            time_text(*source.disabled)))
        .hint("Options {\"incomplete\": true} give what the log knows.");
}

Error unrecorded_truncate(const LogSource& source, const LoggedEvent& event) {
  return Error(kIncompleteLog, fmt::format("TRUNCATE at {} took rows of {} that were not recorded",
                                           time_text(event.time), source.name))
      .hint(
          "Options {\"incomplete\": true} give what the log knows. deal_advisor.audit_enable with "
          "truncate_rows "
          "records such rows.");
}

Error lost_row(const LogSource& source) {
  return Error(kIncompleteLog, "the log of " + source.name + " does not say how a row that was changed ended")
      .hint(
          "Somebody deleted it while its changes were not recorded. Options {\"incomplete\": true} give what "
          "the log "
          "knows.");
}

/// What the events say, by row.
class Merged {
 public:
  Merged(const LogSource& source, const PastQuery& query)
      : source_(source), query_(query), rows(source.columns->count()) {}

  void take(const EventLog& log, const std::string* only) {
    numbers_.reserve(log.events().size());
    const LoggedEvent* before = nullptr;
    for (LoggedEvent const& event : log.events()) {
      if (event.op == audit::Op::truncate)
        truncate(event, before, only != nullptr);
      else if (only == nullptr || event.key == *only)
        rows.take(row_of(event.key), event.op, event.fields());
      before = &event;
    }
  }

  const size_t* find(std::string_view key) const {
    auto const found = numbers_.find(key);
    return found == numbers_.end() ? nullptr : &found->second;
  }

 private:
  size_t row_of(std::string_view key) {
    auto const [place, is_new] = numbers_.try_emplace(key, 0);
    if (is_new) place->second = rows.add();
    return place->second;
  }

  void truncate(const LoggedEvent& event, const LoggedEvent* before, bool one_row) {
    if (one_row && rows.count() > 0 && rows.settled(0)) return;
    // Recorded rows are deletes of the same transaction, just before it; a table may have been empty.
    bool const recorded =
        source_.table.truncate_rows || (before != nullptr && before->op == audit::Op::remove &&
                                        before->order.transaction == event.order.transaction &&
                                        before->order.sequence + 1 == event.order.sequence);
    if (recorded) return;
    if (!query_.incomplete) throw unrecorded_truncate(source_, event);
    rows.truncate();
  }

  const LogSource& source_;
  const PastQuery& query_;
  std::unordered_map<std::string_view, size_t> numbers_;

 public:
  audit::PastRows rows;
};

/// Calls `take(values, nulls)` for each row, as the table's owner (the caller's rights decide which rows
/// there are, the owner's code writes their values) and in a memory context that is emptied before each.
template <class Take>
void for_each_row(CurrentRows& rows, Oid owner, const pg::Memory& memory, Take&& take) {
  std::vector<Datum> values(static_cast<size_t>(rows.columns()) + 1);
  auto const nulls = std::make_unique<bool[]>(values.size());
  for (auto batch = rows.fetch(); !batch.empty(); batch = rows.fetch()) {
    pg::AsRole const as_owner(owner);
    pg::InContext const inside(memory.context());
    for (HeapTuple const row : batch) {
      memory.reset();
      rows.deform(row, values.data(), nulls.get());
      take(values.data(), nulls.get());
    }
  }
}

/// Rows without a key are a bag: what is there now, plus what was taken out since then, less what came in.
class Bag {
 public:
  Bag(const LogSource& source, const PastQuery& query, PastRowSink& sink)
      : source_(source),
        query_(query),
        sink_(sink),
        memory_("deal_advisor audit row"),
        taken_(source.columns->count()) {}

  void take(const EventLog& log, const std::string* only) {
    for (LoggedEvent const& event : log.events()) {
      if (event.op == audit::Op::truncate && !source_.table.truncate_rows && !query_.incomplete)
        throw unrecorded_truncate(source_, event);
      if (only != nullptr && event.key != *only) continue;
      if (event.op == audit::Op::insert || event.op == audit::Op::key_after) --kinds_[event.key].surplus;
      if (event.op != audit::Op::remove && event.op != audit::Op::key_before) continue;
      Kind& kind = kinds_[event.key];
      if (++kind.surplus == 1 || !kind.example) {
        kind.example = taken_.add();
        taken_.take(*kind.example, event.op, event.fields());
      }
    }
  }

  void current(CurrentRows& rows, const std::string* only) {
    for_each_row(rows, source_.owner, memory_, [&](const Datum* values, const bool* nulls) {
      StringInfoData const key = pg::call([&] { return rows.identity(values, nulls); });
      std::string_view const text(key.data, static_cast<size_t>(key.len));
      if (only != nullptr && text != *only) return;
      auto const kind = kinds_.find(text);
      if (kind != kinds_.end() && kind->second.surplus < 0)
        ++kind->second.surplus;  // it came in later
      else
        sink_.add(&rows, values, nulls, nullptr, 0);
    });
  }

  void gone(const CurrentRows& rows) {
    pg::AsRole const as_owner(source_.owner);
    pg::InContext const inside(memory_.context());
    for (auto const& [key, kind] : kinds_) {
      if (kind.surplus < 0 && !query_.incomplete) throw lost_row(source_);
      for (int i = 0; i < kind.surplus; ++i) {
        memory_.reset();
        sink_.add(&rows, nullptr, nullptr, &taken_, *kind.example);
      }
    }
  }

 private:
  struct Kind {
    int surplus = 0;
    std::optional<size_t> example;
  };

  const LogSource& source_;
  const PastQuery& query_;
  PastRowSink& sink_;
  pg::Memory memory_;
  audit::PastRows taken_;
  std::unordered_map<std::string_view, Kind> kinds_;
};

/// Gives rows on, each in a memory context of its own and as the table's owner.
class Giver {
 public:
  Giver(const LogSource& source, const PastQuery& query, const Merged& merged, PastRowSink& sink)
      : source_(source),
        query_(query),
        merged_(merged),
        sink_(sink),
        memory_("deal_advisor audit row"),
        given_(merged.rows.count(), false) {}

  void current(CurrentRows& rows, const std::string* only) {
    for_each_row(rows, source_.owner, memory_,
                 [&](const Datum* values, const bool* nulls) { one(rows, values, nulls, only); });
  }

  /// Those that are gone now.
  void gone(const CurrentRows& rows) {
    pg::AsRole const as_owner(source_.owner);
    pg::InContext const inside(memory_.context());
    for (size_t row = 0; row < given_.size(); ++row) {
      if (given_[row] || merged_.rows.state(row) == audit::PastState::absent) continue;
      if (merged_.rows.state(row) == audit::PastState::changed && !query_.incomplete) throw lost_row(source_);
      memory_.reset();
      sink_.add(&rows, nullptr, nullptr, &merged_.rows, row);
    }
  }

 private:
  void one(const CurrentRows& rows, const Datum* values, const bool* nulls, const std::string* only) {
    const size_t* row = nullptr;
    if (!given_.empty() || only != nullptr) {
      StringInfoData const key = pg::call([&] { return rows.identity(values, nulls); });
      std::string_view const text(key.data, static_cast<size_t>(key.len));
      if (only != nullptr && text != *only) return;
      row = merged_.find(text);
    }
    if (row == nullptr) {
      sink_.add(&rows, values, nulls, nullptr, 0);
      return;
    }
    given_[*row] = true;
    switch (merged_.rows.state(*row)) {
      case audit::PastState::absent:
        return;
      case audit::PastState::whole:
        sink_.add(&rows, nullptr, nullptr, &merged_.rows, *row);
        return;
      case audit::PastState::changed:
        sink_.add(&rows, values, nulls, &merged_.rows, *row);
        return;
    }
  }

  const LogSource& source_;
  const PastQuery& query_;
  const Merged& merged_;
  PastRowSink& sink_;
  pg::Memory memory_;
  std::vector<bool> given_;
};

}  // namespace

void read_past(const LogSource& source, const PastQuery& query, MemoryContext keep, PastRowSink& sink) {
  require_known_time(source, query);
  EventLog log(source, keep);
  std::optional<RowProbe> probe;
  if (!query.key.null) probe = probe_row(source, query.key, keep);
  if (probe)
    log.read_rows(probe->row_keys, false);
  else
    log.read_since(query.at, query.look_back_ms, false);
  log.keep_after(query.at);
  const std::string* const only = probe ? &probe->identity : nullptr;
  if (source.key.empty()) {
    Bag bag(source, query, sink);
    bag.take(log, only);
    CurrentRows rows(source, {}, keep);
    bag.current(rows, only);
    bag.gone(rows);
    return;
  }
  Merged merged(source, query);
  merged.take(log, only);
  RowCondition condition;
  if (probe && !probe->values.empty()) condition = key_condition(source, probe->values);
  CurrentRows rows(source, condition, keep);
  Giver giver(source, query, merged, sink);
  giver.current(rows, only);
  giver.gone(rows);
}

}  // namespace deal::server
