#include "server/audit/encode_object.hpp"

#include <algorithm>

extern "C" {
#include "access/htup_details.h"
#include "utils/typcache.h"
}

namespace deal::server {

namespace {

constexpr size_t kBitsPerWord = 64;

bool is_chosen(const uint64_t* chosen, AttrNumber attribute) {
  auto const bit = static_cast<size_t>(attribute);
  return (chosen[bit / kBitsPerWord] >> (bit % kBitsPerWord) & 1) != 0;
}

bool key_before(const ObjectMember& a, const ObjectMember& b) {
  if (a.key_size != b.key_size) return a.key_size < b.key_size;
  return memcmp(a.key, b.key, a.key_size) < 0;
}

void init_member(ObjectMember& member, Form_pg_attribute attribute, const EncodedColumn& column,
                 const Salt* salt, MemoryContext context) {
  member.attribute = static_cast<AttrNumber>(column.number - 1);
  member.key = MemoryContextStrdup(context, NameStr(attribute->attname));
  member.key_size = strlen(member.key);
  if (column.treatment == audit::Treatment::redacted)
    init_redacted(member.value);
  else if (column.treatment == audit::Treatment::hashed)
    init_hashed(member.value, attribute->atttypid, salt, context);
  else
    init_value_encoder(member.value, attribute->atttypid, context);
}

JEntry key_entry(size_t index, size_t size, size_t total) {
  if (index % JB_OFFSET_STRIDE != 0) return static_cast<JEntry>(size);
  return static_cast<JEntry>(total) | JENTRY_HAS_OFF;
}

/// Fills what all objects of the shape have in common.
void lay_out_keys(ObjectShape& shape, MemoryContext context) {
  for (int i = 0; i < shape.count; ++i)
    shape.keys_size += shape.members[i].key_size;
  shape.entries = static_cast<JEntry*>(
      MemoryContextAlloc(context, sizeof(JEntry) * (static_cast<size_t>(shape.count) + 1)));
  shape.keys = static_cast<char*>(MemoryContextAlloc(context, shape.keys_size + 1));
  shape.entries[0] = static_cast<JEntry>(shape.count) | JB_FOBJECT;
  size_t total = 0;
  for (int i = 0; i < shape.count; ++i) {
    const ObjectMember& member = shape.members[i];
    memcpy(shape.keys + total, member.key, member.key_size);
    total += member.key_size;
    shape.entries[i + 1] = key_entry(static_cast<size_t>(i), member.key_size, total);
  }
}

/// Appends header and keys, leaves room for the entries of the values.
Children put_all_keys(JsonbOutput& out, const ObjectShape& shape) {
  auto const count = static_cast<size_t>(shape.count);
  size_t const fixed = sizeof(JEntry) * (count + 1);
  size_t const entries = sizeof(JEntry) * count;
  reserve(out, 3 + fixed + entries + shape.keys_size);
  pad(out);
  memcpy(out.at, shape.entries, fixed);
  out.at += fixed;
  Children const values(out.offset(), count, shape.keys_size);
  out.at += entries;
  memcpy(out.at, shape.keys, shape.keys_size);
  out.at += shape.keys_size;
  return values;
}

Children put_chosen_keys(JsonbOutput& out, const ObjectShape& shape, const uint64_t* chosen) {
  size_t count = 0;
  for (int i = 0; i < shape.count; ++i)
    count += is_chosen(chosen, shape.members[i].attribute) ? 1 : 0;
  reserve(out, 3 + sizeof(JEntry) * (2 * count + 1) + shape.keys_size);
  pad(out);
  JEntry const header = static_cast<JEntry>(count) | JB_FOBJECT;
  memcpy(out.at, &header, sizeof header);
  char* entries = out.at + sizeof header;
  out.at = entries + sizeof(JEntry) * 2 * count;
  size_t total = 0;
  size_t index = 0;
  for (int i = 0; i < shape.count; ++i) {
    const ObjectMember& member = shape.members[i];
    if (!is_chosen(chosen, member.attribute)) continue;
    memcpy(out.at, member.key, member.key_size);
    out.at += member.key_size;
    total += member.key_size;
    JEntry const key = key_entry(index++, member.key_size, total);
    memcpy(entries, &key, sizeof key);
    entries += sizeof key;
  }
  return {static_cast<size_t>(entries - out.data), count, total};
}

}  // namespace

ObjectShape* make_object_shape(TupleDesc tuple, const EncodedColumn* columns, int count, const Salt* salt,
                               MemoryContext context) {
  auto* const shape = static_cast<ObjectShape*>(MemoryContextAllocZero(context, sizeof(ObjectShape)));
  auto const room = static_cast<size_t>(count) + 1;
  shape->members = static_cast<ObjectMember*>(MemoryContextAllocZero(context, sizeof(ObjectMember) * room));
  shape->sizes = static_cast<size_t*>(MemoryContextAllocZero(context, sizeof(size_t) * room));
  for (int i = 0; i < count; ++i) {
    if (columns[i].treatment == audit::Treatment::ignored) continue;
    init_member(shape->members[shape->count++], TupleDescAttr(tuple, columns[i].number - 1), columns[i], salt,
                context);
  }
  std::sort(shape->members, shape->members + shape->count, key_before);
  lay_out_keys(*shape, context);
  return shape;
}

JEntry put_object(JsonbOutput& out, ObjectShape& shape, const Datum* values, const bool* nulls,
                  const uint64_t* chosen) {
  size_t const from = out.offset();
  Children children = chosen == nullptr ? put_all_keys(out, shape) : put_chosen_keys(out, shape, chosen);
  for (int i = 0; i < shape.count; ++i) {
    ObjectMember& member = shape.members[i];
    AttrNumber const attribute = member.attribute;
    shape.sizes[i] = 0;
    if (chosen != nullptr && !is_chosen(chosen, attribute)) continue;
    JEntry const value = nulls[attribute] ? JENTRY_ISNULL : put_value(out, member.value, values[attribute]);
    shape.sizes[i] = out.too_large ? SIZE_MAX : JBE_OFFLENFLD(value);
    children.add(out, value);
    if (out.too_large) [[unlikely]] {
      std::fill(shape.sizes + i + 1, shape.sizes + shape.count, 0);
      return JENTRY_ISNULL;
    }
  }
  return container_entry(out, from);
}

JEntry put_composite(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  check_stack_depth();
  HeapTupleHeader const header = DatumGetHeapTupleHeader(value);
  Oid const type = HeapTupleHeaderGetTypeId(header);
  int32 const modifier = HeapTupleHeaderGetTypMod(header);
  TupleDesc const tuple_shape = lookup_rowtype_tupdesc(type, modifier);
  auto const attributes = static_cast<size_t>(tuple_shape->natts);
  uint64_t const version = assign_record_type_identifier(type, modifier);
  if (encoder.shape == nullptr || encoder.shape_version != version) {
    auto* const columns = static_cast<EncodedColumn*>(palloc(sizeof(EncodedColumn) * (attributes + 1)));
    int count = 0;
    for (int i = 0; i < tuple_shape->natts; ++i)
      if (!TupleDescAttr(tuple_shape, i)->attisdropped)
        columns[count++] = {static_cast<AttrNumber>(i + 1), audit::Treatment::plain};
    encoder.shape = make_object_shape(tuple_shape, columns, count, nullptr, encoder.context);
    encoder.shape_version = version;
    pfree(columns);
  }
  HeapTupleData tuple{};
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  tuple.t_data = header;
  auto* const values = static_cast<Datum*>(palloc((sizeof(Datum) + sizeof(bool)) * (attributes + 1)));
  bool* const nulls = reinterpret_cast<bool*>(values + attributes);
  heap_deform_tuple(&tuple, tuple_shape, values, nulls);
  JEntry const result = put_object(out, *encoder.shape, values, nulls, nullptr);
  pfree(values);
  ReleaseTupleDesc(tuple_shape);
  if (DatumGetPointer(value) != reinterpret_cast<Pointer>(header)) pfree(header);
  return result;
}

}  // namespace deal::server
