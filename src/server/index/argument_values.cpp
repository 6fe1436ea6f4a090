#include "server/index/argument_values.hpp"

#include <algorithm>

extern "C" {
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "tsearch/ts_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
}

namespace deal::server {

namespace {

constexpr Oid kJsonbContains = 3246;
constexpr Oid kTextSearchMatch = 3636;
constexpr Oid kSimpleConfiguration = 3748;
constexpr int kLongestPart = 12;  ///< bytes of a pattern between its wildcards
constexpr int kShortestBeginning = 3;

bool is_special(char c) {
  return c == '%' || c == '_' || c == '\\';
}

Datum text_of(const char* bytes, int size, int wanted) {
  return PointerGetDatum(cstring_to_text_with_len(bytes, pg_mbcliplen(bytes, size, wanted)));
}

/// A quarter, a half, three quarters of the value.
Datum beginning_of(const text* value, int narrowness) {
  const char* const bytes = VARDATA_ANY(value);
  int const size = static_cast<int>(VARSIZE_ANY_EXHDR(value));
  int const share = std::min(size * (1 + narrowness) / 4, kLongestPart);
  int wanted = std::max(std::min(size, kShortestBeginning), share);
  for (int i = 0; i < wanted; ++i)
    if (is_special(bytes[i])) wanted = i;
  return text_of(bytes, size, wanted);
}

/// The longest word of the value; narrower, its last word.
Datum part_of(const text* value, int narrowness) {
  const char* const bytes = VARDATA_ANY(value);
  int const size = static_cast<int>(VARSIZE_ANY_EXHDR(value));
  int best = 0;
  int length = 0;
  for (int start = 0, i = 0; i <= size; ++i) {
    if (i < size && bytes[i] != ' ' && !is_special(bytes[i])) continue;
    if (i > start && (narrowness > 0 || i - start > length)) {
      best = start;
      length = i - start;
    }
    start = i + 1;
  }
  return text_of(bytes + best, length, std::min(length, kLongestPart));
}

/// An object of the value's first plain fields; 0 when it has none.
Datum fields_of(Jsonb* document, int count) {
  if (!JB_ROOT_IS_OBJECT(document)) return 0;
  JsonbIterator* iterator = JsonbIteratorInit(&document->root);
  JsonbParseState* state = nullptr;
  JsonbValue key;
  JsonbValue value;
  int taken = 0;
  JsonbIteratorNext(&iterator, &key, false);  // the object begins
  pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
  while (taken < count && JsonbIteratorNext(&iterator, &key, true) == WJB_KEY) {
    if (JsonbIteratorNext(&iterator, &value, true) != WJB_VALUE) break;
    if (value.type == jbvBinary || value.type == jbvNull) continue;
    pushJsonbValue(&state, WJB_KEY, &key);
    pushJsonbValue(&state, WJB_VALUE, &value);
    ++taken;
  }
  JsonbValue* const object = pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
  return taken > 0 ? JsonbPGetDatum(JsonbValueToJsonb(object)) : 0;
}

/// An array of the value's first elements; 0 when it has none.
Datum elements_of(ArrayType* array, int wanted) {
  int16 length = 0;
  bool by_value = false;
  char align = 0;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &align);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, align, &elements, &nulls, &count);
  int filled = 0;
  while (filled < std::min(count, wanted) && !nulls[filled])
    ++filled;
  if (filled == 0) return 0;
  return PointerGetDatum(construct_array(elements, filled, ARR_ELEMTYPE(array), length, by_value, align));
}

/// The longest words of a vector, or the word itself where statistics keep words.
Datum words_of(const Const* value, int wanted) {
  if (value->consttype != TSVECTOROID) return value->constvalue;
  TSVector const vector = DatumGetTSVector(value->constvalue);
  if (vector->size == 0) return 0;
  WordEntry* const words = ARRPTR(vector);
  const char* const bytes = STRPTR(vector);
  std::stable_sort(words, words + vector->size,
                   [](const WordEntry& a, const WordEntry& b) { return a.len > b.len; });
  StringInfoData text;
  initStringInfo(&text);
  for (int i = 0; i < std::min<int>(vector->size, wanted); ++i) {
    if (i > 0) appendStringInfoChar(&text, ' ');
    appendBinaryStringInfo(&text, bytes + words[i].pos, static_cast<int>(words[i].len));
  }
  return CStringGetTextDatum(text.data);
}

}  // namespace

bool wants_value(Oid op) {
  return op == OID_TEXT_LIKE_OP || op == OID_TEXT_ICLIKE_OP || op == kJsonbContains ||
         op == OID_ARRAY_OVERLAP_OP || op == OID_ARRAY_CONTAINS_OP || op == kTextSearchMatch;
}

Datum words_for(Oid op, const Const* value, int narrowness) {
  switch (op) {
    case OID_TEXT_LIKE_OP:
      return beginning_of(DatumGetTextPP(value->constvalue), narrowness);
    case OID_TEXT_ICLIKE_OP:
      return part_of(DatumGetTextPP(value->constvalue), narrowness);
    case kTextSearchMatch:
      return words_of(value, 1 + narrowness);
    default:
      return 0;
  }
}

Datum argument_for(Oid op, const Const* value, int narrowness) {
  if (op == kJsonbContains) return fields_of(DatumGetJsonbP(value->constvalue), 1 + narrowness);
  if (op == OID_ARRAY_CONTAINS_OP)
    return elements_of(DatumGetArrayTypeP(value->constvalue), 1 + std::min(narrowness, 1));
  if (op == OID_ARRAY_OVERLAP_OP) return elements_of(DatumGetArrayTypeP(value->constvalue), 1);
  Datum const words = words_for(op, value, narrowness);
  if (words == 0) return 0;
  if (op == kTextSearchMatch)
    return DirectFunctionCall2(plainto_tsquery_byid, ObjectIdGetDatum(kSimpleConfiguration), words);
  const char* const form = op == OID_TEXT_LIKE_OP ? "%s%%" : "%%%s%%";
  return CStringGetTextDatum(psprintf(form, TextDatumGetCString(words)));
}

}  // namespace deal::server
