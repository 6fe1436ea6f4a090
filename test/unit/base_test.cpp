#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/interrupt.hpp"
#include "core/base/json.hpp"
#include "core/base/quote.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace {

using deal::format_bytes;
using deal::index_name;
using deal::one_line;
using deal::parse_bytes;
using deal::quote_identifier;
using deal::quote_literal;
using deal::quote_qualified;
using deal::utf8_prefix;

TEST(Error, CarriesAllFieldsThroughAThrow) {
  try {
    throw deal::Error("22023", "bad budget").detail("It was -1.").hint("Leave it out.");
  } catch (const std::exception& caught) {
    const auto* error = dynamic_cast<const deal::Error*>(&caught);
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->sqlstate(), "22023");
    EXPECT_STREQ(error->what(), "bad budget");
    EXPECT_EQ(error->message(), "bad budget");
    EXPECT_EQ(error->detail_text(), "It was -1.");
    EXPECT_EQ(error->hint_text(), "Leave it out.");
  }
}

TEST(Interrupt, PollsEvery1024StepsAndMayThrow) {
  static int polls = 0;
  polls = 0;
  const deal::InterruptCheck before = deal::set_interrupt_check([] {
    if (++polls == 3) throw deal::Error("57014", "canceling statement due to user request");
  });
  deal::InterruptPoll poll;
  int steps = 0;
  EXPECT_THROW(
      {
        for (; steps < 100000; ++steps)
          poll.step();
      },
      deal::Error);
  EXPECT_EQ(steps, 3 * 1024 - 1);
  deal::set_interrupt_check(before);
  EXPECT_NO_THROW(deal::poll_interrupts());
}

TEST(Text, Utf8PrefixNeverSplitsACharacter) {
  EXPECT_EQ(utf8_prefix("abc", 5), "abc");
  EXPECT_EQ(utf8_prefix("abc", 2), "ab");
  EXPECT_EQ(utf8_prefix("abc", 0), "");
  EXPECT_EQ(utf8_prefix("aé", 2), "a");
  EXPECT_EQ(utf8_prefix("aé", 3), "aé");
  const std::string euro = "€€";
  EXPECT_EQ(utf8_prefix(euro, 5), "€");
  EXPECT_EQ(utf8_prefix(euro, 2), "");
  const std::string face = "😀x";
  for (std::size_t n = 0; n < 4; ++n)
    EXPECT_EQ(utf8_prefix(face, n), "") << n;
  EXPECT_EQ(utf8_prefix(face, 4), "😀");
  const std::string broken(10, '\x80');
  EXPECT_EQ(utf8_prefix(broken, 6).size(), 6u);
}

TEST(Text, FormatBytes) {
  EXPECT_EQ(format_bytes(0), "0 bytes");
  EXPECT_EQ(format_bytes(1023), "1023 bytes");
  EXPECT_EQ(format_bytes(1024), "1.0 kB");
  EXPECT_EQ(format_bytes(8192), "8.0 kB");
  EXPECT_EQ(format_bytes(1024 * 1024 - 1), "1.0 MB");
  EXPECT_EQ(format_bytes(500LL << 20), "500 MB");
  EXPECT_EQ(format_bytes(-(3LL << 29)), "-1.5 GB");
  EXPECT_EQ(format_bytes(INT64_MAX), "8192 PB");
  EXPECT_EQ(format_bytes(INT64_MIN), "-8192 PB");
}

TEST(Text, OneLine) {
  EXPECT_EQ(one_line("  select\n\t1 \r\n", 100), "select 1");
  EXPECT_EQ(one_line("", 10), "");
  EXPECT_EQ(one_line(" \n ", 10), "");
  EXPECT_EQ(one_line("select 12345", 10), "select ...");
  EXPECT_EQ(one_line("selectééé", 10), "select...");
  EXPECT_EQ(one_line("0123456789", 10), "0123456789");
  EXPECT_EQ(one_line("0123456789     ", 10), "0123456789");
  EXPECT_EQ(one_line("abcdef", 2), "ab");
  EXPECT_EQ(one_line("a\x01\x7f b", 10), "a b");
}

TEST(Text, ParseBytesReadsWhatTheServerReads) {
  const std::vector<std::pair<const char*, std::int64_t>> good = {
      {"1", 1},
      {"123bytes", 123},
      {"1B", 1},
      {"1kB", 1024},
      {"1 kb", 1024},
      {"500MB", 500LL << 20},
      {" 1.5 GB ", 3LL << 29},
      {"1TB", 1LL << 40},
      {"1 PB", 1LL << 50},
      {"-1.5kB", -1536},
      {"+2 mB", 2 << 20},
      {".5 kB", 512},
      {"1.", 1},
      {"1e3", 1000},
      {"1E+2 kb", 102400},
      {"1e-400", 0},
      {"1.5", 2},
      {"-1.5", -2},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"\t7\v", 7},
  };
  for (const auto& [text, value] : good)
    EXPECT_EQ(parse_bytes(text), value) << text;
  for (const char* text : {"", " ", ".", "-", "MB", "1 AB", "1 kBx", "1 k", "one", "1e", "1 e3", "--1", "- 1",
                           "1 bytes more", "9223372036854775808", "9000000 PB", "1e400", "1,5 MB", "0x10"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
}

TEST(Quote, IdentifiersAsTheServerQuotesThem) {
  EXPECT_EQ(quote_identifier("orders"), "orders");
  EXPECT_EQ(quote_identifier("_x1"), "_x1");
  EXPECT_EQ(quote_identifier("1x"), "\"1x\"");
  EXPECT_EQ(quote_identifier(""), "\"\"");
  EXPECT_EQ(quote_identifier("Orders"), "\"Orders\"");
  EXPECT_EQ(quote_identifier("o$x"), "\"o$x\"");
  EXPECT_EQ(quote_identifier("naïve"), "\"naïve\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_identifier("order"), "\"order\"");      // reserved
  EXPECT_EQ(quote_identifier("between"), "\"between\"");  // column name
  EXPECT_EQ(quote_identifier("left"), "\"left\"");        // type or function
  EXPECT_EQ(quote_identifier("abort"), "abort");          // unreserved
  EXPECT_EQ(quote_identifier("json_table"), "\"json_table\"");
  EXPECT_EQ(quote_identifier("all"), "\"all\"");
  EXPECT_EQ(quote_identifier("xmltable"), "\"xmltable\"");
}

TEST(Quote, QualifiedNamesAndLiterals) {
  EXPECT_EQ(quote_qualified("public", "User"), "public.\"User\"");
  EXPECT_EQ(quote_qualified("", "t"), "t");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b'"), "E'a\\\\b'''");
  EXPECT_EQ(quote_literal(""), "''");
}

TEST(Quote, IndexNamesAreStableShortAndDistinct) {
  EXPECT_EQ(index_name("orders", std::vector<std::string>{"customer_id", "created_at"}),
            "orders_customer_id_created_at_idx");
  const std::string table(40, 't');
  const std::string a = index_name(table, std::vector<std::string>{std::string(40, 'a'), "x"});
  const std::string b = index_name(table, std::vector<std::string>{std::string(40, 'a'), "y"});
  EXPECT_EQ(a.size(), 63u);
  EXPECT_NE(a, b);
  EXPECT_EQ(a, index_name(table, std::vector<std::string>{std::string(40, 'a'), "x"}));
  EXPECT_EQ(a, "tttttttttttttttttttttttttttttttttttttttt_aaaaaaaaa_7e507645_idx");
  std::string wide;
  for (int i = 0; i < 40; ++i)
    wide += "é";
  const std::string cut = index_name(wide, std::vector<std::string>{"c"});
  EXPECT_LE(cut.size(), 63u);
  EXPECT_EQ(cut.size() % 2, 1u) << "whole two-byte characters and 13 bytes of suffix";
}

TEST(Random, IsDeterministicAndInRange) {
  deal::Random one(7);
  deal::Random two(7);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    EXPECT_EQ(one.next(), two.next());
    EXPECT_LT(one.below(10), 10u);
    const double u = two.uniform();
    EXPECT_TRUE(u >= 0 && u < 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
  EXPECT_EQ(one.below(0), 0u);
}

TEST(Json, KeepsTheOrderOfKeys) {
  deal::Json value;
  value["z"] = 1;
  value["a"] = 2;
  EXPECT_EQ(value.dump(), R"({"z":1,"a":2})");
}

}  // namespace
