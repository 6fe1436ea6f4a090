#include "server/bridge/datum.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace pg {

Datum text_datum(std::string_view text) {
  return call(
      [&] { return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size()))); });
}

Datum name_datum(std::string_view name) {
  return call([&] {
    auto* result = static_cast<Name>(palloc0(NAMEDATALEN));
    int const length = pg_mbcliplen(name.data(), static_cast<int>(name.size()), NAMEDATALEN - 1);
    std::memcpy(NameStr(*result), name.data(), static_cast<size_t>(length));
    return NameGetDatum(result);
  });
}

Datum text_array_datum(std::span<const std::string> elements) {
  return call([&] {
    auto* datums = static_cast<Datum*>(palloc(sizeof(Datum) * (elements.size() + 1)));
    for (size_t i = 0; i < elements.size(); ++i)
      datums[i] =
          PointerGetDatum(cstring_to_text_with_len(elements[i].data(), static_cast<int>(elements[i].size())));
    return PointerGetDatum(
        construct_array(datums, static_cast<int>(elements.size()), TEXTOID, -1, false, TYPALIGN_INT));
  });
}

Datum jsonb_datum(std::string_view json) {
  return call([&] {
    char* copy = pnstrdup(json.data(), json.size());
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(copy));
  });
}

Value value(std::string_view text) {
  return {text_datum(text), false};
}
Value value(std::span<const std::string> elements) {
  return {text_array_datum(elements), false};
}
Value json_value(std::string_view json) {
  return {jsonb_datum(json), false};
}
Value timestamp_value(TimestampTz at) {
  return {TimestampTzGetDatum(at), false};
}

std::string text_of(Datum datum) {
  text* const detoasted = call([&] { return DatumGetTextPP(datum); });
  return {VARDATA_ANY(detoasted), static_cast<size_t>(VARSIZE_ANY_EXHDR(detoasted))};
}

std::string name_of(Datum name) {
  return NameStr(*DatumGetName(name));
}

std::string output_of(Datum datum, Oid type) {
  return call([&]() -> const char* {
    Oid output = InvalidOid;
    bool varlena = false;
    getTypeOutputInfo(type, &output, &varlena);
    return OidOutputFunctionCall(output, datum);
  });
}

std::vector<std::string> text_array_of(Datum datum) {
  struct Elements {
    Datum* values;
    bool* nulls;
    int count;
    int dimensions;
    Oid type;
  };
  Elements const array = call([&] {
    Elements out{};
    ArrayType* const flat = DatumGetArrayTypeP(datum);
    out.type = ARR_ELEMTYPE(flat);
    out.dimensions = ARR_NDIM(flat);
    int16 length = 0;
    bool by_value = false;
    char align = 0;
    get_typlenbyvalalign(out.type, &length, &by_value, &align);
    deconstruct_array(flat, out.type, length, by_value, align, &out.values, &out.nulls, &out.count);
    return out;
  });
  if (array.type != TEXTOID && array.type != VARCHAROID && array.type != NAMEOID)
    throw deal::Error("42804", "array of text or names expected");
  if (array.dimensions > 1)
    throw deal::Error("2202E", "array must have one dimension").hint("Unnest it and build a flat array.");
  std::vector<std::string> result;
  result.reserve(static_cast<size_t>(array.count));
  for (int i = 0; i < array.count; ++i) {
    if (array.nulls[i])
      throw deal::Error("22004", "array element must not be null").hint("Remove NULL from the array.");
    result.push_back(array.type == NAMEOID ? name_of(array.values[i]) : text_of(array.values[i]));
  }
  return result;
}

}  // namespace pg
