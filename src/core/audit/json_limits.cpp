#include "core/audit/json_limits.hpp"

#include <cstddef>
#include <cstdint>

namespace deal::audit {

namespace {

// Limits of numeric: 32768 digits to the base 10000 before the point, 16383 decimals after it.
constexpr int64_t kMostBeforePoint = INT64_C(4) * 32768;
constexpr int64_t kMostAfterPoint = 16383;
constexpr int64_t kMostExponent = 1'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

uint32_t hex_value(char c) {
  if (is_digit(c)) return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>((c | 0x20) - 'a' + 10);
}

class Scan {
 public:
  Scan(std::string_view json, bool utf8) : at_(json.data()), end_(at_ + json.size()), utf8_(utf8) {}

  bool holds() {
    int depth = 0;
    while (at_ != end_) {
      char const c = *at_++;
      if (c == '{' || c == '[') {
        if (++depth > kJsonDepthMost) return false;
      } else if (c == '}' || c == ']') {
        --depth;
      } else if (c == '"') {
        if (!string()) return false;
      } else if (is_digit(c)) {
        --at_;
        if (!number()) return false;
      }
    }
    return true;
  }

 private:
  /// After the opening quote; to after the closing one.
  bool string() {
    bool low_half_due = false;
    while (at_ != end_) {
      char const c = *at_++;
      bool const escape = c == '\\' && at_ != end_;
      if (escape && *at_ == 'u') {
        if (!unicode(low_half_due)) return false;
        continue;
      }
      if (low_half_due) return false;
      if (c == '"') return true;
      if (escape) ++at_;
    }
    return true;
  }

  /// At the "u" of an escape; to after its four digits.
  bool unicode(bool& low_half_due) {
    if (end_ - at_ < 5) return false;
    uint32_t code = 0;
    for (int i = 1; i <= 4; ++i)
      code = code << 4 | hex_value(at_[i]);
    at_ += 5;
    bool const low_half = code >= 0xDC00 && code <= 0xDFFF;
    if (low_half != low_half_due || code == 0) return false;
    low_half_due = code >= 0xD800 && code <= 0xDBFF;
    return code < 0x80 || utf8_;
  }

  int64_t digits() {
    const char* const first = at_;
    while (at_ != end_ && is_digit(*at_))
      ++at_;
    return at_ - first;
  }

  int64_t exponent() {
    bool const negative = at_ != end_ && *at_ == '-';
    if (at_ != end_ && (*at_ == '-' || *at_ == '+')) ++at_;
    int64_t value = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_)
      if (value <= kMostExponent) value = value * 10 + (*at_ - '0');
    return negative ? -value : value;
  }

  bool number() {
    int64_t const before_point = digits();
    int64_t after_point = 0;
    int64_t power = 0;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      after_point = digits();
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      power = exponent();
    }
    return power <= kMostExponent && power >= -kMostExponent && before_point + power <= kMostBeforePoint &&
           after_point - power <= kMostAfterPoint;
  }

  const char* at_;
  const char* end_;
  bool utf8_;
};

}  // namespace

bool jsonb_holds(std::string_view json, bool utf8) noexcept {
  return json.size() <= kJsonTextMost && Scan(json, utf8).holds();
}

}  // namespace deal::audit
