// What auditing knows without a server: row keys, layouts, claims, masked statements, its triggers'
// statements.
#include <gtest/gtest.h>

#include <set>

#include "core/audit/alteration.hpp"
#include "core/audit/claims.hpp"
#include "core/audit/enable.hpp"
#include "core/audit/enable_call.hpp"
#include "core/audit/layout.hpp"
#include "core/audit/log_schema.hpp"
#include "core/audit/mask.hpp"
#include "core/audit/row_key.hpp"
#include "core/base/error.hpp"

namespace {

using deal::audit::Layout;
using deal::audit::LayoutColumn;
using deal::audit::RowKey;
using deal::audit::Treatment;

std::int64_t integer_key(std::int64_t value, int table = 1) {
  RowKey key;
  key.add_integer(value);
  return key.value(table);
}

TEST(AuditRowKey, AnIntegerIsItsOwnNumberAmongItsTablesRows) {
  EXPECT_EQ(integer_key(5), deal::audit::first_row_key(1) + 5);
  EXPECT_EQ(integer_key(5, 7), deal::audit::first_row_key(7) + 5);
}

TEST(AuditRowKey, EveryKeyLiesAmongThoseOfItsTable) {
  for (std::int64_t value :
       {std::int64_t{-1}, std::int64_t{0}, INT64_MAX, INT64_MIN, std::int64_t{1} << 50}) {
    EXPECT_GE(integer_key(value, deal::audit::kMostTables),
              deal::audit::first_row_key(deal::audit::kMostTables));
    EXPECT_GE(integer_key(value, 3), deal::audit::first_row_key(3));
    EXPECT_LT(integer_key(value, 3), deal::audit::first_row_key(4));
  }
}

TEST(AuditRowKey, KeysOfOneTenantAreNeighbours) {
  auto const of = [](std::int64_t tenant, std::int64_t id) {
    RowKey key;
    key.add_integer(tenant);
    key.add_integer(id);
    return key.value(1);
  };
  EXPECT_EQ(of(7, 101) - of(7, 100), 1);
  EXPECT_NE(of(7, 100), of(8, 100));
  EXPECT_NE(of(7, 100), of(100, 7));
}

TEST(AuditRowKey, TextsOfAllLengthsDiffer) {
  std::set<std::int64_t> keys;
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    RowKey key;
    key.add_bytes(text);
    keys.insert(key.value(1));
    text.push_back(static_cast<char>('a' + i % 3));
  }
  EXPECT_EQ(keys.size(), 2000U);
}

TEST(AuditRowKey, AUuidBeginsWithItsFirstBits) {
  unsigned char first[16] = {0x01, 0x90, 0xab, 0xcd, 0xef, 0x01};
  unsigned char next[16] = {0x01, 0x90, 0xab, 0xcd, 0xef, 0x11};
  RowKey one;
  one.add_uuid(first);
  RowKey other;
  other.add_uuid(next);
  EXPECT_EQ(one.value(1), deal::audit::first_row_key(1) + 0x0190abcdef0);
  EXPECT_EQ(other.value(1) - one.value(1), 1);
}

TEST(AuditRowKey, NullIsNoNumber) {
  RowKey null;
  null.add_null();
  EXPECT_NE(null.value(1), integer_key(0));
}

Layout layout_of(std::vector<LayoutColumn> columns, int last_number) {
  Layout layout;
  layout.columns = std::move(columns);
  layout.last_number = last_number;
  return layout;
}

LayoutColumn column(int number, std::string name, Treatment treatment = Treatment::plain, int id = 0) {
  return {id, number, std::move(name), "integer", false, treatment};
}

TEST(AuditLayout, IsReadAsWritten) {
  Layout layout =
      layout_of({column(1, "a", Treatment::hashed, 1), column(3, "b \"q\"", Treatment::ignored, 9)}, 4);
  layout.columns[1].generated = true;
  Layout const read = deal::audit::parse_layout(deal::audit::layout_json(layout));
  EXPECT_TRUE(deal::audit::same_layout(layout, read));
}

TEST(AuditLayout, OtherDocumentsAreRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"last_number\": 1}", "{\"last_number\": 1, \"columns\": [{\"id\": \"x\"}]}"})
    EXPECT_THROW(deal::audit::parse_layout(text), deal::Error) << text;
}

TEST(AuditLayout, ARenamedColumnKeepsItsIdentityAndItsTreatment) {
  Layout const earlier =
      layout_of({column(1, "id", Treatment::plain, 1), column(2, "card", Treatment::redacted, 2)}, 2);
  Layout now = layout_of({column(1, "id"), column(2, "number_of_card")}, 2);
  deal::audit::continue_layout(now, earlier);
  EXPECT_EQ(now.columns[1].id, 2);
  EXPECT_EQ(now.columns[1].treatment, Treatment::redacted);
}

TEST(AuditLayout, AColumnDroppedAndAddedAgainIsANewOne) {
  Layout const earlier =
      layout_of({column(1, "id", Treatment::plain, 1), column(2, "a", Treatment::hashed, 2)}, 2);
  Layout now = layout_of({column(1, "id"), column(3, "a")}, 3);
  deal::audit::continue_layout(now, earlier);
  EXPECT_EQ(now.columns[1].id, 3);
  EXPECT_EQ(now.columns[1].treatment, Treatment::plain);
}

TEST(AuditLayout, SessionsThatSawOtherShapesAgreeOnNewColumns) {
  Layout const base = layout_of({column(1, "id", Treatment::plain, 1)}, 1);
  Layout saw_both = layout_of({column(1, "id"), column(2, "a"), column(3, "b")}, 3);
  deal::audit::continue_layout(saw_both, base);
  Layout saw_last = layout_of({column(1, "id"), column(3, "b")}, 3);  // a was dropped meanwhile
  deal::audit::continue_layout(saw_last, base);
  EXPECT_EQ(saw_both.by_name("b")->id, saw_last.by_name("b")->id);
}

TEST(AuditLayout, AfterARestoreColumnsAreKnownByName) {
  Layout const before =
      layout_of({column(1, "id", Treatment::plain, 1), column(5, "price", Treatment::plain, 5)}, 5);
  Layout now = layout_of({column(1, "id"), column(2, "price"), column(3, "new")}, 3);
  deal::audit::adopt_layout(now, before);
  EXPECT_EQ(now.by_name("price")->id, 5);
  EXPECT_GT(now.by_name("new")->id, 5);
}

TEST(AuditLayout, WhenAHiddenColumnCantBeFoundUnknownOnesAreHidden) {
  Layout const before =
      layout_of({column(1, "id", Treatment::plain, 1), column(2, "card", Treatment::hashed, 2)}, 2);
  Layout now = layout_of({column(1, "id"), column(2, "renamed")}, 2);
  deal::audit::adopt_layout(now, before);
  EXPECT_EQ(now.by_name("renamed")->treatment, Treatment::redacted);
  EXPECT_EQ(now.by_name("id")->treatment, Treatment::plain);
}

TEST(AuditLayout, APartitionWithItsColumnsInAnotherOrderHasTheTablesIdentities) {
  Layout const table =
      layout_of({column(1, "id", Treatment::plain, 1), column(2, "card", Treatment::redacted, 2)}, 2);
  Layout part = layout_of({column(2, "card"), column(4, "id"), column(5, "own")}, 5);
  deal::audit::follow_table(part, table, nullptr);
  EXPECT_EQ(part.by_name("id")->id, 1);
  EXPECT_EQ(part.by_name("card")->treatment, Treatment::redacted);
  int const own = part.by_name("own")->id;
  EXPECT_GT(own, 1000000);
  Layout later = layout_of({column(2, "card"), column(4, "id"), column(5, "renamed")}, 5);
  deal::audit::follow_table(later, table, &part);
  EXPECT_EQ(later.by_name("renamed")->id, own);
}

std::string masked(std::string text, bool backslashes = false) {
  deal::audit::mask_literals(text.data(), backslashes);
  return text.c_str();
}

TEST(AuditAlteration, TellsColumnsByTheirIdentity) {
  Layout before;
  before.columns = {{1, 1, "id", "integer"}, {2, 2, "price", "integer"}, {3, 3, "note", "pg_catalog.text"}};
  Layout after;
  after.columns = {{1, 1, "id", "bigint"}, {2, 2, "Cost", "integer", true}, {4, 4, "note", "shop.money"}};
  std::vector<std::string> const expected = {"id: integer became bigint", "price is called \"Cost\" now",
                                             "\"Cost\" is generated now", "note dropped",
                                             "note added: shop.money"};
  EXPECT_EQ(deal::audit::column_changes(before, after), expected);
  EXPECT_TRUE(deal::audit::column_changes(after, after).empty());
  EXPECT_EQ(deal::audit::changes_json({"a \"b\""}), R"(["a \"b\""])");
}

TEST(AuditMask, TakesOutWhatAreValues) {
  EXPECT_EQ(masked("select 'a''b', 12, 1.5e-3, .5, 0x1F, $1, c1, \"Q 'x'\" from t2"),
            "select ?, ?, ?, ?, ?, $1, c1, \"Q 'x'\" from t2");
  EXPECT_EQ(masked("E'a\\'b' || $tag$ it's $x$ $tag$ || $$q$$ || B'01'"), "? || ? || ? || ?");
  EXPECT_EQ(masked("/* 'secret' /* nested */ 1 */ select -- 42\n a"), " select \n a");
}

TEST(AuditMask, WhatNeverEndsIsTakenOutToTheEnd) {
  EXPECT_EQ(masked("update t set card = '4111 1111"), "update t set card = ?");
  EXPECT_EQ(masked("select $a$ secret"), "select ?");
  EXPECT_EQ(masked("select E'secret\\"), "select ?");
  EXPECT_EQ(masked("select /* secret"), "select ");
}

TEST(AuditMask, BackslashesEscapeWhereTheServerIsSoSet) {
  EXPECT_EQ(masked("'a\\' || secret || ' '", true), "? ?");
  EXPECT_EQ(masked("'a\\' || name || ' '", false), "? || name || ?");
}

TEST(AuditClaims, ComeFromTheSettingThenFromTheToken) {
  auto const set =
      deal::audit::read_claims(R"({"user": "jane", "context": {"r": 1}})", R"({"sub": "x", "role": "web"})");
  EXPECT_EQ(set.user, "jane");
  EXPECT_EQ(set.context, R"({"r":1,"claims":{"role":"web"}})");
  auto const token = deal::audit::read_claims("", R"({"sub": "x", "email": "private"})");
  EXPECT_EQ(token.user, "x");
  EXPECT_FALSE(token.context.has_value());
}

TEST(AuditClaims, NothingThatIsSetMakesThemFail) {
  for (const char* text : {"{", "nonsense", "[1]", "{\"user\": \"a\\u0000b\"}", "\xff\xfe"})
    EXPECT_NE(deal::audit::read_claims(text, text).context->find("invalid"), std::string::npos) << text;
  EXPECT_FALSE(deal::audit::read_claims("", "").context.has_value());
}

TEST(AuditClaims, TheSettingIsReadAsWritten) {
  deal::audit::Claims claims{"o'neil \"x\"", R"({"reason":"test"})"};
  auto const read = deal::audit::read_claims(deal::audit::claims_setting(claims), "");
  EXPECT_EQ(read.user, claims.user);
  EXPECT_EQ(read.context, claims.context);
  EXPECT_EQ(deal::audit::claims_setting({}), "");
}

TEST(AuditEnable, KeyColumnsAndUnknownOnesCantBeHidden) {
  Layout layout = layout_of({column(1, "id", Treatment::plain, 1), column(2, "a", Treatment::plain, 2)}, 2);
  EXPECT_THROW(deal::audit::apply_treatment(layout, {{}, {"id"}, {}}, {"id"}), deal::Error);
  EXPECT_THROW(deal::audit::apply_treatment(layout, {{"b"}, {}, {}}, {"id"}), deal::Error);
  EXPECT_THROW(deal::audit::apply_treatment(layout, {{"a"}, {"a"}, {}}, {"id"}), deal::Error);
  deal::audit::apply_treatment(layout, {{}, {}, {"a"}}, {"id"});
  EXPECT_EQ(layout.columns[1].treatment, Treatment::hashed);
  deal::audit::apply_treatment(layout, {}, {"id"});
  EXPECT_EQ(layout.columns[1].treatment, Treatment::plain);
}

TEST(AuditEnable, StatementsQuoteWhatTheyName) {
  auto const statements =
      deal::audit::trigger_statements({{"\"a b\".\"t'\"", false}}, "lo'g", 3, deal::audit::Firing::always);
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0],
            "create or replace trigger \"00_deal_audit_truncate\" before truncate on \"a b\".\"t'\" for each "
            "statement "
            "execute function deal_advisor.audit_capture('lo''g', '3')");
  EXPECT_EQ(statements[1], "alter table \"a b\".\"t'\" enable always trigger \"00_deal_audit_truncate\"");
  EXPECT_THROW(deal::audit::parse_firing("never"), deal::Error);
}

TEST(AuditEnable, TheCallHasAllThatIsNotTheDefault) {
  deal::audit::EnableSettings settings;
  settings.table = "shop.\"it's\"";
  EXPECT_EQ(deal::audit::enable_call(settings), "SELECT deal_advisor.audit_enable('shop.\"it''s\"')");
  settings.mode = "typed";
  settings.ignored = {"seen"};
  settings.redacted = {"card", "i'ban"};
  settings.hashed = {"email"};
  settings.truncate_rows = true;
  settings.statement = true;
  settings.insert_image = false;
  settings.fire = "origin";
  settings.log_owner = "auditor";
  settings.options = R"({"key": ["id"]})";
  EXPECT_EQ(
      deal::audit::enable_call(settings),
      "SELECT deal_advisor.audit_enable('shop.\"it''s\"', mode => 'typed', ignore => ARRAY['seen'], redact "
      "=> "
      "ARRAY['card', 'i''ban'], hash => ARRAY['email'], truncate_rows => true, statement => true, "
      "insert_image => false, fire => 'origin', log_owner => 'auditor', options => '{\"key\": [\"id\"]}')");
}

TEST(AuditHistory, ColumnsNeverBearTheNamesOfItsOwn) {
  EXPECT_EQ(deal::audit::history_column_name("id", {}), "id");
  EXPECT_EQ(deal::audit::history_column_name("audit_at", {}), "audit_at_2");
  EXPECT_EQ(deal::audit::history_column_name("a", {"a", "a_2"}), "a_3");
}

}  // namespace
