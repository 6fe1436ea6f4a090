/// Numbers as the server stores type numeric, without a server: what follows the value's length word.
/// That is a header (one 16-bit word for weight, scale and sign, or two where one is too small) and the
/// digits to the base 10000, the first being the most significant, all in the machine's byte order and
/// without zero digits at either end. Source: the server's numeric.c, make_result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace deal::audit {

/// Room that put_integer needs, in bytes.
inline constexpr size_t kIntegerBytes = 2 + 5 * 2;
/// Room that put_decimal needs, in bytes.
inline constexpr size_t kDecimalBytes = 4 + 10 * 2;
/// Most significant decimal digits that put_decimal reads.
inline constexpr size_t kDecimalDigits = 32;

/// Writes the number to `out`; the number of bytes written.
size_t put_integer(int64_t value, char* out) noexcept;

/// Writes a number given as decimal text: digits with an optional sign, point and exponent, like "-1.5" or
/// "2.5e-07", at most kDecimalDigits digits and an exponent below 10000 either way. Scale and digits are
/// those that the server's numeric_in gives the text. The number of bytes written, 0 if it is no such text.
size_t put_decimal(std::string_view text, char* out) noexcept;

enum class NumericForm : uint8_t {
  canonical,  ///< as the server writes the number today
  wordy,      ///< two header words where one would do: left by very old servers
  nan,
  infinity,
  minus_infinity,
};

/// What a stored numeric is. `stored` is what follows its length word, at least two bytes, at any alignment.
NumericForm numeric_form(const char* stored, size_t size) noexcept;

}  // namespace deal::audit
