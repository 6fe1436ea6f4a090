#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/partition/zone.hpp"

namespace deal::partition {

/// What the partition key's values mean. All but `integer` are times.
enum class KeyKind : std::uint8_t {
  timestamptz,
  timestamp,
  date,
  integer,   ///< smallint, integer, bigint: plain numbers
  epoch_s,   ///< bigint (or integer): seconds since 1970-01-01 UTC
  epoch_ms,  ///< milliseconds
  epoch_us,  ///< microseconds
  uuidv7,    ///< uuid whose first 48 bits are milliseconds since 1970 (RFC 9562, 5.7)
  ulid       ///< text, varchar or char(26): Crockford base 32 of 48 bits of milliseconds and 80 random bits
};

/// The name of the kind in SQL (partition_enable's argument): "timestamptz", ..., "ulid".
std::string_view name_of(KeyKind kind);
std::optional<KeyKind> key_kind(std::string_view name);
/// True for all kinds but `integer`.
bool is_time(KeyKind kind);
/// True if boundaries lie in a time zone: for timestamptz and the kinds that count from an instant. timestamp
/// and date have none: theirs is UTC.
bool has_zone(KeyKind kind);

/// A place on the key's axis: Microseconds for times, the number itself for integers. The ends of int64 stand
/// for MINVALUE and MAXVALUE.
using Position = std::int64_t;
inline constexpr Position kMinimum = std::numeric_limits<std::int64_t>::min();
inline constexpr Position kMaximum = std::numeric_limits<std::int64_t>::max();

/// 1970-01-01 00:00 UTC, from where the epoch kinds, uuidv7 and ulid count.
inline constexpr Microseconds kUnixEpoch = -10'957 * kDay;

/// The least and the greatest position that can be a boundary, both included.
struct Range {
  Position least = kMinimum;
  Position greatest = kMaximum;
};

/// What the kind can express: the server's timestamps, 48 bits of milliseconds, all integers but the two that
/// stand for MINVALUE and MAXVALUE.
Range range_of(KeyKind kind);
/// The same for a column of so many bytes (2: smallint, 4: integer, 8: bigint), for integer and epoch_*.
Range range_of(KeyKind kind, int bytes);

/// The boundary as SQL text for FOR VALUES FROM/TO: a quoted literal that doesn't depend on the session's
/// settings (timestamptz with +00), a number, or MINVALUE/MAXVALUE. uuidv7 and ulid: the smallest value of
/// that millisecond, all other bits 0. What lies between two values of the kind is rounded up as
/// representable does. Throws Error 22008 if the kind can't express the position (before 1970 for uuidv7 and
/// ulid).
std::string bound_literal(KeyKind kind, Position position);

/// The position of the smallest value of the kind at or after the position, so that boundaries read back are
/// what was written: epoch_s and date round up to whole seconds and days, uuidv7, ulid and epoch_ms to
/// milliseconds. kMaximum if there is none; kMinimum and kMaximum stay.
Position representable(KeyKind kind, Position position);

/// From the value behind a boundary to its position. `raw` is, by kind: the server's internal integer for
/// timestamptz, timestamp (microseconds since 2000) and date (days since 2000); the number for integer and
/// epoch_*; milliseconds since 1970 for uuidv7 and ulid. Infinite times and what doesn't fit give kMinimum or
/// kMaximum.
Position position_of(KeyKind kind, std::int64_t raw);
/// The same for uuidv7 (36 characters with hyphens) and ulid (26 characters, or the first of them); nothing
/// if the text is neither. Random bits count for nothing: only the millisecond does.
std::optional<Position> position_of(KeyKind kind, std::string_view text);

}  // namespace deal::partition
