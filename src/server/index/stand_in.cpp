#include "server/index/stand_in.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace deal::server {

namespace {

constexpr int kFullList =
    1000;  ///< common elements that ANALYZE lists at most, by default; fewer are all of them

constexpr int kFewCharacters = 3;

bool is_text(Oid type) {
  return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

bool is_ascii(const char* bytes, int length) {
  return std::none_of(bytes, bytes + length, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

/// Bytes that two texts begin with alike.
int common_beginning(const text* one, const text* other) {
  int const most = static_cast<int>(std::min(VARSIZE_ANY_EXHDR(one), VARSIZE_ANY_EXHDR(other)));
  int common = 0;
  while (common < most && VARDATA_ANY(one)[common] == VARDATA_ANY(other)[common])
    ++common;
  return common;
}

/// Bytes of the first `characters`, as many as leave room for what follows in a text of the usual length; but
/// a few in any case.
int beginning(const char* bytes, int length, int characters, int room) {
  int const few = pg_mbcharcliplen(bytes, length, std::min(characters, kFewCharacters));
  int const all = pg_mbcharcliplen(bytes, length, characters);
  return all <= room ? all : std::max(few, pg_mbcliplen(bytes, length, std::max(room, 0)));
}

/// What the value is known to begin with, then its number, then the rest of a bound: a prefix and a suffix
/// that all values share (a telephone code, a mail domain) stay.
Datum text_between(const BetweenBounds& bounds) {
  const text* const low = DatumGetTextPP(bounds.low);
  const text* const high = DatumGetTextPP(bounds.high);
  const text* const from = bounds.alike >= 0 ? low : high;
  const char* const bytes = VARDATA_ANY(from);
  int const length = static_cast<int>(VARSIZE_ANY_EXHDR(from));
  char digits[16];
  int const count = pg_ultoa_n(bounds.number, digits);
  int const shared = pg_mbcliplen(bytes, length, common_beginning(low, high));
  int const common = std::max(shared, beginning(bytes, length, std::abs(bounds.alike), length - count));
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
  if (is_text(type)) return text_between(bounds);
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

namespace {

/// Text that the type reads; null for types that nothing is made up for.
const char* text_of(Oid type, uint32 number) {
  auto const mixed = static_cast<uint32>(mix64(number + 1));
  switch (type) {
    case NUMERICOID:
      return psprintf("%u", number);
    case JSONBOID:
      return psprintf("{\"%u\": %u}", number % 7, number);
    case POINTOID:
      return psprintf("(%u,%u)", mixed % 1000, mixed / 1000 % 1000);
    case BOXOID:
      return psprintf("(%u,%u),(%u,%u)", mixed % 1000, mixed / 1000 % 1000, mixed % 1000 + 1,
                      mixed / 1000 % 1000 + 1);
    case INETOID:
    case CIDROID:
      return psprintf("10.%u.%u.%u", mixed >> 16 & 255, mixed >> 8 & 255, mixed & 255);
    case INT4RANGEOID:
    case INT8RANGEOID:
    case NUMRANGEOID:
      return psprintf("[%u,%u)", mixed % 1000000, mixed % 1000000 + 1 + mixed % 100);
    case DATERANGEOID:
    case TSRANGEOID:
    case TSTZRANGEOID: {
      uint32 const day = mixed % 28 + 1;
      return psprintf("[%u-%02u-%02u,%u-%02u-%02u]", 2000 + mixed / 400 % 30, mixed / 28 % 12 + 1, day,
                      2000 + mixed / 400 % 30, mixed / 28 % 12 + 1, day);
    }
    default:
      return nullptr;
  }
}

Datum from_text(Oid type, const char* text) {
  Oid input = InvalidOid;
  Oid parameter = InvalidOid;
  getTypeInputInfo(type, &input, &parameter);
  return OidInputFunctionCall(input, const_cast<char*>(text), parameter, -1);
}

}  // namespace

Datum numbered(Oid type, uint32 number, bool* null) {
  *null = false;
  if (is_text(type)) return CStringGetTextDatum(psprintf("%u", number));
  if (const char* const text = text_of(type, number); text != nullptr) return from_text(type, text);
  if (get_typbyval(type) && get_typtype(type) == TYPTYPE_BASE) return UInt32GetDatum(number);
  *null = true;
  return 0;
}

namespace {

/// About so many elements a value of these bytes has: of text search vectors a word, its place in the vector
/// and one position take some 14 bytes.
int elements_in(Oid element, bool words, uint32 bytes, double mean_width) {
  double const whole = words ? 4 : 20;
  int16 const length = get_typlen(element);
  double const each = words ? 14 : length > 0 ? length : 4 + mean_width;
  return static_cast<int>(std::lround(std::fmax(0, bytes - whole) / each));
}

}  // namespace

Datum collection(const Collection& made_of, uint32 bytes, uint32 number, bool* null) {
  AttStatsSlot const& common = *made_of.common;
  int16 length = 0;
  bool by_value = false;
  char align = 0;
  get_typlenbyvalalign(made_of.element, &length, &by_value, &align);
  double width = 0;
  for (int i = 0; i < common.nvalues && length < 0; ++i)
    width += static_cast<double>(VARSIZE_ANY_EXHDR(DatumGetPointer(common.values[i]))) / common.nvalues;
  int const wanted = elements_in(made_of.element, made_of.words, bytes, width);
  auto* const sums = static_cast<double*>(palloc(sizeof(double) * static_cast<size_t>(common.nvalues + 1)));
  double listed = 0;
  double rarest = 1;
  for (int i = 0; i < common.nvalues; ++i) {
    sums[i] = listed += common.numbers[i];
    rarest = std::fmin(rarest, common.numbers[i]);
  }
  // What is not common enough to be listed is half as frequent as the rarest that is.
  double const all = common.nvalues < kFullList ? listed : std::fmax(listed, wanted);
  auto const others = static_cast<uint64_t>(std::fmax(1, 2 * (all - listed) / std::fmax(rarest, 1e-6)));
  auto* const elements = static_cast<Datum*>(palloc(sizeof(Datum) * static_cast<size_t>(wanted + 1)));
  int count = 0;
  Random random(number);
  for (int i = 0; i < wanted; ++i) {
    auto const chosen = std::upper_bound(sums, sums + common.nvalues, random.uniform() * all) - sums;
    bool none = false;
    Datum const element = chosen < common.nvalues
                              ? common.values[chosen]
                              : numbered(made_of.element, static_cast<uint32>(random.below(others)), &none);
    if (!none) elements[count++] = element;
  }
  *null = false;
  auto* const array = construct_array(elements, count, made_of.element, length, by_value, align);
  return made_of.words ? DirectFunctionCall1(array_to_tsvector, PointerGetDatum(array))
                       : PointerGetDatum(array);
}

}  // namespace deal::server
