#include "server/audit/typed_value.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonfuncs.h"
#include "utils/numeric.h"
}

namespace deal::server {

namespace {

/// The types that most columns have, without the detour over the server's general conversion; false: not one.
bool plain_value(const JsonbValue& value, const TypedColumn& column, Datum* result) {
  if (value.type == jbvNumeric) {
    Datum const number = NumericGetDatum(value.val.numeric);
    switch (column.type) {
      case INT2OID:
        *result = DirectFunctionCall1(numeric_int2, number);
        return true;
      case INT4OID:
        *result = DirectFunctionCall1(numeric_int4, number);
        return true;
      case INT8OID:
        *result = DirectFunctionCall1(numeric_int8, number);
        return true;
      case NUMERICOID:
        *result = NumericGetDatum(DatumGetNumericCopy(number));
        return true;
      default:
        return false;
    }
  }
  if (value.type == jbvBool && column.type == BOOLOID) {
    *result = BoolGetDatum(value.val.boolean);
    return true;
  }
  if (value.type == jbvString && (column.type == TEXTOID || column.type == VARCHAROID)) {
    *result = PointerGetDatum(cstring_to_text_with_len(value.val.string.val, value.val.string.len));
    return true;
  }
  return false;
}

Datum populated_value(const JsonbValue& value, TypedColumn& column, bool* null) {
  JsonbValue copy = value;
  Datum const jsonb = JsonbPGetDatum(JsonbValueToJsonb(&copy));
#if PG_VERSION_NUM >= 170000
  return json_populate_type(jsonb, JSONBOID, column.type, column.modifier, &column.populate, column.context, null,
                            false, nullptr);
#else
  return json_populate_type(jsonb, JSONBOID, column.type, column.modifier, &column.populate, column.context, null);
#endif
}

}  // namespace

TypedColumn* typed_columns(TupleDesc shape, MemoryContext context) {
  auto* const columns = static_cast<TypedColumn*>(
      MemoryContextAllocZero(context, sizeof(TypedColumn) * (static_cast<size_t>(shape->natts) + 1)));
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const attribute = TupleDescAttr(shape, i);
    columns[i] = {attribute->atttypid, attribute->atttypmod, attribute->attcollation, nullptr, context};
  }
  return columns;
}

Datum typed_value(const LoggedValue& value, TypedColumn& column, bool* null) {
  // jsonb's null is JSON's only where the column is jsonb; a NULL there reads the same in an image
  *null = value.hidden || value.value.type == jbvNull;
  if (*null) return 0;
  Datum result = 0;
  if (value.same_type && plain_value(value.value, column, &result)) return result;
  return populated_value(value.value, column, null);
}

}  // namespace deal::server
