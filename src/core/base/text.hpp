#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace deal {

/// The longest prefix of at most `max_bytes` bytes that doesn't end inside a UTF-8 character. Bytes that
/// aren't UTF-8 are kept as they are; a run of them may be cut anywhere.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) noexcept;

/// A size for people, in units of 1024: "512 bytes", "9.5 kB", "43.0 MB", "182 GB". Negative sizes keep their
/// sign.
std::string format_bytes(std::int64_t bytes);

/// `text` on one line: every run of blanks and control characters becomes one space, none at either end. If
/// that is more than `max_bytes` bytes it is cut, at a whole character, to end in "..." within the limit.
std::string one_line(std::string_view text, std::size_t max_bytes);

/// Reads a size the way the server's pg_size_bytes does: "500MB", " 1.5 GB ", "-1e3", "10 kB"; the units are
/// bytes, B, kB, MB, GB, TB and PB in any case, powers of 1024. Fractions of a byte are rounded half away
/// from zero. Nothing if the text is no size or doesn't fit 64 bits.
std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept;

}  // namespace deal
