#include "server/audit/as_of.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "core/audit/past_rows.hpp"
#include "core/base/error.hpp"
#include "core/base/options.hpp"
#include "server/audit/current_rows.hpp"
#include "server/audit/event_log.hpp"
#include "server/audit/log_rights.hpp"
#include "server/audit/past_table.hpp"
#include "server/audit/row_probe.hpp"
#include "server/audit/typed_value.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/snapshot.hpp"
#include "server/bridge/subtransaction.hpp"

extern "C" {
#include "access/table.h"
#include "utils/rel.h"
}

namespace deal::server {

namespace {

/// Puts rows into the table's own type.
class TypedRows : public PastRowSink {
 public:
  TypedRows(const LogSource& source, const std::vector<std::string>& names, pg::RowSet& out,
            MemoryContext keep)
      : source_(source), out_(out), values_(static_cast<size_t>(out.shape()->natts)) {
    pg::AsRole const as_owner(source.owner);
    columns_ = pg::call([&] { return typed_columns(out.shape(), source.relation, keep); });
    existed_.reserve(names.size());
    for (std::string const& name : names)
      existed_.push_back(!name.empty());
  }

  void add(const CurrentRows* shape, const Datum* values, const bool* nulls, const audit::PastRows* past,
           size_t row) override {
    std::ranges::fill(values_, pg::Value{});
    for (int i = 0; values != nullptr && i < shape->columns(); ++i)
      if (pg::Value* const target = place(shape->slot(i))) *target = {values[i], nulls[i]};
    if (past != nullptr) take_past(*past, row);
    out_.add(values_);
  }

 private:
  /// Where a column's value goes; null: nowhere, or it wasn't there yet.
  pg::Value* place(int slot) {
    audit::Column const& column = source_.columns->at(slot);
    if (column.number == 0 || !existed_[static_cast<size_t>(slot)] ||
        !source_.recorded[static_cast<size_t>(slot)])
      return nullptr;
    return &values_[static_cast<size_t>(column.number - 1)];
  }

  void take_past(const audit::PastRows& past, size_t row) {
    for (int slot = 0; slot < source_.columns->count(); ++slot) {
      audit::ValueRef const value = past.value(row, slot);
      pg::Value* const target = value != nullptr ? place(slot) : nullptr;
      if (target == nullptr) continue;
      TypedColumn& column = columns_[source_.columns->at(slot).number - 1];
      target->datum = pg::call([&] { return typed_value(logged(value), column, &target->null); });
    }
  }

  const LogSource& source_;
  pg::RowSet& out_;
  std::vector<pg::Value> values_;
  std::vector<bool> existed_;
  TypedColumn* columns_ = nullptr;
};

/// Puts rows into jsonb, under the names of then.
class JsonRows : public PastRowSink {
 public:
  JsonRows(const LogSource& source, std::vector<std::string> names, pg::RowSet& out)
      : source_(source), names_(std::move(names)), out_(out) {}

  void add(const CurrentRows* shape, const Datum* values, const bool* nulls, const audit::PastRows* past,
           size_t row) override {
    std::vector<audit::ValueRef> known(static_cast<size_t>(source_.columns->count()), nullptr);
    if (values != nullptr) {
      ImageFields const image = pg::call([&] { return shape->image(values, nulls); });
      for (int i = 0; i < image.count; ++i)
        known[static_cast<size_t>(image.fields[i].slot)] = image.fields[i].value;
    }
    for (size_t slot = 0; past != nullptr && slot < known.size(); ++slot)
      if (audit::ValueRef const value = past->value(row, static_cast<int>(slot))) known[slot] = value;
    Datum const object = pg::call([&] {
      ObjectBuilder builder = begin_object();
      for (size_t slot = 0; slot < known.size(); ++slot)
        if (known[slot] != nullptr && !names_[slot].empty())
          add_to_object(builder, names_[slot].data(), static_cast<int>(names_[slot].size()),
                        logged(known[slot]).value);
      return JsonbPGetDatum(end_object(builder));
    });
    out_.add({pg::Value{object, false}});
  }

 private:
  const LogSource& source_;
  std::vector<std::string> names_;
  pg::RowSet& out_;
};

PastQuery query_of(const AsOfRequest& request, const char* function) {
  deal::Options options(function, request.options);
  PastQuery query;
  query.at = request.at;
  query.key = request.key;
  query.incomplete = options.boolean("incomplete", false);
  query.look_back_ms = options.integer("look_back_ms", query.look_back_ms, 0, 86'400'000LL * 366);
  options.finish();
  return query;
}

void require_whole_type(const LogSource& source, TupleDesc result) {
  int const columns = pg::call([&] {
    Relation const opened = table_open(source.relation, AccessShareLock);
    int const count = RelationGetDescr(opened)->natts;
    table_close(opened, NoLock);
    return count;
  });
  if (result->natts != columns)
    throw Error("42804", "the result is not of the type of " + source.name)
        .hint(
            fmt::format("Call it like select * from deal_advisor.audit_as_of(null::{}, ...).", source.name));
}

/// An old value that a column's type does not take any more: where to see it.
[[noreturn]] void explain_old_value(const pg::ServerError& error, const std::string& name) {
  std::string const state = error.sqlstate();
  if (state.compare(0, 2, "22") != 0 && state.compare(0, 2, "23") != 0) throw error;
  throw Error(state, error.what())
      .detail("A value of then is none of the column's type of today.")
      .hint(fmt::format("deal_advisor.audit_as_of_json('{}', ...) gives the values as they were.", name));
}

}  // namespace

void as_of_typed(const AsOfRequest& request, pg::RowSet& out) {
  PastQuery const query = query_of(request, "audit_as_of");
  pg::Memory const memory("deal_advisor audit as of");
  pg::FreshSnapshot const now;
  std::string name;
  try {
    pg::rolled_back([&] {
      LogSource const source = open_log_source(request.relation);
      require_reader(source);
      require_whole_type(source, out.shape());
      name = source.name;
      TypedRows rows(source, names_at(source, request.at), out, memory.context());
      read_past(source, query, memory.context(), rows);
    });
  } catch (const pg::ServerError& error) {
    explain_old_value(error, name);
  }
}

void as_of_json(const AsOfRequest& request, pg::RowSet& out) {
  PastQuery const query = query_of(request, "audit_as_of_json");
  pg::Memory const memory("deal_advisor audit as of");
  pg::FreshSnapshot const now;
  pg::rolled_back([&] {
    LogSource const source = open_log_source(request.relation);
    require_reader(source);
    JsonRows rows(source, names_at(source, request.at), out);
    read_past(source, query, memory.context(), rows);
  });
}

}  // namespace deal::server
