#include "core/audit/json_limits.hpp"
#include "server/audit/encode_value.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

/// The elements of an array value, all its dimensions one after the other.
struct Elements {
  Datum* values;
  bool* nulls;
  int at;
};

JEntry put_dimension(JsonbOutput& out, ValueEncoder& element, Elements& elements, const int* sizes,
                     int dimensions) {
  size_t const from = out.offset();
  auto const count = static_cast<size_t>(*sizes);
  reserve(out, 3 + sizeof(JEntry) * (count + 1));
  pad(out);
  JEntry const header = static_cast<JEntry>(count) | JB_FARRAY;
  memcpy(out.at, &header, sizeof header);
  Children children(out.offset() + sizeof header, 0, 0);
  out.at += sizeof(JEntry) * (count + 1);
  for (size_t i = 0; i < count && !out.too_large; ++i) {
    CHECK_FOR_INTERRUPTS();
    if (dimensions > 1) {
      children.add(out, put_dimension(out, element, elements, sizes + 1, dimensions - 1));
      continue;
    }
    int const at = elements.at++;
    children.add(out, elements.nulls[at] ? JENTRY_ISNULL : put_value(out, element, elements.values[at]));
  }
  return container_entry(out, from);
}

/// The encoder of the elements, which a column of type anyarray tells only with its values.
ValueEncoder& element_encoder(ValueEncoder& array, Oid type) {
  ValueEncoder* const known = array.element;
  if (known != nullptr && known->type == type) return *known;
  if (known != nullptr && getBaseType(type) == known->type) return *known;
  array.element = static_cast<ValueEncoder*>(MemoryContextAllocZero(array.context, sizeof(ValueEncoder)));
  init_value_encoder(*array.element, type, array.context);
  return *array.element;
}

JEntry put_no_elements(JsonbOutput& out) {
  size_t const from = out.offset();
  reserve(out, 3 + sizeof(JEntry));
  pad(out);
  JEntry const header = JB_FARRAY;
  memcpy(out.at, &header, sizeof header);
  out.at += sizeof header;
  return entry(out, from, JENTRY_ISCONTAINER);
}

JEntry put_bytes_aligned(JsonbOutput& out, const char* bytes, size_t size, JEntry type) {
  size_t const from = out.offset();
  reserve(out, 3 + size);
  pad(out);
  memcpy(out.at, bytes, size);
  out.at += size;
  return entry(out, from, type);
}

}  // namespace

JEntry put_array(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  ArrayType* const array = DatumGetArrayTypeP(value);
  int const dimensions = ARR_NDIM(array);
  JEntry result = JENTRY_ISNULL;
  if (ArrayGetNItems(dimensions, ARR_DIMS(array)) <= 0) {
    result = put_no_elements(out);
  } else {
    Oid const type = ARR_ELEMTYPE(array);
    ValueEncoder& element = element_encoder(encoder, type);
    int16 length = 0;
    bool by_value = false;
    char align = 0;
    get_typlenbyvalalign(type, &length, &by_value, &align);
    Elements elements{};
    int count = 0;
    deconstruct_array(array, type, length, by_value, align, &elements.values, &elements.nulls, &count);
    result = put_dimension(out, element, elements, ARR_DIMS(array), dimensions);
    pfree(elements.values);
    pfree(elements.nulls);
  }
  if (DatumGetPointer(value) != reinterpret_cast<Pointer>(array)) pfree(array);
  return result;
}

JEntry put_jsonb(JsonbOutput& out, const char* jsonb, size_t size) {
  uint32 header = 0;
  memcpy(&header, jsonb, sizeof header);
  if ((header & JB_FSCALAR) == 0) return put_bytes_aligned(out, jsonb, size, JENTRY_ISCONTAINER);
  JEntry child = 0;  // the only one of what is stored as an array
  memcpy(&child, jsonb + sizeof header, sizeof child);
  const char* const data = jsonb + sizeof header + sizeof child;
  if (JBE_ISNUMERIC(child)) return put_bytes_aligned(out, data, JBE_OFFLENFLD(child), JENTRY_ISNUMERIC);
  if (JBE_ISSTRING(child)) return put_string(out, data, JBE_OFFLENFLD(child));
  return child & JENTRY_TYPEMASK;
}

JEntry put_json(JsonbOutput& out, Datum value) {
  Readable const json(value);
  JEntry result = JENTRY_ISNULL;
  if (audit::jsonb_holds({json.data(), json.size()}, GetDatabaseEncoding() == PG_UTF8)) {
    char* const text = pnstrdup(json.data(), json.size());
    Datum const parsed = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
    const char* const jsonb = DatumGetPointer(parsed);
    result = put_jsonb(out, VARDATA(jsonb), VARSIZE(jsonb) - VARHDRSZ);
    pfree(DatumGetPointer(parsed));
    pfree(text);
  } else {
    result = put_string(out, json.data(), json.size());
  }
  json.release();
  return result;
}

}  // namespace deal::server
