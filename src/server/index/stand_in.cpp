#include "server/index/stand_in.hpp"

#include <algorithm>

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace deal::server {

namespace {

bool is_text(Oid type) {
  return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

bool is_ascii(const char* bytes, int length) {
  return std::none_of(bytes, bytes + length, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// What both bounds begin with, then the number, then the rest of the lower one: a prefix and a suffix that
/// all values share (a telephone code, a mail domain) stay.
Datum text_between(Datum low, Datum high, uint32 number) {
  const text* const from = DatumGetTextPP(low);
  const text* const to = DatumGetTextPP(high);
  const char* const bytes = VARDATA_ANY(from);
  int const length = static_cast<int>(VARSIZE_ANY_EXHDR(from));
  int const most = std::min(length, static_cast<int>(VARSIZE_ANY_EXHDR(to)));
  int common = 0;
  while (common < most && bytes[common] == VARDATA_ANY(to)[common])
    ++common;
  common = pg_mbcliplen(bytes, length, common);
  char digits[16];
  int const count = pg_ultoa_n(number, digits);
  int const rest = is_ascii(bytes, length) ? std::max(0, length - common - count) : 0;
  auto* const made = static_cast<text*>(palloc(static_cast<size_t>(VARHDRSZ + common + count + rest)));
  SET_VARSIZE(made, VARHDRSZ + common + count + rest);
  std::memcpy(VARDATA(made), bytes, static_cast<size_t>(common));
  std::memcpy(VARDATA(made) + common, digits, static_cast<size_t>(count));
  std::memcpy(VARDATA(made) + common + count, bytes + length - rest, static_cast<size_t>(rest));
  return PointerGetDatum(made);
}

double mixed(double low, double high, double share) {
  return low + share * (high - low);
}

int64 mixed_whole(int64 low, int64 high, double share) {
  return low + static_cast<int64>(share * (static_cast<double>(high) - static_cast<double>(low)));
}

Datum numeric_between(const BetweenBounds& bounds) {
  auto const as_double = [](Datum value) {
    return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
  };
  double const value = mixed(as_double(bounds.low), as_double(bounds.high), bounds.share);
  if (!std::isfinite(value)) return bounds.low;
  Datum const digits = DirectFunctionCall1(numeric_scale, bounds.low);
  return DirectFunctionCall2(numeric_round, DirectFunctionCall1(float8_numeric, Float8GetDatum(value)),
                             digits);
}

Datum uuid_between(const BetweenBounds& bounds) {
  auto* const made = static_cast<pg_uuid_t*>(palloc(sizeof(pg_uuid_t)));
  *made = *DatumGetUUIDP(bounds.low);
  std::memcpy(made->data + UUID_LEN - sizeof bounds.number, &bounds.number, sizeof bounds.number);
  return UUIDPGetDatum(made);
}

Datum time_between(const BetweenBounds& bounds) {
  Timestamp const low = DatumGetTimestamp(bounds.low);
  Timestamp const high = DatumGetTimestamp(bounds.high);
  if (TIMESTAMP_NOT_FINITE(low) || TIMESTAMP_NOT_FINITE(high)) return bounds.low;
  return TimestampGetDatum(mixed_whole(low, high, bounds.share));
}

Datum date_between(const BetweenBounds& bounds) {
  DateADT const low = DatumGetDateADT(bounds.low);
  DateADT const high = DatumGetDateADT(bounds.high);
  if (DATE_NOT_FINITE(low) || DATE_NOT_FINITE(high)) return bounds.low;
  return DateADTGetDatum(static_cast<DateADT>(mixed_whole(low, high, bounds.share)));
}

}  // namespace

Datum between(Oid type, const BetweenBounds& bounds) {
  if (is_text(type)) return text_between(bounds.low, bounds.high, bounds.number);
  switch (type) {
    case INT2OID:
      return Int16GetDatum(static_cast<int16>(
          mixed_whole(DatumGetInt16(bounds.low), DatumGetInt16(bounds.high), bounds.share)));
    case INT4OID:
      return Int32GetDatum(static_cast<int32>(
          mixed_whole(DatumGetInt32(bounds.low), DatumGetInt32(bounds.high), bounds.share)));
    case INT8OID:
      return Int64GetDatum(mixed_whole(DatumGetInt64(bounds.low), DatumGetInt64(bounds.high), bounds.share));
    case FLOAT4OID:
      return Float4GetDatum(
          static_cast<float>(mixed(DatumGetFloat4(bounds.low), DatumGetFloat4(bounds.high), bounds.share)));
    case FLOAT8OID:
      return Float8GetDatum(mixed(DatumGetFloat8(bounds.low), DatumGetFloat8(bounds.high), bounds.share));
    case NUMERICOID:
      return numeric_between(bounds);
    case DATEOID:
      return date_between(bounds);
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return time_between(bounds);
    case UUIDOID:
      return uuid_between(bounds);
    default:
      return bounds.low;
  }
}

Datum numbered(Oid type, uint32 number, bool* null) {
  *null = false;
  if (is_text(type)) return CStringGetTextDatum(psprintf("%u", number));
  if (type == JSONBOID) return DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
  if (get_typbyval(type) && get_typtype(type) == TYPTYPE_BASE) return UInt32GetDatum(number);
  *null = true;
  return 0;
}

}  // namespace deal::server
