#include "server/audit/restore.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/log_rights.hpp"
#include "server/audit/past_table.hpp"
#include "server/audit/row_probe.hpp"
#include "server/audit/row_writer.hpp"
#include "server/bridge/later_triggers.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/snapshot.hpp"

namespace deal::server {

namespace {

/// Notes what one row was like.
class OneRow : public PastRowSink {
 public:
  explicit OneRow(int slots) : slots_(slots) {}

  void add(const CurrentRows* shape, const Datum* values, const bool* nulls, const audit::PastRows* past,
           size_t row) override {
    existed = true;
    ++times;
    ImageFields current{nullptr, 0};
    if (values != nullptr) current = pg::call([&] { return shape->image(values, nulls); });
    for (int slot = 0; past != nullptr && slot < slots_; ++slot) {
      audit::ValueRef const value = past->value(row, slot);
      if (value != nullptr && !is_there(current, slot, value)) fields.push_back({slot, value});
    }
  }

  bool existed = false;
  int times = 0;                     ///< without a key there may be several
  std::vector<audit::Field> fields;  ///< what the log has of then, and the row of now has not

 private:
  static bool is_there(const ImageFields& current, int slot, audit::ValueRef value) {
    for (int i = 0; i < current.count; ++i)
      if (current.fields[i].slot == slot)
        return same_value(logged(current.fields[i].value).value, logged(value).value);
    return false;
  }

  int slots_;
};

std::string names_of(const LogSource& source, const std::vector<int>& slots) {
  std::string names;
  for (int const slot : slots)
    names += (names.empty() ? "" : ", ") + quote_identifier(source.columns->at(slot).name);
  return names;
}

/// The columns among the fields whose values the log really has.
std::vector<int> known_slots(const std::vector<audit::Field>& fields) {
  std::vector<int> slots;
  for (audit::Field const& field : fields)
    if (!logged(field.value).hidden) slots.push_back(field.slot);
  return slots;
}

std::string update_row(const LogSource& source, const RowWriter& writer, const OneRow& then,
                       const RowWrite& write) {
  std::vector<int> slots;
  for (int const slot : writer.writable(known_slots(then.fields), false))
    if (std::ranges::find(source.key, slot) == source.key.end()) slots.push_back(slot);
  if (slots.empty()) return "unchanged";
  return writer.change(slots, {&write, 1}) > 0 ? "updated: " + names_of(source, slots) : "unchanged";
}

std::string write_row(const LogSource& source, const RowWriter& writer, const OneRow& then,
                      const RowWrite& write, bool exists) {
  if (!then.existed) return exists && writer.remove({&write, 1}) > 0 ? "deleted" : "unchanged";
  if (exists) return update_row(source, writer, then, write);
  (void)writer.insert(writer.writable(known_slots(then.fields), true), {&write, 1});
  return "inserted";
}

/// Rows without a key: so many more (or fewer) that are like this one.
std::string write_alike(const RowWriter& writer, const RowWrite& write, int more) {
  std::vector<audit::Field> const fields(write.values.begin(), write.values.end());
  std::vector<int> const slots = writer.writable(known_slots(fields), true);
  for (int i = 0; i < more; ++i)
    (void)writer.insert(slots, {&write, 1});
  for (int i = 0; i > more; --i)
    (void)writer.remove({&write, 1});
  if (more == 0) return "unchanged";
  return more > 0 ? "inserted" : "deleted";
}

}  // namespace

std::string restore_row(Oid relation, const pg::Value& key, int64 at) {
  pg::Memory const memory("deal_advisor audit restore");
  LogSource const source = open_log_source(relation);
  require_reader(source);
  RowProbe const probe = probe_row(source, key, memory.context());
  RowWriter const writer(source, memory.context());
  ImageFields const key_fields = probe.image;
  RowWrite write{{key_fields.fields, static_cast<size_t>(key_fields.count)}, {}};
  int const there = writer.lock({&write, 1})[0];
  OneRow then(source.columns->count());
  {
    pg::FreshSnapshot const now;  // after the lock: nobody changes the row any more
    PastQuery query;
    query.at = at;
    query.key = key;
    read_past(source, query, memory.context(), then);
  }
  bool const by_key = !source.key.empty();
  write.values = by_key ? std::span<const audit::Field>(then.fields) : write.key;
  pg::LaterTriggers const triggers;
  std::string done = by_key ? write_row(source, writer, then, write, there > 0)
                            : write_alike(writer, write, then.times - there);
  triggers.fire();
  return done;
}

}  // namespace deal::server
