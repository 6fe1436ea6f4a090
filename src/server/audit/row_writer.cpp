#include "server/audit/row_writer.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/current_rows.hpp"
#include "server/audit/log_rights.hpp"
#include "server/bridge/memory.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/snapshot.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr const char* kRows = "deal_audit_rows";

const LoggedValue* value_of(std::span<const audit::Field> fields, int slot) {
  for (audit::Field const& field : fields)
    if (field.slot == slot) return &logged(field.value);
  return nullptr;
}

std::string number_list(const char* prefix, size_t count) {
  std::string list;
  for (size_t i = 1; i <= count; ++i)
    list += fmt::format("{}{}{}", i > 1 ? ", " : "", prefix, i);
  return list;
}

}  // namespace

RowWriter::RowWriter(const LogSource& source, MemoryContext keep)
    : source_(source), key_(source.key), keep_(keep) {
  for (int slot = 0; source.key.empty() && slot < source.columns->count(); ++slot)
    if (source.recorded[static_cast<size_t>(slot)] &&
        source.columns->at(slot).treatment == audit::Treatment::plain)
      key_.push_back(slot);
  table_ = pg::call([&] {
    MemoryContextSwitchTo(keep);
    Relation const opened = table_open(source.relation, AccessShareLock);
    TupleDesc const copy = CreateTupleDescCopy(RelationGetDescr(opened));
    table_close(opened, NoLock);
    return copy;
  });
  columns_ = pg::call([&] { return typed_columns(table_, source.relation, keep); });
}

std::vector<int> RowWriter::writable(const std::vector<int>& slots, bool new_rows) const {
  std::vector<int> result;
  for (int const slot : slots) {
    audit::Column const& column = source_.columns->at(slot);
    if (column.number == 0 || column.generated || !source_.recorded[static_cast<size_t>(slot)]) continue;
    bool const always = TupleDescAttr(table_, column.number - 1)->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
    if (new_rows || !always) result.push_back(slot);
  }
  return result;
}

TupleDesc RowWriter::shape_of(const std::vector<int>& slots, bool with_number) const {
  return pg::call([&] {
    MemoryContextSwitchTo(keep_);
    TupleDesc const shape =
        CreateTemplateTupleDesc(static_cast<int>(key_.size() + slots.size()) + (with_number ? 1 : 0));
    AttrNumber number = 0;
    char name[32];
    auto const add = [&](int slot, const char* prefix, size_t i) {
      Form_pg_attribute const column = TupleDescAttr(table_, source_.columns->at(slot).number - 1);
      pg_snprintf(name, sizeof name, "%s%zu", prefix, i + 1);
      TupleDescInitEntry(shape, ++number, name, column->atttypid, column->atttypmod, column->attndims);
      TupleDescInitEntryCollation(shape, number, column->attcollation);
    };
    for (size_t i = 0; i < key_.size(); ++i)
      add(key_[i], "k", i);
    for (size_t i = 0; i < slots.size(); ++i)
      add(slots[i], "v", i);
    if (with_number) TupleDescInitEntry(shape, ++number, "number", INT8OID, -1, 0);
    return shape;
  });
}

void RowWriter::fill(pg::NamedRows& target, const std::vector<int>& slots, std::span<const RowWrite> rows,
                     bool with_number) const {
  pg::Memory const memory("deal_advisor audit values");
  std::vector<Datum> values(static_cast<size_t>(target.shape()->natts) + 1);
  auto const nulls = std::make_unique<bool[]>(values.size());
  pg::AsRole const as_owner(source_.owner);
  for (size_t row = 0; row < rows.size(); ++row) {
    memory.reset();
    pg::InContext const inside(memory.context());
    size_t at = 0;
    auto const put = [&](std::span<const audit::Field> fields, int slot) {
      const LoggedValue* const value = value_of(fields, slot);
      TypedColumn& column = columns_[source_.columns->at(slot).number - 1];
      nulls[at] = value == nullptr;
      if (value != nullptr) values[at] = pg::call([&] { return typed_value(*value, column, &nulls[at]); });
      ++at;
    };
    for (int const slot : key_)
      put(rows[row].key, slot);
    for (int const slot : slots)
      put(rows[row].values, slot);
    if (with_number) {
      values[at] = Int64GetDatum(static_cast<int64>(row));
      nulls[at] = false;
    }
    target.add(values.data(), nulls.get());
  }
}

int64_t RowWriter::run(const std::string& sql, const std::vector<int>& slots,
                       std::span<const RowWrite> rows) const {
  pg::NamedRows given(kRows, shape_of(slots, false));
  fill(given, slots, rows, false);
  pg::Spi session;
  given.show_to(session);
  return pg::execute_with(session, sql, {}, pg::AfterTriggers::later);
}

std::string RowWriter::same_value(const std::string& column, const std::string& given, Oid type) const {
  if (!source_.key.empty()) return equal_to(column, given, type);
  bool const comparable =
      pg::call([&] { return lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr != InvalidOid; });
  std::string const equal = comparable
                                ? equal_to(column, given, type)
                                : fmt::format("{}::text operator(pg_catalog.=) {}::text", column, given);
  return fmt::format("({} or {} is null and {} is null)", equal, column, given);
}

std::string RowWriter::same_key() const {
  std::string condition;
  for (size_t i = 0; i < key_.size(); ++i) {
    audit::Column const& column = source_.columns->at(key_[i]);
    if (i > 0) condition += " and ";
    condition += same_value("t." + quote_identifier(column.name), fmt::format("r.k{}", i + 1),
                            TupleDescAttr(table_, column.number - 1)->atttypid);
  }
  return condition;
}

std::string RowWriter::target() const {
  if (!source_.key.empty()) return fmt::format("{} r where {}", kRows, same_key());
  return fmt::format(
      "(select t.tableoid as part, t.ctid as place, r.* from {} t, {} r where {} limit 1) r where "
      "t.tableoid operator(pg_catalog.=) r.part and t.ctid operator(pg_catalog.=) r.place",
      source_.name, kRows, same_key());
}

int64_t RowWriter::insert(const std::vector<int>& slots, std::span<const RowWrite> rows) const {
  std::string names;
  for (int const slot : slots)
    names += (names.empty() ? "" : ", ") + quote_identifier(source_.columns->at(slot).name);
  return run(fmt::format("insert into {} ({}) overriding system value select {} from {} r", source_.name,
                         names, number_list("r.v", slots.size()), kRows),
             slots, rows);
}

int64_t RowWriter::change(const std::vector<int>& slots, std::span<const RowWrite> rows) const {
  std::string list;
  for (size_t i = 0; i < slots.size(); ++i)
    list += fmt::format("{}{} = r.v{}", i > 0 ? ", " : "",
                        quote_identifier(source_.columns->at(slots[i]).name), i + 1);
  return run(fmt::format("update {} t set {} from {}", source_.name, list, target()), slots, rows);
}

int64_t RowWriter::remove(std::span<const RowWrite> rows) const {
  return run(fmt::format("delete from {} t using {}", source_.name, target()), {}, rows);
}

bool RowWriter::changes_unique(const std::vector<int>& slots) const {
  std::vector<AttrNumber> numbers;
  numbers.reserve(slots.size());
  for (int const slot : slots)
    numbers.push_back(static_cast<AttrNumber>(source_.columns->at(slot).number));
  return pg::call([&] {
    bool found = false;
    Relation const opened = table_open(source_.relation, AccessShareLock);
    List* const indexes = RelationGetIndexList(opened);
    for (int i = 0; i < list_length(indexes) && !found; ++i) {
      Relation const index = index_open(list_nth_oid(indexes, i), AccessShareLock);
      Form_pg_index const form = index->rd_index;
      bool const expressions =
          form->indkey.dim1 > 0 && !heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, nullptr);
      for (int column = 0; (form->indisunique || form->indisexclusion) && column < form->indkey.dim1;
           ++column)
        for (AttrNumber const number : numbers)
          found = found || expressions || form->indkey.values[column] == number;
      index_close(index, AccessShareLock);
    }
    table_close(opened, AccessShareLock);
    return found;
  });
}

bool RowWriter::may_lock() const {
  return pg::call([&] {
    Oid const role = GetUserId();
    return pg_class_aclcheck(source_.relation, role, ACL_UPDATE) == ACLCHECK_OK ||
           pg_attribute_aclcheck_all(source_.relation, role, ACL_UPDATE, ACLMASK_ANY) == ACLCHECK_OK;
  });
}

std::vector<int> RowWriter::lock(std::span<const RowWrite> rows) const {
  std::vector<int> found(rows.size(), 0);
  pg::NamedRows given(kRows, shape_of({}, true));
  fill(given, {}, rows, true);
  pg::LocalSettings const settings;
  if (!is_row_secured(source_)) settings.set("row_security", "off");  // nothing may hide rows unnoticed
  pg::Spi session;
  given.show_to(session);
  static constexpr Oid kTypes[] = {INT8OID};
  pg::Cursor numbers(session,
                     fmt::format("select r.number from {} t join {} r on {}{}", source_.name, kRows,
                                 same_key(), !source_.key.empty() && may_lock() ? " for update of t" : ""),
                     {}, kTypes, pg::CursorKind::locking);
  for (auto batch = numbers.fetch(); !batch.empty(); batch = numbers.fetch()) {
    for (HeapTuple const row : batch) {
      Datum number = 0;
      bool null = false;
      heap_deform_tuple(row, numbers.shape(), &number, &null);
      ++found[static_cast<size_t>(DatumGetInt64(number))];
    }
  }
  return found;
}

}  // namespace deal::server
