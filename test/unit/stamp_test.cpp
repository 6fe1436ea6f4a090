#include "core/stamp/stamp.hpp"

#include <gtest/gtest.h>

namespace {

using deal::stamp::Clock;
using deal::stamp::Part;
using deal::stamp::Settings;
using Statements = std::vector<std::string>;

Settings settings(Clock clock, bool old_rows_null) {
  Settings result;
  result.columns = {"created_at", "", "", "by \"whom\""};
  result.clock = clock;
  result.old_rows_null = old_rows_null;
  return result;
}

TEST(StampColumns, NowIsStoredOnce) {
  EXPECT_EQ(deal::stamp::add_columns("shop.t", settings(Clock::transaction, false),
                                     {Part::created_at, Part::updated_by}),
            Statements{
                "alter table shop.t add column created_at timestamptz not null default pg_catalog.now(), add "
                "column \"by \"\"whom\"\"\" pg_catalog.text"});
}

TEST(StampColumns, AnotherClockIsTheDefaultOfLaterRowsOnly) {
  EXPECT_EQ(
      deal::stamp::add_columns("shop.t", settings(Clock::clock, false), {Part::created_at}),
      (Statements{"alter table shop.t add column created_at timestamptz not null default pg_catalog.now()",
                  "alter table shop.t alter column created_at set default pg_catalog.clock_timestamp()"}));
}

TEST(StampColumns, OldRowsUnknown) {
  EXPECT_EQ(deal::stamp::add_columns("shop.t", settings(Clock::transaction, true), {Part::created_at}),
            (Statements{"alter table shop.t add column created_at timestamptz",
                        "alter table shop.t alter column created_at set default pg_catalog.now()"}));
}

TEST(StampColumns, NothingMissing) {
  EXPECT_EQ(deal::stamp::add_columns("shop.t", settings(Clock::clock, true), {}), Statements{});
}

TEST(StampTriggers, ArgumentsAreInTheOrderOfTheColumnList) {
  EXPECT_EQ(
      deal::stamp::create_triggers("shop.t", settings(Clock::statement, false)).front(),
      "create trigger zz_stamp_columns before insert or update of created_at, \"by \"\"whom\"\"\" on shop.t "
      "for each row execute function deal_advisor.stamp('created_at', 'updated_by', 'clock=statement', "
      "'trust_insert')");
}

TEST(StampUser, TextOrNumber) {
  EXPECT_EQ(deal::stamp::user_of_context(R"({"user": "ann", "x": {"user": "eve"}})"), "ann");
  EXPECT_EQ(deal::stamp::user_of_context(R"({"user": 12})"), "12");
}

TEST(StampUser, AnythingElseIsNobody) {
  for (const char* const text :
       {"", "{", "[]", "\"ann\"", "{}", R"({"user": null})", R"({"user": ""})",
        R"({"user": {"name": "ann"}})", R"({"user": true})", R"({"user": "\u0000a"})"})
    EXPECT_EQ(deal::stamp::user_of_context(text), std::nullopt) << text;
}

TEST(StampUser, EndsAtAZeroByte) {
  EXPECT_EQ(deal::stamp::user_of_context(R"({"user": "ann\u0000eve"})"), "ann");
}

}  // namespace
