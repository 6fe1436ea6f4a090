#include "core/index/ddl.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace {

using deal::index::CandidateIndex;
using deal::index::ClauseKind;
using deal::index::create_statement;
using deal::index::drop_statement;
using deal::index::free_name;
using deal::index::key_text;
using deal::index::reason;
using deal::index::TableNames;
using deal::index::TableUse;

const TableNames kOrders{"shop", "orders", {"id", "", "Placed At", "select", "tenant_id", "say \"hi\""}};

CandidateIndex candidate(std::vector<deal::index::KeyColumn> keys, std::vector<std::int32_t> include = {}) {
  CandidateIndex made;
  made.keys = std::move(keys);
  made.include = std::move(include);
  return made;
}

TEST(IndexDdl, KeyQuotesWhatMustBeQuoted) {
  EXPECT_EQ(key_text(candidate({{5, false, false}, {3, false, false}}), kOrders),
            "(tenant_id, \"Placed At\")");
  EXPECT_EQ(key_text(candidate({{4, false, false}}), kOrders), "(\"select\")");
  EXPECT_EQ(key_text(candidate({{6, false, false}}), kOrders), "(\"say \"\"hi\"\"\")");
}

TEST(IndexDdl, DirectionSaysOnlyWhatDiffersFromTheDefault) {
  EXPECT_EQ(key_text(candidate({{1, false, false}}), kOrders), "(id)");
  EXPECT_EQ(key_text(candidate({{1, true, true}}), kOrders), "(id desc)");
  EXPECT_EQ(key_text(candidate({{1, false, true}}), kOrders), "(id nulls first)");
  EXPECT_EQ(key_text(candidate({{1, true, false}}), kOrders), "(id desc nulls last)");
}

TEST(IndexDdl, Include) {
  EXPECT_EQ(key_text(candidate({{1, false, false}}, {5, 3}), kOrders),
            "(id) include (tenant_id, \"Placed At\")");
}

TEST(IndexDdl, MethodOptionsAndPredicateStandWhereTheServerWantsThem) {
  CandidateIndex made = candidate({{-1, false, false}});
  made.method = deal::index::AccessMethod::brin;
  made.pages_per_range = 16;
  made.predicate = 3;
  TableNames names = kOrders;
  names.expressions[-1] = "lower(name)";
  names.predicates[3] = "(id > 0)";
  EXPECT_EQ(create_statement(made, names, "x", false),
            "create index concurrently x on shop.orders using brin ((lower(name))) with (pages_per_range = "
            "16) where "
            "(id > 0)");
}

TEST(IndexDdl, AColumnThatIsNotThereIsAnError) {
  EXPECT_THROW(key_text(candidate({{7, false, false}}), kOrders), std::out_of_range);
}

TEST(IndexDdl, CreateConcurrentlyOrOnly) {
  EXPECT_EQ(create_statement(candidate({{1, false, false}}), kOrders, "orders_id_idx", false),
            "create index concurrently orders_id_idx on shop.orders (id)");
  EXPECT_EQ(create_statement(candidate({{1, false, false}}), kOrders, "Orders;", true),
            "create index \"Orders;\" on only shop.orders (id)");
}

TEST(IndexDdl, Drop) {
  EXPECT_EQ(drop_statement("shop", "orders_id_idx", true), "drop index concurrently shop.orders_id_idx");
  EXPECT_EQ(drop_statement("My Shop", "user", false), "drop index \"My Shop\".\"user\"");
}

TEST(IndexDdl, FreeNameCountsUp) {
  std::set<std::string> taken;
  auto const is_taken = [&](const std::string& name) { return taken.count(name) > 0; };
  EXPECT_EQ(free_name("orders_id_idx", is_taken), "orders_id_idx");
  taken = {"orders_id_idx"};
  EXPECT_EQ(free_name("orders_id_idx", is_taken), "orders_id_idx1");
  taken = {"orders_id_idx", "orders_id_idx1", "orders_id_idx2"};
  EXPECT_EQ(free_name("orders_id_idx", is_taken), "orders_id_idx3");
}

TEST(IndexDdl, FreeNameStaysWithin63BytesOfWholeCharacters) {
  std::string const longest(63, 'a');
  auto const name = free_name(longest, [&](const std::string& taken) { return taken == longest; });
  EXPECT_EQ(name, std::string(62, 'a') + "1");
  std::string umlauts = "a";
  for (int i = 0; i < 31; ++i)
    umlauts += "\xC3\xA4";  // 63 bytes; cutting one would split the last
  EXPECT_EQ(free_name(umlauts, [&](const std::string& taken) { return taken == umlauts; }),
            umlauts.substr(0, 61) + "1");
}

TableUse use_of(std::vector<deal::index::Clause> clauses, std::int32_t table = 0) {
  TableUse use;
  use.table = table;
  use.clauses = std::move(clauses);
  return use;
}

TEST(IndexDdl, ReasonNamesEachColumnByTheStrongestUse) {
  TableUse sorted = use_of({{5, ClauseKind::equal, 0, 0.1}});
  sorted.orders = {{{3, true, true}}};
  auto const uses =
      std::vector<TableUse>{sorted, use_of({{3, ClauseKind::range, 0, 0.1}, {1, ClauseKind::join, 0, 1}})};
  EXPECT_EQ(reason(candidate({{5, false, false}, {3, true, true}}), kOrders, {sorted}),
            "equality on tenant_id; sort order of \"Placed At\"");
  EXPECT_EQ(reason(candidate({{5, false, false}, {1, false, false}, {3, false, false}, {4, false, false}}),
                   kOrders, uses),
            "equality on tenant_id; join on id; range on \"Placed At\"; carries \"select\"");
}

TEST(IndexDdl, ReasonSpeaksOfTheClausesThatTheMethodServes) {
  TableUse use;
  use.clauses = {{1, ClauseKind::range, 0, 0.1},
                 {1, ClauseKind::search, 0, 0.1, deal::index::AccessMethod::brin, 0}};
  CandidateIndex made = candidate({{1, false, false}});
  EXPECT_EQ(reason(made, kOrders, {use}), "range on id");
  made.method = deal::index::AccessMethod::brin;
  EXPECT_EQ(reason(made, kOrders, {use}), "search in id");
}

TEST(IndexDdl, ReasonIgnoresOtherTables) {
  EXPECT_EQ(reason(candidate({{1, false, false}}), kOrders, {use_of({{1, ClauseKind::equal, 0, 0.1}}, 9)}),
            "carries id");
}

}  // namespace
