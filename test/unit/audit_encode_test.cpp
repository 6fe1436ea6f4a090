#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "core/audit/json_limits.hpp"
#include "core/audit/numeric_bytes.hpp"
#include "core/audit/value_text.hpp"
#include "core/partition/calendar.hpp"

namespace {

using namespace deal::audit;

using Words = std::vector<uint16_t>;

Words words(const char* bytes, size_t size) {
  Words result(size / 2);
  if (size > 0) memcpy(result.data(), bytes, size);  // memcpy takes no null pointer, even for nothing
  return result;
}

Words integer(int64_t value) {
  char out[kIntegerBytes];
  return words(out, put_integer(value, out));
}

Words decimal(std::string_view text) {
  char out[kDecimalBytes];
  return words(out, put_decimal(text, out));
}

// The words below are what the server's numeric_in stores (hexadecimal: the header; decimal: the digits).

TEST(NumericBytes, Integers) {
  EXPECT_EQ(integer(0), (Words{0x8000}));
  EXPECT_EQ(integer(1), (Words{0x8000, 1}));
  EXPECT_EQ(integer(-1), (Words{0xA000, 1}));
  EXPECT_EQ(integer(9999), (Words{0x8000, 9999}));
  EXPECT_EQ(integer(10001), (Words{0x8001, 1, 1}));
  EXPECT_EQ(integer(123'456'789), (Words{0x8002, 1, 2345, 6789}));
}

TEST(NumericBytes, IntegersDropZeroDigitsAtTheEnd) {
  EXPECT_EQ(integer(10'000), (Words{0x8001, 1}));
  EXPECT_EQ(integer(-10'000), (Words{0xA001, 1}));
  EXPECT_EQ(integer(100'000'000'000'000'000), (Words{0x8004, 10}));
}

TEST(NumericBytes, IntegersAtTheEndsOfTheRange) {
  EXPECT_EQ(integer(std::numeric_limits<int64_t>::max()), (Words{0x8004, 922, 3372, 368, 5477, 5807}));
  EXPECT_EQ(integer(std::numeric_limits<int64_t>::min()), (Words{0xA004, 922, 3372, 368, 5477, 5808}));
}

TEST(NumericBytes, Decimals) {
  EXPECT_EQ(decimal("1.5"), (Words{0x8080, 1, 5000}));
  EXPECT_EQ(decimal("1.50"), (Words{0x8100, 1, 5000}));
  EXPECT_EQ(decimal("12345.6789"), (Words{0x8201, 1, 2345, 6789}));
  EXPECT_EQ(decimal("0.00012345"), (Words{0x847F, 1, 2345}));
  EXPECT_EQ(decimal("+7"), (Words{0x8000, 7}));
}

TEST(NumericBytes, ExponentsMoveThePointAndKeepTheScaleAtLeastZero) {
  EXPECT_EQ(decimal("1e-05"), (Words{0x82FE, 1000}));
  EXPECT_EQ(decimal("1e+15"), (Words{0x8003, 1000}));
  EXPECT_EQ(decimal("1.2345678901234568e+17"), (Words{0x8004, 12, 3456, 7890, 1234, 5680}));
  EXPECT_EQ(decimal("1.5e1"), (Words{0x8000, 15}));
}

TEST(NumericBytes, LargeScaleOrWeightTakesTwoHeaderWords) {
  EXPECT_EQ(decimal("1e+300"), (Words{0x0000, 75, 1}));
  EXPECT_EQ(decimal("-1e+300"), (Words{0x4000, 75, 1}));
  EXPECT_EQ(decimal("5e-324"), (Words{0x0144, 0xFFAF, 5}));
  EXPECT_EQ(decimal("1.7976931348623157e+308"), (Words{0x0000, 77, 1, 7976, 9313, 4862, 3157}));
}

TEST(NumericBytes, ZeroHasNoSignAndKeepsItsScale) {
  EXPECT_EQ(decimal("-0"), (Words{0x8000}));
  EXPECT_EQ(decimal("0.0"), (Words{0x8080}));
}

TEST(NumericBytes, TheIntegersAsDecimalsAreTheSame) {
  for (int64_t value = 1; value < std::numeric_limits<int64_t>::max() / 7; value = value * 7 - 3)
    EXPECT_EQ(decimal(std::to_string(value)), integer(value)) << value;
}

TEST(NumericBytes, OtherTextIsRefused) {
  for (const char* text : {"", "-", ".", "e5", "1e", "1e+", "1e12345", "1x", "1.2.3", "NaN", "Infinity",
                           "123456789012345678901234567890123"})
    EXPECT_EQ(decimal(text), Words()) << text;
}

NumericForm form(const Words& stored) {
  char bytes[64];
  memcpy(bytes, stored.data(), stored.size() * 2);
  return numeric_form(bytes, stored.size() * 2);
}

TEST(NumericBytes, FormsOfStoredNumbers) {
  EXPECT_EQ(form({0x8000}), NumericForm::canonical);
  EXPECT_EQ(form({0x0000, 75, 1}), NumericForm::canonical);
  EXPECT_EQ(form({0x0144, 0xFFAF, 5}), NumericForm::canonical);
  EXPECT_EQ(form({0x0000, 0, 1}), NumericForm::wordy);
  EXPECT_EQ(form({0x4002, 0xFFFF, 1}), NumericForm::wordy);
  EXPECT_EQ(form({0xC000}), NumericForm::nan);
  EXPECT_EQ(form({0xC000, 0}), NumericForm::nan);
  EXPECT_EQ(form({0xD000}), NumericForm::infinity);
  EXPECT_EQ(form({0xF000}), NumericForm::minus_infinity);
}

std::string date(int32_t days) {
  char out[kTimeTextBytes];
  return {out, put_date(days, out)};
}

std::string timestamp(int64_t microseconds, bool in_utc = false) {
  char out[kTimeTextBytes];
  return {out, put_timestamp(microseconds, in_utc, out)};
}

TEST(ValueText, Dates) {
  EXPECT_EQ(date(0), "2000-01-01");
  EXPECT_EQ(date(-1), "1999-12-31");
  EXPECT_EQ(date(59), "2000-02-29");
}

TEST(ValueText, DatesOfTheYears1To9999AreThoseOfTheCalendar) {
  using deal::partition::date_of;
  using deal::partition::days_of;
  auto const end = static_cast<int32_t>(days_of({10'000, 1, 1}));
  for (auto days = static_cast<int32_t>(days_of({1, 1, 1})); days < end; ++days) {
    auto const expected = date_of(days);
    char text[32];
    snprintf(text, sizeof text, "%04d-%02d-%02d", static_cast<int>(expected.year), expected.month,
             expected.day);
    ASSERT_EQ(date(days), text);
  }
}

TEST(ValueText, OtherDatesAreLeftToTheServer) {
  auto const first = static_cast<int32_t>(deal::partition::days_of({1, 1, 1}));
  auto const end = static_cast<int32_t>(deal::partition::days_of({10'000, 1, 1}));
  EXPECT_EQ(date(first - 1), "");
  EXPECT_EQ(date(end), "");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::min()), "");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::max()), "");
}

TEST(ValueText, Timestamps) {
  EXPECT_EQ(timestamp(0), "2000-01-01T00:00:00");
  EXPECT_EQ(timestamp(-1), "1999-12-31T23:59:59.999999");
  EXPECT_EQ(timestamp(86'399'999'999), "2000-01-01T23:59:59.999999");
  EXPECT_EQ(timestamp(INT64_C(849'250'800'123'456), true), "2026-11-29T07:00:00.123456+00:00");
}

TEST(ValueText, FractionsEndWithoutZeros) {
  EXPECT_EQ(timestamp(100'000), "2000-01-01T00:00:00.1");
  EXPECT_EQ(timestamp(120), "2000-01-01T00:00:00.00012");
  EXPECT_EQ(timestamp(1), "2000-01-01T00:00:00.000001");
  EXPECT_EQ(timestamp(10'000'000), "2000-01-01T00:00:10");
}

TEST(ValueText, OtherTimestampsAreLeftToTheServer) {
  constexpr int64_t kDay = INT64_C(86'400'000'000);
  EXPECT_EQ(timestamp(deal::partition::days_of({1, 1, 1}) * kDay), "0001-01-01T00:00:00");
  EXPECT_EQ(timestamp(deal::partition::days_of({1, 1, 1}) * kDay - 1), "");
  EXPECT_EQ(timestamp(deal::partition::days_of({10'000, 1, 1}) * kDay - 1), "9999-12-31T23:59:59.999999");
  EXPECT_EQ(timestamp(deal::partition::days_of({10'000, 1, 1}) * kDay), "");
  EXPECT_EQ(timestamp(std::numeric_limits<int64_t>::min()), "");
  EXPECT_EQ(timestamp(std::numeric_limits<int64_t>::max()), "");
}

TEST(ValueText, Uuids) {
  uint8_t bytes[16];
  for (int i = 0; i < 16; ++i)
    bytes[i] = static_cast<uint8_t>(i * 17);
  char out[kUuidTextBytes];
  put_uuid(bytes, out);
  EXPECT_EQ(std::string(out, sizeof out), "00112233-4455-6677-8899-aabbccddeeff");
}

TEST(ValueText, UnsignedNumbers) {
  auto const text = [](uint32_t number) {
    char out[10];
    return std::string(out, put_unsigned(number, out));
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(10), "10");
  EXPECT_EQ(text(std::numeric_limits<uint32_t>::max()), "4294967295");
}

TEST(JsonLimits, OrdinaryTextIsHeld) {
  for (const char* json : {"null", "true", "\"\"", "[]", "{}", " [1, -2.5e-3, \"a\\\\\", {\"k\": \"\\\"\"}] ",
                           "\"\\u0041\\ud83d\\ude00\\n\"", "0.5", "1E400"})
    EXPECT_TRUE(jsonb_holds(json, true)) << json;
}

TEST(JsonLimits, CharactersThatTextCannotHave) {
  EXPECT_FALSE(jsonb_holds("\"\\u0000\"", true));
  EXPECT_FALSE(jsonb_holds("{\"\\u0000\": 1}", true));
  EXPECT_TRUE(jsonb_holds("\"\\\\u0000\"", true)) << "an escaped backslash";
}

TEST(JsonLimits, HalvesOfSurrogatePairs) {
  for (const char* json : {"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "\"\\ud800\\ud800\"",
                           "\"\\ud800\\n\"", "\"\\ud83d\\ude00\\ude00\""})
    EXPECT_FALSE(jsonb_holds(json, true)) << json;
}

TEST(JsonLimits, EscapesOutsideAsciiNeedUtf8) {
  EXPECT_TRUE(jsonb_holds("\"\\u007f\"", false));
  EXPECT_FALSE(jsonb_holds("\"\\u00e4\"", false));
  EXPECT_TRUE(jsonb_holds("\"\\u00E4\"", true));
}

TEST(JsonLimits, NumbersThatOverflow) {
  EXPECT_TRUE(jsonb_holds("1e131071", true));
  EXPECT_FALSE(jsonb_holds("1e131072", true));
  EXPECT_TRUE(jsonb_holds("[1e-16383]", true));
  EXPECT_FALSE(jsonb_holds("[1e-16384]", true));
  EXPECT_FALSE(jsonb_holds("-0.1e-16383", true));
  EXPECT_FALSE(jsonb_holds("1e99999999999999999999", true));
  EXPECT_TRUE(jsonb_holds("\"1e999999\"", true)) << "in a string";
}

TEST(JsonLimits, DepthAndLength) {
  auto const nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(jsonb_holds(nested(kJsonDepthMost), true));
  EXPECT_FALSE(jsonb_holds(nested(kJsonDepthMost + 1), true));
  EXPECT_TRUE(jsonb_holds("[[],[],[]]", true));
  EXPECT_FALSE(jsonb_holds('"' + std::string(kJsonTextMost, 'x') + '"', true));
}

}  // namespace
