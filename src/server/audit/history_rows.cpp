#include "server/audit/history_rows.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/quote.hpp"
#include "server/audit/compare.hpp"
#include "server/audit/encode.hpp"
#include "server/audit/history_target.hpp"
#include "server/bridge/role.hpp"
#include "server/bridge/spi.hpp"

namespace deal::server {

namespace {

/// What stands in an image for a slot, or null.
const audit::Field* field_of(const ImageFields& image, int slot) {
  for (int i = 0; i < image.count; ++i)
    if (image.fields[i].slot == slot) return &image.fields[i];
  return nullptr;
}

bool is_json_null(const audit::Field& field) {
  return logged(field.value).value.type == jbvNull;
}

const ImageColumn* column_of(const ImageShape& shape, int slot) {
  for (int i = 0; i < shape.count; ++i)
    if (shape.columns[i].slot == slot) return &shape.columns[i];
  return nullptr;
}

}  // namespace

std::span<const Oid> HistoryRows::header_types() {
  return HistoryTarget::kHeaderTypes;
}

std::string HistoryRows::columns() const {
  std::string list =
      "audit_at, audit_xid, audit_row_key, audit_seq, audit_layout, audit_ctx, audit_op, audit_changed, "
      "audit_rest";
  pg::AsRole const as_owner(source_.log_owner);
  pg::Spi spi;
  pg::SqlResult const rows = spi.query(
      "select attname from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and attnum > "
      "$2::integer and not attisdropped order by attnum",
      {quote_qualified(source_.log, source_.table.history), std::to_string(HistoryTarget::kHeader)});
  for (size_t row = 0; row < rows.size(); ++row)
    list += ", " + quote_identifier(rows.text(row, 0));
  return list;
}

void HistoryRows::begin(TupleDesc shape) {
  count_ = shape->natts - HistoryTarget::kHeader;
  words_ = column_words(count_) + 1;
  if (count_ != static_cast<int>(source_.table.history_columns.size()))
    throw Error("0A000", "the history of " + source_.name + " has other columns than its log says");
  std::vector<EncodedColumn> columns;
  std::vector<audit::NamedSlot> names;
  std::vector<int> slots;
  for (int i = 0; i < count_; ++i) {
    columns.push_back({static_cast<AttrNumber>(i + 1), audit::Treatment::plain});
    slots.push_back(source_.columns->slot_of_id(source_.table.history_columns[static_cast<size_t>(i)]));
    names.push_back({NameStr(TupleDescAttr(shape, HistoryTarget::kHeader + i)->attname), slots.back()});
  }
  std::ranges::sort(names, audit::jsonb_less, &audit::NamedSlot::name);
  pg::call([&] {
    MemoryContextSwitchTo(keep_);
    own_ = CreateTemplateTupleDesc(count_);
    for (int i = 0; i < count_; ++i)
      TupleDescCopyEntry(own_, static_cast<AttrNumber>(i + 1), shape,
                         static_cast<AttrNumber>(HistoryTarget::kHeader + i + 1));
    encoder_ = make_row_encoder(own_, columns.data(), count_, nullptr, 0, keep_);
    shape_ = {count_, static_cast<ImageColumn*>(palloc0(sizeof(ImageColumn) * (names.size() + 1)))};
    for (size_t i = 0; i < names.size(); ++i)
      shape_.columns[i] = {pnstrdup(names[i].name.data(), names[i].name.size()),
                           static_cast<int>(names[i].name.size()), names[i].slot, false, true};
    slots_ = static_cast<int*>(palloc(sizeof(int) * (slots.size() + 1)));
    is_key_ = static_cast<bool*>(palloc0(slots.size() + 1));
    for (size_t i = 0; i < slots.size(); ++i) {
      slots_[i] = slots[i];
      is_key_[i] = std::ranges::find(source_.key, slots[i]) != source_.key.end();
    }
  });
}

ImageFields HistoryRows::image(audit::Op op, const Datum* values, const bool* nulls,
                               const ImageShape& layout) const {
  auto* const chosen = static_cast<uint64_t*>(palloc0(sizeof(uint64_t) * static_cast<size_t>(words_)));
  struct varlena* const bits =
      nulls[HistoryTarget::changed] ? nullptr : PG_DETOAST_DATUM_PACKED(values[HistoryTarget::changed]);
  for (int i = 0; i < count_; ++i) {
    bool const changed = bits != nullptr && static_cast<size_t>(i / 8) < VARSIZE_ANY_EXHDR(bits) &&
                         (VARDATA_ANY(bits)[i / 8] >> (i % 8) & 1) != 0;
    bool const there = op == audit::Op::update ? changed || is_key_[i] : true;
    if (there && slots_[i] >= 0 && column_of(layout, slots_[i]) != nullptr) add_column(chosen, i);
  }
  struct varlena* const encoded =
      encode_row(encoder_, values + HistoryTarget::kHeader, nulls + HistoryTarget::kHeader, chosen);
  auto* const copy = static_cast<Jsonb*>(palloc(VARSIZE(encoded)));
  memcpy(copy, encoded, VARSIZE(encoded));
  ImageFields const own = read_image(copy, shape_);
  ImageFields const rest = nulls[HistoryTarget::rest]
                               ? ImageFields{nullptr, 0}
                               : read_image(DatumGetJsonbPCopy(values[HistoryTarget::rest]), layout);
  // A column may have several of its own in the history, one for each type that it had, and only one was set.
  ImageFields result{static_cast<audit::Field*>(
                         palloc(sizeof(audit::Field) * static_cast<size_t>(own.count + rest.count + 1))),
                     0};
  for (int i = 0; i < rest.count; ++i)
    result.fields[result.count++] = rest.fields[i];
  for (int i = 0; i < own.count; ++i) {
    auto* const known = const_cast<audit::Field*>(field_of(result, own.fields[i].slot));
    auto* const value = static_cast<LoggedValue*>(const_cast<void*>(own.fields[i].value));
    value->same_type = column_of(layout, own.fields[i].slot)->same_type;
    if (known == nullptr)
      result.fields[result.count++] = own.fields[i];
    else if (is_json_null(*known) && !logged(known->value).hidden)
      *known = own.fields[i];
  }
  return result;
}

}  // namespace deal::server
