/// Values as the text that the server gives them in JSON: dates and times (ISO 8601), uuids, bytes. Without a
/// server, and by integer arithmetic, because each change of an audited row passes here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace deal::audit {

/// Room for what put_date and put_timestamp write, in bytes.
inline constexpr size_t kTimeTextBytes = 32;
inline constexpr size_t kUuidTextBytes = 36;

/// Writes a date, in days since 2000-01-01, like "2026-11-28"; the number of bytes written. 0, and nothing
/// written, if its year is not in 1..9999 (so for the infinite dates, too).
size_t put_date(int32_t days, char* out) noexcept;

/// Writes a time, in microseconds since 2000-01-01 00:00, like "2026-11-28T07:00:00.123456", without zeros at
/// the end of the fraction; `in_utc` adds "+00:00". The number of bytes written; 0 as for dates.
size_t put_timestamp(int64_t microseconds, bool in_utc, char* out) noexcept;

/// Writes two lower-case hexadecimal digits for each byte.
void put_hex(const uint8_t* bytes, size_t count, char* out) noexcept;

/// Writes the 16 bytes of a uuid in groups, lower-case, like "550e8400-e29b-41d4-a716-446655440000".
void put_uuid(const uint8_t* bytes, char* out) noexcept;

/// Writes the decimal digits; their number, at most 10.
size_t put_unsigned(uint32_t number, char* out) noexcept;

}  // namespace deal::audit
