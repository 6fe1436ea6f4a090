#include "server/audit/current_rows.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/compare.hpp"
#include "server/audit/encode.hpp"
#include "server/audit/log_rights.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

std::string statement(const LogSource& source, const std::vector<int>& slots, const RowCondition& condition) {
  std::string list;
  for (int const slot : slots) {
    if (!list.empty()) list += ", ";
    list += "t." + quote_identifier(source.columns->at(slot).name);
  }
  std::string sql = fmt::format("select {} from {} t", list, source.name);
  if (!condition.where.empty()) sql += " where " + condition.where;
  return sql;
}

std::vector<int> recorded_slots(const LogSource& source) {
  std::vector<int> slots;
  for (int slot = 0; slot < source.columns->count(); ++slot)
    if (source.recorded[static_cast<size_t>(slot)]) slots.push_back(slot);
  return slots;
}

}  // namespace

CurrentRows::CurrentRows(const LogSource& source, const RowCondition& condition, MemoryContext keep)
    : source_(source),
      reader_(is_row_secured(source) ? source.owner : pg::current_role()),
      slots_(recorded_slots(source)),
      identity_(identity_of(source, keep)) {
  settings_.set("row_security", "off");
  std::string const sql = statement(source, slots_, condition);
  if (reader_ == pg::current_role()) {
    rows_.emplace(session_, sql, condition.parameters, std::span<const Oid>());
  } else {
    pg::AsRole const as_owner(reader_);
    rows_.emplace(session_, sql, condition.parameters, std::span<const Oid>());
  }
  make_encoders(keep);
}

void CurrentRows::make_encoders(MemoryContext keep) {
  std::vector<audit::NamedSlot> names;
  std::vector<EncodedColumn> plain;
  std::vector<EncodedColumn> as_logged;
  std::vector<uint64_t> keys(static_cast<size_t>(column_words(columns())) + 1, 0);
  for (int i = 0; i < columns(); ++i) {
    audit::Column const& column = source_.columns->at(slot(i));
    names.push_back({column.name, slot(i)});
    plain.push_back({static_cast<AttrNumber>(i + 1), audit::Treatment::plain});
    as_logged.push_back({static_cast<AttrNumber>(i + 1), column.treatment});
    if (std::ranges::find(source_.key, slot(i)) != source_.key.end()) add_column(keys.data(), i);
  }
  std::ranges::sort(names, audit::jsonb_less, &audit::NamedSlot::name);
  pg::call([&] {
    MemoryContextSwitchTo(keep);
    shape_.count = columns();
    shape_.columns = static_cast<ImageColumn*>(palloc0(sizeof(ImageColumn) * (names.size() + 1)));
    for (size_t i = 0; i < names.size(); ++i)
      shape_.columns[i] = {pnstrdup(names[i].name.data(), names[i].name.size()),
                           static_cast<int>(names[i].name.size()), names[i].slot, false, true};
    std::string const& salt = source_.table.salt;
    encoder_ = make_row_encoder(shape(), plain.data(), columns(), nullptr, 0, keep);
    key_encoder_ = make_row_encoder(shape(), as_logged.data(), columns(), salt.data(), salt.size(), keep);
    if (identity_.whole_row) return;
    key_columns_ = static_cast<uint64_t*>(palloc(sizeof(uint64_t) * keys.size()));
    memcpy(key_columns_, keys.data(), sizeof(uint64_t) * keys.size());
  });
}

std::span<HeapTuple> CurrentRows::fetch() {
  if (reader_ == pg::current_role()) return rows_->fetch();
  pg::AsRole const as_owner(reader_);
  return rows_->fetch();
}

void CurrentRows::deform(HeapTuple row, Datum* values, bool* nulls) const {
  heap_deform_tuple(row, rows_->shape(), values, nulls);
}

ImageFields CurrentRows::image(const Datum* values, const bool* nulls) const {
  struct varlena* const encoded = encode_row(encoder_, values, nulls, nullptr);
  auto* const copy = static_cast<Jsonb*>(palloc(VARSIZE(encoded)));
  memcpy(copy, encoded, VARSIZE(encoded));
  return read_image(copy, shape_);
}

StringInfoData CurrentRows::identity(const Datum* values, const bool* nulls) const {
  struct varlena* const encoded = encode_row(key_encoder_, values, nulls, key_columns_);
  return identity_text(identity_, read_image(reinterpret_cast<Jsonb*>(encoded), shape_));
}

std::string equal_to(const std::string& left, const std::string& right, Oid type) {
  struct Operator {
    const char* schema;
    const char* name;
  };
  Operator const found = pg::call([&] {
    Oid const equality = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
    HeapTuple const tuple =
        equality == InvalidOid ? nullptr : SearchSysCache1(OPEROID, ObjectIdGetDatum(equality));
    if (tuple == nullptr) return Operator{nullptr, nullptr};
    auto const* const form = reinterpret_cast<Form_pg_operator>(GETSTRUCT(tuple));
    Operator const result{get_namespace_name(form->oprnamespace), pstrdup(NameStr(form->oprname))};
    ReleaseSysCache(tuple);
    return result;
  });
  if (found.name == nullptr) throw Error("42883", "a column of the key has a type without equality");
  return fmt::format("{} operator({}.{}) {}", left, quote_identifier(found.schema), found.name, right);
}

RowCondition key_condition(const LogSource& source, const std::vector<pg::Parameter>& key) {
  RowCondition condition;
  for (size_t i = 0; i < key.size(); ++i) {
    if (i > 0) condition.where += " and ";
    condition.where += equal_to("t." + quote_identifier(source.columns->at(source.key[i]).name),
                                fmt::format("${}", i + 1), key[i].type);
  }
  condition.parameters = key;
  return condition;
}

}  // namespace deal::server
