#include "core/audit/numeric_bytes.hpp"

#include <cstring>

namespace deal::audit {

namespace {

constexpr uint16_t kFormMask = 0xC000;  ///< the header's top two bits
constexpr uint16_t kShort = 0x8000;
constexpr uint16_t kSpecial = 0xC000;
constexpr uint16_t kSpecialMask = 0xF000;
constexpr uint16_t kInfinity = 0xD000;
constexpr uint16_t kMinusInfinity = 0xF000;
constexpr uint16_t kShortNegative = 0x2000;
constexpr uint16_t kShortWeightBits = 0x007F;  ///< in two's complement
constexpr int kShortScaleShift = 7;
constexpr int kShortScaleMost = 63;
constexpr int kShortWeightMost = 63;
constexpr int kShortWeightLeast = -64;
constexpr uint16_t kLongNegative = 0x4000;
constexpr uint16_t kLongScaleMask = 0x3FFF;

constexpr int kBase = 10000;
constexpr int kDecimalsPerDigit = 4;

bool one_word_does(int scale, int weight) {
  return scale <= kShortScaleMost && weight <= kShortWeightMost && weight >= kShortWeightLeast;
}

size_t put_word(uint16_t word, char* out) {
  memcpy(out, &word, sizeof word);
  return sizeof word;
}

uint16_t word_at(const char* at) {
  uint16_t word = 0;
  memcpy(&word, at, sizeof word);
  return word;
}

size_t put_header(bool negative, int scale, int weight, char* out) {
  if (one_word_does(scale, weight))
    return put_word(static_cast<uint16_t>(kShort | (negative ? kShortNegative : 0) |
                                          scale << kShortScaleShift | (weight & kShortWeightBits)),
                    out);
  put_word(static_cast<uint16_t>((negative ? kLongNegative : 0) | (scale & kLongScaleMask)), out);
  return 2 + put_word(static_cast<uint16_t>(weight), out + 2);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// A number as text has it: decimals, and how many of them are before the point, which may lie outside.
struct Decimal {
  bool negative = false;
  char decimals[kDecimalDigits];
  int count = 0;
  int before_point = 0;
  int scale = 0;
};

/// Reads an exponent at `at`; false if it is none or out of range.
bool read_exponent(const char* at, const char* end, int& exponent) {
  bool const negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  if (at == end || end - at > 4) return false;
  exponent = 0;
  for (; at != end; ++at) {
    if (!is_digit(*at)) return false;
    exponent = exponent * 10 + (*at - '0');
  }
  if (negative) exponent = -exponent;
  return true;
}

bool read_decimal(std::string_view text, Decimal& number) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at != end && (*at == '-' || *at == '+')) number.negative = *at++ == '-';
  bool point = false;
  int after_point = 0;
  for (; at != end && (is_digit(*at) || (*at == '.' && !point)); ++at) {
    if (*at == '.') {
      point = true;
      continue;
    }
    if (number.count == static_cast<int>(kDecimalDigits)) return false;
    number.decimals[number.count++] = *at;
    if (point) ++after_point;
  }
  if (number.count == 0) return false;
  int exponent = 0;
  if (at != end && (*at == 'e' || *at == 'E')) {
    if (!read_exponent(at + 1, end, exponent)) return false;
    at = end;
  }
  number.before_point = number.count - after_point + exponent;
  number.scale = after_point > exponent ? after_point - exponent : 0;
  return at == end;
}

/// Rounds towards minus infinity.
int floor_divide(int number, int by) {
  return number >= 0 ? number / by : -((-number + by - 1) / by);
}

}  // namespace

size_t put_integer(int64_t value, char* out) noexcept {
  bool const negative = value < 0;
  uint64_t rest = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  if (rest == 0) return put_word(kShort, out);
  uint16_t digits[5] = {};
  int first = 5;
  do {
    digits[--first] = static_cast<uint16_t>(rest % kBase);
    rest /= kBase;
  } while (rest != 0);
  int end = 5;
  while (digits[end - 1] == 0)
    --end;
  size_t const size = put_header(negative, 0, 4 - first, out);
  size_t const bytes = static_cast<size_t>(end - first) * sizeof(uint16_t);
  memcpy(out + size, digits + first, bytes);
  return size + bytes;
}

size_t put_decimal(std::string_view text, char* out) noexcept {
  Decimal number;
  if (!read_decimal(text, number)) return 0;
  int const weight = floor_divide(number.before_point - 1, kDecimalsPerDigit);
  // the first digit's missing decimals are zeros, so are the last one's
  int const lead = (weight + 1) * kDecimalsPerDigit - number.before_point;
  int const count = (lead + number.count + kDecimalsPerDigit - 1) / kDecimalsPerDigit;
  uint16_t digits[kDecimalDigits / kDecimalsPerDigit + 2] = {};
  for (int i = 0; i < count * kDecimalsPerDigit; ++i) {
    int const at = i - lead;
    int const decimal = at >= 0 && at < number.count ? number.decimals[at] - '0' : 0;
    uint16_t& digit = digits[i / kDecimalsPerDigit];
    digit = static_cast<uint16_t>(digit * 10 + decimal);
  }
  int first = 0;
  int end = count;
  while (first < end && digits[first] == 0)
    ++first;
  while (end > first && digits[end - 1] == 0)
    --end;
  bool const zero = first == end;
  size_t const size = put_header(number.negative && !zero, number.scale, zero ? 0 : weight - first, out);
  size_t const bytes = static_cast<size_t>(end - first) * sizeof(uint16_t);
  memcpy(out + size, digits + first, bytes);
  return size + bytes;
}

NumericForm numeric_form(const char* stored, size_t size) noexcept {
  uint16_t const header = word_at(stored);
  uint16_t const form = header & kFormMask;
  if (form == kShort) return NumericForm::canonical;
  if (form == kSpecial) {
    uint16_t const special = header & kSpecialMask;
    if (special == kInfinity) return NumericForm::infinity;
    return special == kMinusInfinity ? NumericForm::minus_infinity : NumericForm::nan;
  }
  if (size < 4) return NumericForm::canonical;
  bool const wordy = one_word_does(header & kLongScaleMask, static_cast<int16_t>(word_at(stored + 2)));
  return wordy ? NumericForm::wordy : NumericForm::canonical;
}

}  // namespace deal::audit
