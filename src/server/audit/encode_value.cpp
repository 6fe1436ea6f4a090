#include "server/audit/encode_value.hpp"

#include "core/audit/numeric_bytes.hpp"
#include "core/audit/value_text.hpp"
#include "server/bridge/standard_output.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "parser/parse_coerce.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace deal::server {

namespace {

bool is_array(Oid type) {
  return OidIsValid(get_element_type(type)) || type == ANYARRAYOID || type == ANYCOMPATIBLEARRAYOID ||
         type == RECORDARRAYOID;
}

/// The cast to json that was defined for a type that isn't the server's own; the server's to_jsonb uses it.
Oid json_cast(Oid type) {
  if (type < FirstNormalObjectId) return InvalidOid;
  Oid function = InvalidOid;
  CoercionPathType const path = find_coercion_pathway(JSONOID, type, COERCION_EXPLICIT, &function);
  return path == COERCION_PATH_FUNC ? function : InvalidOid;
}

/// The kinds that the type alone tells; `output` for others.
ValueKind kind_of_builtin(Oid type) {
  switch (type) {
    case BOOLOID:
      return ValueKind::boolean;
    case INT2OID:
      return ValueKind::int2;
    case INT4OID:
      return ValueKind::int4;
    case INT8OID:
      return ValueKind::int8;
    case FLOAT4OID:
      return ValueKind::float4;
    case FLOAT8OID:
      return ValueKind::float8;
    case NUMERICOID:
      return ValueKind::numeric;
    case DATEOID:
      return ValueKind::date;
    case TIMESTAMPOID:
      return ValueKind::timestamp;
    case TIMESTAMPTZOID:
      return ValueKind::timestamptz;
    case NAMEOID:
      return ValueKind::name;
    case UUIDOID:
      return ValueKind::uuid;
    case BYTEAOID:
      return ValueKind::bytea;
    case OIDOID:
      return ValueKind::oid;
    case JSONOID:
      return ValueKind::json;
    case JSONBOID:
      return ValueKind::jsonb;
    default:
      return ValueKind::output;
  }
}

/// How the text of a type that has no other representation is had.
ValueKind kind_of_output(Oid type, PGFunction output) {
  if (output == textout || output == varcharout || output == bpcharout) return ValueKind::text;
  switch (type) {
    case MONEYOID:
      return ValueKind::money;
    case REGCLASSOID:
    case REGCOLLATIONOID:
    case REGCONFIGOID:
    case REGDICTIONARYOID:
    case REGOPEROID:
    case REGOPERATOROID:
    case REGPROCOID:
    case REGPROCEDUREOID:
    case REGTYPEOID:
      return ValueKind::named_object;
    default:
      return ValueKind::output;
  }
}

ValueKind init_output(ValueEncoder& encoder) {
  Oid function = InvalidOid;
  bool varlena = false;
  getTypeOutputInfo(encoder.type, &function, &varlena);
  fmgr_info_cxt(function, &encoder.function, encoder.context);
  return kind_of_output(encoder.type, encoder.function.fn_addr);
}

ValueKind init_array(ValueEncoder& encoder) {
  Oid const element = get_element_type(encoder.type);
  if (OidIsValid(element)) {
    encoder.element =
        static_cast<ValueEncoder*>(MemoryContextAllocZero(encoder.context, sizeof(ValueEncoder)));
    init_value_encoder(*encoder.element, element, encoder.context);
  }
  return ValueKind::array;
}

ValueKind init_by_type(ValueEncoder& encoder) {
  ValueKind const builtin = kind_of_builtin(encoder.type);
  if (builtin != ValueKind::output) return builtin;
  if (is_array(encoder.type)) return init_array(encoder);
  if (type_is_rowtype(encoder.type)) return ValueKind::composite;
  ValueKind const without_cast = init_output(encoder);
  return OidIsValid(json_cast(encoder.type)) ? ValueKind::json_cast : without_cast;
}

JEntry put_integer(JsonbOutput& out, int64_t value) {
  return put_numeric(out, audit::kIntegerBytes, [value](char* at) { return audit::put_integer(value, at); });
}

/// The shortest text that reads back as the same number: what extra_float_digits = 1 asks for.
JEntry put_float(JsonbOutput& out, std::string_view text) {
  if (text.find_first_of("Nn") != std::string_view::npos) return put_string(out, text);
  return put_numeric(out, audit::kDecimalBytes, [text](char* at) { return audit::put_decimal(text, at); });
}

JEntry put_float4(JsonbOutput& out, float value) {
  char text[FLOAT_SHORTEST_DECIMAL_LEN];
  return put_float(out, {text, static_cast<size_t>(float_to_shortest_decimal_buf(value, text))});
}

JEntry put_float8(JsonbOutput& out, double value) {
  char text[DOUBLE_SHORTEST_DECIMAL_LEN];
  return put_float(out, {text, static_cast<size_t>(double_to_shortest_decimal_buf(value, text))});
}

/// As the server writes it today: through its text.
JEntry put_wordy_numeric(JsonbOutput& out, Datum value) {
  Datum const text = DirectFunctionCall1(numeric_out, value);
  Datum const number = DirectFunctionCall3(numeric_in, text, ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  Readable const canonical(number);
  return put_numeric(out, canonical.size(), [&canonical](char* at) {
    memcpy(at, canonical.data(), canonical.size());
    return canonical.size();
  });
}

JEntry put_stored_numeric(JsonbOutput& out, const char* stored, size_t size, Datum value) {
  switch (audit::numeric_form(stored, size)) {
    case audit::NumericForm::nan:
      return put_string(out, "NaN");
    case audit::NumericForm::infinity:
      return put_string(out, "Infinity");
    case audit::NumericForm::minus_infinity:
      return put_string(out, "-Infinity");
    case audit::NumericForm::wordy:
      return put_wordy_numeric(out, value);
    case audit::NumericForm::canonical:
      break;
  }
  return put_numeric(out, size, [stored, size](char* at) {
    memcpy(at, stored, size);
    return size;
  });
}

JEntry put_numeric_value(JsonbOutput& out, Datum value) {
  Readable const number(value);
  JEntry const result = put_stored_numeric(out, number.data(), number.size(), value);
  number.release();
  return result;
}

/// What the fast writers don't write: years before 1 or after 9999, infinity.
JEntry put_other_time(JsonbOutput& out, Datum value, Oid type) {
  char text[MAXDATELEN + 1];
  int const utc = 0;
  JsonEncodeDateTime(text, value, type, type == TIMESTAMPTZOID ? &utc : nullptr);
  return put_string(out, text, strlen(text));
}

JEntry put_date(JsonbOutput& out, Datum value) {
  reserve(out, audit::kTimeTextBytes);
  size_t const size = audit::put_date(DatumGetDateADT(value), out.at);
  if (size == 0) return put_other_time(out, value, DATEOID);
  out.at += size;
  return static_cast<JEntry>(size);
}

JEntry put_timestamp(JsonbOutput& out, Datum value, bool in_utc) {
  reserve(out, audit::kTimeTextBytes);
  size_t const size = audit::put_timestamp(DatumGetTimestamp(value), in_utc, out.at);
  if (size == 0) return put_other_time(out, value, in_utc ? TIMESTAMPTZOID : TIMESTAMPOID);
  out.at += size;
  return static_cast<JEntry>(size);
}

JEntry put_text(JsonbOutput& out, Datum value) {
  Readable const text(value);
  JEntry const result = put_string(out, text.data(), text.size());
  text.release();
  return result;
}

JEntry put_uuid(JsonbOutput& out, Datum value) {
  reserve(out, audit::kUuidTextBytes);
  audit::put_uuid(DatumGetUUIDP(value)->data, out.at);
  out.at += audit::kUuidTextBytes;
  return audit::kUuidTextBytes;
}

JEntry put_bytea(JsonbOutput& out, Datum value) {
  Readable const bytes(value);
  size_t const size = 2 + 2 * bytes.size();
  JEntry result = static_cast<JEntry>(size);
  if (size > JENTRY_OFFLENMASK) {
    result = fail_too_large(out);
  } else {
    reserve(out, size);
    out.at[0] = '\\';
    out.at[1] = 'x';
    audit::put_hex(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), out.at + 2);
    out.at += size;
  }
  bytes.release();
  return result;
}

JEntry put_oid(JsonbOutput& out, Oid value) {
  char digits[10];
  return put_string(out, digits, audit::put_unsigned(value, digits));
}

JEntry put_jsonb_value(JsonbOutput& out, Datum value) {
  Readable const jsonb(value);
  JEntry const result = put_jsonb(out, jsonb.data(), jsonb.size());
  jsonb.release();
  return result;
}

/// The value's text; palloc'd.
char* text_of(ValueKind kind, FmgrInfo* output, Datum value) {
  if (kind == ValueKind::named_object)
    return pg::standard_output_with(output, value, "search_path", "pg_catalog");
  if (kind == ValueKind::money) return pg::standard_output_with(output, value, "lc_monetary", "C");
  return pg::standard_output(output, value);
}

JEntry put_output(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  char* const text = text_of(encoder.kind, &encoder.function, value);
  JEntry const result = put_string(out, text, strlen(text));
  pfree(text);
  return result;
}

/// The cast is looked up each time, as to_jsonb does: it may have been dropped since the encoder was made.
JEntry put_cast(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  Oid const cast = json_cast(encoder.type);
  if (!OidIsValid(cast)) return put_output(out, encoder, value);
  FmgrInfo function{};
  fmgr_info(cast, &function);
  NullableDatum const json = pg::call_with_standard_settings(&function, value);
  return json.isnull ? JENTRY_ISNULL : put_json(out, json.value);
}

JEntry put_hash(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  char* const text = text_of(encoder.text_kind, &encoder.function, value);
  size_t const text_size = strlen(text);
  size_t const salt_size = encoder.salt->size;
  size_t const size = VARHDRSZ + salt_size + text_size;
  if (size > MaxAllocSize) return fail_too_large(out);
  auto* const input = static_cast<bytea*>(palloc(size));
  SET_VARSIZE(input, size);
  if (salt_size > 0) memcpy(VARDATA(input), encoder.salt->bytes, salt_size);
  memcpy(VARDATA(input) + salt_size, text, text_size);
  bytea* const digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(input)));
  size_t const digest_size = VARSIZE_ANY_EXHDR(digest);
  reserve(out, 2 * digest_size);
  audit::put_hex(reinterpret_cast<const uint8_t*>(VARDATA_ANY(digest)), digest_size, out.at);
  out.at += 2 * digest_size;
  pfree(digest);
  pfree(input);
  pfree(text);
  return static_cast<JEntry>(2 * digest_size);
}

}  // namespace

void init_value_encoder(ValueEncoder& encoder, Oid type, MemoryContext context) {
  encoder = ValueEncoder{};
  encoder.type = getBaseType(type);
  encoder.context = context;
  encoder.kind = init_by_type(encoder);
}

void init_redacted(ValueEncoder& encoder) {
  encoder = ValueEncoder{};
  encoder.kind = ValueKind::redacted;
}

void init_hashed(ValueEncoder& encoder, Oid type, const Salt* salt, MemoryContext context) {
  encoder = ValueEncoder{};
  encoder.type = getBaseType(type);
  encoder.context = context;
  encoder.text_kind = init_output(encoder);
  encoder.kind = ValueKind::hashed;
  encoder.salt = salt;
}

bool runs_foreign_code(const ValueEncoder& encoder) {
  switch (encoder.kind) {
    case ValueKind::json_cast:
    case ValueKind::composite:
      return true;
    case ValueKind::array:
      return encoder.element == nullptr || runs_foreign_code(*encoder.element);
    case ValueKind::output:
    case ValueKind::hashed:
      return encoder.type >= FirstNormalObjectId && encoder.function.fn_addr != enum_out;
    default:
      return false;
  }
}

JEntry put_value(JsonbOutput& out, ValueEncoder& encoder, Datum value) {
  switch (encoder.kind) {
    case ValueKind::boolean:
      return DatumGetBool(value) ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
    case ValueKind::int2:
      return put_integer(out, DatumGetInt16(value));
    case ValueKind::int4:
      return put_integer(out, DatumGetInt32(value));
    case ValueKind::int8:
      return put_integer(out, DatumGetInt64(value));
    case ValueKind::float4:
      return put_float4(out, DatumGetFloat4(value));
    case ValueKind::float8:
      return put_float8(out, DatumGetFloat8(value));
    case ValueKind::numeric:
      return put_numeric_value(out, value);
    case ValueKind::date:
      return put_date(out, value);
    case ValueKind::timestamp:
      return put_timestamp(out, value, false);
    case ValueKind::timestamptz:
      return put_timestamp(out, value, true);
    case ValueKind::text:
      return put_text(out, value);
    case ValueKind::name:
      return put_string(out, NameStr(*DatumGetName(value)),
                        strnlen(NameStr(*DatumGetName(value)), NAMEDATALEN));
    case ValueKind::uuid:
      return put_uuid(out, value);
    case ValueKind::bytea:
      return put_bytea(out, value);
    case ValueKind::oid:
      return put_oid(out, DatumGetObjectId(value));
    case ValueKind::json:
      return put_json(out, value);
    case ValueKind::jsonb:
      return put_jsonb_value(out, value);
    case ValueKind::array:
      return put_array(out, encoder, value);
    case ValueKind::composite:
      return put_composite(out, encoder, value);
    case ValueKind::json_cast:
      return put_cast(out, encoder, value);
    case ValueKind::output:
    case ValueKind::named_object:
    case ValueKind::money:
      return put_output(out, encoder, value);
    case ValueKind::hashed:
      return put_hash(out, encoder, value);
    case ValueKind::redacted:
      break;
  }
  return JENTRY_ISNULL;
}

}  // namespace deal::server
