#include "core/base/options.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/base/error.hpp"

namespace {

using deal::Error;
using deal::Options;

// The error that `fn` throws; a failure if it throws none.
template <class Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {"00000", ""};
}

TEST(Options, DefaultsWhereNothingIsSaid) {
  Options options("advisor", "{}");
  EXPECT_TRUE(options.boolean("a", true));
  EXPECT_FALSE(options.boolean("a", false));
  EXPECT_EQ(options.number("b", 1.5, 0, 2), 1.5);
  EXPECT_EQ(options.integer("c", 7, 0, 10), 7);
  EXPECT_EQ(options.text("d", "x"), "x");
  EXPECT_TRUE(options.texts("e").empty());
  EXPECT_NO_THROW(options.finish());
}

TEST(Options, ValuesAsGiven) {
  Options options("advisor", R"({"a": true, "b": 0.25, "c": 10, "d": "y", "e": ["p", "q"], "f": 3})");
  EXPECT_TRUE(options.boolean("a", false));
  EXPECT_EQ(options.number("b", 1, 0, 1), 0.25);
  EXPECT_EQ(options.integer("c", 1, 0, 10), 10);
  EXPECT_EQ(options.text("d", ""), "y");
  EXPECT_EQ(options.texts("e"), (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(options.number("f", 0, 0, 10), 3.0) << "a whole number is a number";
  EXPECT_NO_THROW(options.finish());
}

TEST(Options, WrongTypesNameTheOptionAndTheAdvisor) {
  Options options("advisor", R"({"a": 1, "b": "2", "c": 1.5, "d": 4, "e": ["p", 1], "f": null, "g": "one"})");
  auto const error = error_of([&] { options.boolean("a", false); });
  EXPECT_EQ(error.sqlstate(), "22023");
  EXPECT_EQ(error.message(), "option \"a\" of advisor must be true or false");
  EXPECT_EQ(error_of([&] { options.number("b", 1, 0, 10); }).message(),
            "option \"b\" of advisor must be a number from 0.0 to 10.0");
  EXPECT_EQ(error_of([&] { options.integer("c", 1, 0, 10); }).message(),
            "option \"c\" of advisor must be a whole number from 0 to 10");
  EXPECT_EQ(error_of([&] { options.text("d", ""); }).message(), "option \"d\" of advisor must be a string");
  EXPECT_EQ(error_of([&] { options.texts("e"); }).message(),
            "option \"e\" of advisor must be an array of strings");
  EXPECT_EQ(error_of([&] { options.boolean("f", true); }).sqlstate(), "22023") << "null is not left out";
  EXPECT_EQ(error_of([&] { options.texts("g"); }).sqlstate(), "22023") << "a string is no array";
}

TEST(Options, RangesIncludeTheirEnds) {
  Options options("advisor",
                  R"({"low": 1, "high": 10, "below": 0, "above": 11, "huge": 1e300, "negative": -0.1})");
  EXPECT_EQ(options.integer("low", 5, 1, 10), 1);
  EXPECT_EQ(options.integer("high", 5, 1, 10), 10);
  EXPECT_EQ(error_of([&] { options.integer("below", 5, 1, 10); }).sqlstate(), "22023");
  EXPECT_EQ(error_of([&] { options.integer("above", 5, 1, 10); }).sqlstate(), "22023");
  EXPECT_EQ(error_of([&] { options.number("huge", 5, 1, 10); }).sqlstate(), "22023");
  EXPECT_EQ(error_of([&] { options.number("negative", 5, 0, 10); }).sqlstate(), "22023");
  EXPECT_EQ(error_of([&] { options.integer("huge", 5, 1, 10); }).sqlstate(), "22023");
}

TEST(Options, WholeNumbersBeyond64BitsAreRefused) {
  Options options("advisor", R"({"big": 18446744073709551615})");
  EXPECT_EQ(error_of([&] {
              options.integer("big", 0, std::numeric_limits<std::int64_t>::min(),
                              std::numeric_limits<std::int64_t>::max());
            }).sqlstate(),
            "22023");
}

TEST(Options, UnknownKeysAreRefusedWithTheKnownOnes) {
  Options options("advisor", R"({"details": true, "detials": true})");
  options.boolean("details", false);
  options.number("budget", 0, 0, 1);
  auto const error = error_of([&] { options.finish(); });
  EXPECT_EQ(error.sqlstate(), "22023");
  EXPECT_EQ(error.message(), "unknown option \"detials\" of advisor");
  EXPECT_EQ(error.hint_text(), "Known options: details, budget.");
}

TEST(Options, OnlyAnObjectWillDo) {
  for (auto const* json : {"[]", "null", "1", "\"x\"", "", "{", "{\"a\": }"})
    EXPECT_EQ(error_of([&] { Options("advisor", json); }).message(),
              "options of advisor must be a JSON object")
        << json;
}

}  // namespace
