#include "server/audit/typed_value.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"
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

/// The text of a value, without quotes around a string.
char* text_of(const JsonbValue& value) {
  switch (value.type) {
    case jbvString:
      return pnstrdup(value.val.string.val, static_cast<Size>(value.val.string.len));
    case jbvNumeric:
      return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
    case jbvBool:
      return pstrdup(value.val.boolean ? "true" : "false");
    default:
      return JsonbToCString(nullptr, value.val.binary.data, value.val.binary.len);
  }
}

/// Arrays and composite values: by the server's jsonb_populate_record, as an object of this one column.
Datum populated_value(const JsonbValue& value, TypedColumn& column, bool* null) {
  ObjectBuilder object = begin_object();
  add_to_object(object, column.name, static_cast<int>(strlen(column.name)), value);
  LOCAL_FCINFO(call, 2);
  InitFunctionCallInfoData(*call, &column.populate->function, 2, InvalidOid, nullptr, nullptr);
  call->args[0].value = 0;
  call->args[0].isnull = true;
  call->args[1].value = JsonbPGetDatum(end_object(object));
  call->args[1].isnull = false;
  Datum const record = FunctionCallInvoke(call);
  HeapTupleHeader const header = DatumGetHeapTupleHeader(record);
  HeapTupleData tuple{};
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  tuple.t_data = header;
  return heap_getattr(&tuple, column.number, column.populate->row, null);
}

/// A column of JSON, or of a domain of it.
Datum json_value(const JsonbValue& value, Oid base, TypedColumn& column) {
  JsonbValue copy = value;
  Jsonb* const jsonb = JsonbValueToJsonb(&copy);
  if (column.type == JSONBOID) return JsonbPGetDatum(jsonb);
  char* const text = JsonbToCString(nullptr, &jsonb->root, static_cast<int>(VARSIZE(jsonb)));
  if (column.type == base) return CStringGetTextDatum(text);
  return InputFunctionCall(&column.input, text, column.input_parameter, column.modifier);
}

bool is_array_or_composite(Oid type) {
  Oid const base = getBaseType(type);
  return OidIsValid(get_element_type(base)) || type_is_rowtype(base);
}

Populate* make_populate(Oid relation, MemoryContext context) {
  auto* const populate = static_cast<Populate*>(MemoryContextAllocZero(context, sizeof(Populate)));
  populate->row_type = get_rel_type_id(relation);
  populate->row = lookup_rowtype_tupdesc_copy(populate->row_type, -1);
  fmgr_info_cxt(F_JSONB_POPULATE_RECORD, &populate->function, context);
  // The function asks for the type of its first argument, so there must be an expression.
  MemoryContext const outer = MemoryContextSwitchTo(context);
  List* const arguments =
      list_make2(makeNullConst(populate->row_type, -1, InvalidOid), makeNullConst(JSONBOID, -1, InvalidOid));
  FuncExpr* const expression = makeFuncExpr(F_JSONB_POPULATE_RECORD, populate->row_type, arguments,
                                            InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
  fmgr_info_set_expr(reinterpret_cast<Node*>(expression), &populate->function);
  MemoryContextSwitchTo(outer);
  return populate;
}

}  // namespace

TypedColumn* typed_columns(TupleDesc shape, Oid relation, MemoryContext context) {
  MemoryContext const outer = MemoryContextSwitchTo(context);
  auto* const columns =
      static_cast<TypedColumn*>(palloc0(sizeof(TypedColumn) * (static_cast<size_t>(shape->natts) + 1)));
  Populate* const populate = make_populate(relation, context);
  for (int i = 0; i < shape->natts; ++i) {
    Form_pg_attribute const attribute = TupleDescAttr(shape, i);
    if (attribute->attisdropped) continue;
    TypedColumn& column = columns[i];
    column.type = attribute->atttypid;
    column.modifier = attribute->atttypmod;
    column.name = pstrdup(NameStr(attribute->attname));
    column.number = get_attnum(relation, column.name);
    column.populate = populate;
    Oid input = InvalidOid;
    getTypeInputInfo(column.type, &input, &column.input_parameter);
    fmgr_info_cxt(input, &column.input, context);
  }
  MemoryContextSwitchTo(outer);
  return columns;
}

Datum typed_value(const LoggedValue& value, TypedColumn& column, bool* null) {
  // jsonb's null is JSON's only where the column is jsonb; a NULL there reads the same in an image
  *null = value.hidden || value.value.type == jbvNull;
  if (*null) return 0;
  Datum result = 0;
  if (value.same_type && plain_value(value.value, column, &result)) return result;
  Oid const base = getBaseType(column.type);
  if (base == JSONBOID || base == JSONOID) return json_value(value.value, base, column);
  if (value.value.type == jbvBinary && is_array_or_composite(column.type))
    return populated_value(value.value, column, null);
  return InputFunctionCall(&column.input, text_of(value.value), column.input_parameter, column.modifier);
}

}  // namespace deal::server
