#include "core/partition/conversion.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/partition/conversion_parts.hpp"

namespace deal::partition {

namespace {

Conversion monthly() {
  Conversion conversion;
  conversion.set.schema = "shop";
  conversion.set.table = "orders";
  conversion.set.column = "at";
  conversion.set.grid.step = {.months = 1};
  conversion.cutoff = to_instant(utc(), 366 * kDay);  // 2001-01-01
  conversion.creations.push_back(
      {ActionKind::create, "shop", "orders_p20010101", conversion.cutoff, conversion.cutoff + 31 * kDay});
  return conversion;
}

TableIndex primary_key() {
  TableIndex index;
  index.name = "orders_pkey";
  index.definition = "CREATE UNIQUE INDEX orders_pkey ON shop.orders USING btree (id)";
  index.constraint = 'p';
  index.constraint_definition = "PRIMARY KEY (id)";
  index.unique = true;
  index.keys = {"id"};
  return index;
}

ConvertedTable orders() {
  ConvertedTable table;
  table.schema = "shop";
  table.name = "orders";
  table.owner = "owner";
  table.columns = {{"id", true, 0, -1, ""}, {"at", true, 0, -1, ""}};
  table.indexes = {primary_key()};
  return table;
}

std::vector<std::string> kinds(const std::vector<ConversionStep>& steps) {
  std::vector<std::string> names;
  for (auto const& step : steps)
    names.emplace_back(name_of(step.kind));
  return names;
}

std::vector<std::string> codes(const ConvertedTable& table, ConversionLevel level,
                               const std::vector<std::string>& accepted = {}) {
  std::vector<std::string> found;
  for (auto const& finding : conversion_findings(table, monthly(), accepted))
    if (finding.level == level) found.push_back(finding.code);
  return found;
}

std::vector<std::string> sql(const ConversionStep& step) {
  std::vector<std::string> texts;
  for (auto const& statement : step.statements)
    texts.push_back(statement.sql);
  return texts;
}

/// The place of the statement that begins like this; the end if there is none.
std::size_t place(const ConversionStep& step, std::string_view beginning) {
  auto const texts = sql(step);
  auto const found = std::find_if(texts.begin(), texts.end(),
                                  [&](const std::string& text) { return text.starts_with(beginning); });
  return static_cast<std::size_t>(found - texts.begin());
}

using Words = std::vector<std::string>;

TEST(ConversionText, IndexIsTakenApartAtItsOwnParentheses) {
  IndexDefinition const index = parse_index(
      R"sql(CREATE UNIQUE INDEX "an ON (" ON ONLY "S USING ("."T" USING btree (lower(("a)"::text || ')')), b DESC) INCLUDE (c) WITH (fillfactor='90') WHERE (d = ' WHERE '::text))sql");
  EXPECT_TRUE(index.unique);
  EXPECT_EQ(index.method, "btree");
  EXPECT_EQ(index.columns, R"sql(lower(("a)"::text || ')')), b DESC)sql");
  EXPECT_EQ(index.options, " INCLUDE (c) WITH (fillfactor='90')");
  EXPECT_EQ(index.where, " WHERE (d = ' WHERE '::text)");
}

TEST(ConversionText, BackslashesCountInEscapeStringsOnly) {
  EXPECT_EQ(parse_index(R"sql(CREATE INDEX i ON t USING gin ((E'\')' || a)) WHERE b)sql").columns,
            R"sql((E'\')' || a))sql");
  EXPECT_EQ(parse_index(R"sql(CREATE INDEX i ON t USING gin (('\' || a)) WHERE b)sql").columns,
            R"sql(('\' || a))sql");
}

TEST(ConversionText, IndexIsPutTogetherWithMore) {
  IndexDefinition const index = parse_index("CREATE INDEX i ON t USING btree (a) INCLUDE (c) WHERE (a > 0)");
  EXPECT_EQ(index_statement(index, "concurrently ", "My", "s.t", "\"At\"", "fast"),
            "create index concurrently \"My\" on s.t using btree (a, \"At\") INCLUDE (c) tablespace fast "
            "WHERE (a > 0)");
}

TEST(ConversionText, NoIndexIsAnError) {
  EXPECT_THROW(parse_index("CREATE INDEX i ON t USING btree (a"), Error);
  EXPECT_THROW(parse_index("select 1"), Error);
}

TEST(ConversionText, PrimaryKeysBecomeUnique) {
  EXPECT_EQ(unique_with("PRIMARY KEY (id) INCLUDE (b) DEFERRABLE", "at"),
            "UNIQUE (id, at) INCLUDE (b) DEFERRABLE");
  EXPECT_EQ(unique_with(R"sql(UNIQUE NULLS NOT DISTINCT ("a)", b))sql", "at"),
            R"sql(UNIQUE NULLS NOT DISTINCT ("a)", b, at))sql");
}

TEST(ConversionText, TriggersMoveToAnotherTable) {
  TableTrigger trigger;
  trigger.definition =
      R"sql(CREATE TRIGGER " ON shop.orders " BEFORE UPDATE OF a ON shop.orders FOR EACH ROW EXECUTE FUNCTION f(' ON shop.orders '))sql";
  EXPECT_EQ(
      trigger_on(trigger, "shop.orders", "shop.other"),
      R"sql(CREATE TRIGGER " ON shop.orders " BEFORE UPDATE OF a on shop.other FOR EACH ROW EXECUTE FUNCTION f(' ON shop.orders '))sql");
}

TEST(ConversionNames, AreKeptAndDontClash) {
  ConversionNames names({{"parent", "kept"}}, {"orders_pmin", "orders_pmin1"});
  EXPECT_EQ(names.pick("parent", "other"), "kept");
  EXPECT_EQ(names.pick("old table", "orders_pmin"), "orders_pmin2");
  EXPECT_EQ(names.pick("another", "orders_pmin"), "orders_pmin3");
  EXPECT_EQ(names.pick("old table", "something"), "orders_pmin2");
  EXPECT_LE(names.pick("long", std::string(80, 'x')).size(), 63u);
  EXPECT_EQ(names.chosen("nothing"), "");
}

TEST(ConversionFindings, KeyWithoutTheColumnGrows) {
  EXPECT_EQ(codes(orders(), ConversionLevel::warning), Words{"key_grows"});
  ConvertedTable table = orders();
  table.indexes.front().keys = {"id", "at"};
  EXPECT_EQ(codes(table, ConversionLevel::warning), Words{});
}

TEST(ConversionFindings, ErrorsHaveHints) {
  ConvertedTable table = orders();
  table.columns[1].generated = 's';
  table.checks.push_back({"c", "CHECK (a)", false, false, ""});
  table.foreign_keys.push_back({"f", "FOREIGN KEY (a) REFERENCES b", false, "b", ""});
  table.triggers.push_back({"t", "CREATE TRIGGER t", true, true, 'O', ""});
  table.sequences.push_back({"id", "shop", "s", 'a', "", "", true, {}});
  table.dependents.push_back({Dependent::Kind::view, "v", "other", "", "", false});
  table.publications.push_back({"p", "other", "", "", false, false, true});
  table.obstacles.push_back({"incoming_foreign_key", "m", "h", false});
  EXPECT_EQ(codes(table, ConversionLevel::error),
            (Words{"generated_key", "not_valid_check", "not_valid_foreign_key", "row_trigger_tables",
                   "shared_sequence", "dependent_owner", "publication", "incoming_foreign_key"}));
  for (auto const& finding : conversion_findings(table, monthly(), {}))
    EXPECT_NE(finding.hint, "") << finding.code;
}

TEST(ConversionFindings, OnlyAcceptableErrorsAreAccepted) {
  ConvertedTable table = orders();
  table.indexes.clear();
  table.obstacles.push_back({"row_type", "m", "h", true});
  table.obstacles.push_back({"rule", "m", "h", false});
  EXPECT_EQ(codes(table, ConversionLevel::error), (Words{"row_type", "rule"}));
  EXPECT_EQ(codes(table, ConversionLevel::error, {"row_type", "rule"}), Words{"rule"});
  EXPECT_EQ(codes(table, ConversionLevel::warning, {"row_type"}), Words{"row_type"});
}

TEST(ConversionSteps, ChecksComeAfterTheSlowBuilds) {
  ConversionNames names;
  EXPECT_EQ(kinds(attach_steps(orders(), monthly(), names)),
            (Words{"index", "key", "parent", "check", "validate", "swap"}));
  EXPECT_EQ(kinds(finishing_steps(monthly(), names)), (Words{"drop_check", "analyze", "enable"}));
}

TEST(ConversionSteps, InvalidAndSufficientIndexesNeedNoBuild) {
  ConvertedTable table = orders();
  table.indexes.front().valid = false;
  ConversionNames names;
  EXPECT_EQ(kinds(attach_steps(table, monthly(), names)), (Words{"parent", "check", "validate", "swap"}));
}

TEST(ConversionSteps, CheckProvesTheBound) {
  ConversionNames names;
  auto const steps = attach_steps(orders(), monthly(), names);
  EXPECT_EQ(sql(steps[3]),
            Words{"alter table shop.orders add constraint orders_before_cutoff check (at is not null and at "
                  "< '2001-01-01 00:00:00+00') not valid"});
}

TEST(ConversionSteps, NumbersAreQuotedSoThatTheyTakeTheColumnsType) {
  Conversion conversion = monthly();
  conversion.set.grid.kind = KeyKind::integer;
  conversion.set.grid.step = {.units = 100};
  conversion.cutoff = 200;
  conversion.creations.clear();
  ConversionNames names;
  EXPECT_NE(sql(attach_steps(orders(), conversion, names)[3]).front().find("at < '200'"), std::string::npos);
}

TEST(ConversionSwap, LocksInTheOrderOfReaders) {
  ConvertedTable table = orders();
  table.dependents.push_back({Dependent::Kind::view, "shop.v", "viewer", "lock v", "recreate v", true});
  table.foreign_keys.push_back({"f", "FOREIGN KEY (a) REFERENCES shop.b", true, "shop.b", ""});
  ConversionNames names;
  ConversionStep const swap = attach_steps(table, monthly(), names).back();
  ASSERT_EQ(swap.locks, 3u);
  EXPECT_EQ(swap.statements[0].sql, "lock v");
  EXPECT_EQ(swap.statements[0].role, "viewer");
  EXPECT_EQ(swap.statements[1].sql, "lock table only shop.orders in access exclusive mode");
  EXPECT_EQ(swap.statements[2].sql, "lock table only shop.b in access exclusive mode");
  EXPECT_LT(swap.statements[2].lock_timeout_ms, 50);
  EXPECT_EQ(swap.statements.back().sql, "recreate v");
}

TEST(ConversionSwap, OldTriggersGoBeforeTheAttachMakesTheirLike) {
  ConvertedTable table = orders();
  table.triggers.push_back(
      {"t", "CREATE TRIGGER t BEFORE INSERT ON shop.orders FOR EACH ROW", true, false, 'D', "why"});
  ConversionNames names;
  auto const steps = attach_steps(table, monthly(), names);
  EXPECT_LT(place(steps.back(), "drop trigger t"), place(steps.back(), "alter table shop.orders attach"));
  EXPECT_LT(place(steps[2], "alter table shop.orders_converted disable trigger t"), sql(steps[2]).size());
  EXPECT_LT(place(steps[2], "comment on trigger t"), sql(steps[2]).size());
}

TEST(ConversionSwap, IdentityIsHandedOverBeforeItIsDropped) {
  ConvertedTable table = orders();
  table.sequences.push_back({"id", "shop", "orders_id_seq", 'a', "cache 1", "", false, {{"usage", "to r"}}});
  ConversionNames names;
  auto const steps = attach_steps(table, monthly(), names);
  EXPECT_LT(place(steps.back(), "select pg_catalog.setval("),
            place(steps.back(), "alter table shop.orders_pmin alter column id drop identity"));
  EXPECT_LT(place(steps.back(), "alter table shop.orders_pmin alter column id drop identity"),
            place(steps.back(), "alter table shop.orders attach"));
  EXPECT_LT(place(steps[2], "grant usage on sequence shop.orders_id_seq_converted to r"),
            sql(steps[2]).size());
}

TEST(ConversionRollback, EverythingIsBoundToTheOldTableAgain) {
  ConvertedTable table = orders();
  table.indexes.push_back({});
  table.indexes.back().name = "orders_at";
  table.indexes.back().definition = "CREATE INDEX orders_at ON shop.orders USING btree (at)";
  ConversionNames names;
  attach_steps(table, monthly(), names);
  table.triggers.push_back(
      {"t", "CREATE TRIGGER t AFTER INSERT ON shop.orders FOR EACH ROW", true, false, 'O', ""});
  table.publications.push_back({"p", "publisher", "(id)", "(id > 1)", false, true, true});
  ConversionStep const back = swap_back_step(table, monthly(), names, {{"shop", "orders_p20010101"}});
  EXPECT_EQ(back.locks, 3u);
  Words const texts = sql(back);
  auto const has = [&](const std::string& text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  };
  EXPECT_TRUE(has("alter table shop.orders detach partition shop.orders_pmin"));
  EXPECT_TRUE(has("alter table shop.orders detach partition shop.orders_p20010101"));
  EXPECT_TRUE(has("alter table shop.orders_pmin rename to orders"));
  EXPECT_TRUE(has("alter index if exists shop.orders_at_pmin rename to orders_at"));
  EXPECT_TRUE(has("alter table shop.orders_p20010101 inherit shop.orders"));
  EXPECT_TRUE(has("CREATE TRIGGER t AFTER INSERT on shop.orders_p20010101 FOR EACH ROW"));
  EXPECT_TRUE(has("alter publication p add table shop.orders (id) where (id > 1)"));
}

TEST(ConversionRollback, OnlyGrownKeysWereMade) {
  ConvertedTable table = orders();
  ConversionNames names;
  attach_steps(table, monthly(), names);
  EXPECT_EQ(made_indexes(names), Words{"orders_pkey_at_pmin"});
}

TEST(ConversionParent, ReplicaIdentityFollowsThePrimaryKey) {
  ConversionNames names;
  ConversionStep const parent = attach_steps(orders(), monthly(), names)[2];
  EXPECT_LT(place(parent, "alter table shop.orders_converted replica identity using index orders_pkey_at"),
            sql(parent).size());
  ConvertedTable table = orders();
  table.columns[1].not_null = false;
  ConversionNames others;
  ConversionStep const nullable = attach_steps(table, monthly(), others)[2];
  EXPECT_LT(place(nullable, "alter table shop.orders_converted replica identity full"), sql(nullable).size());
}

TEST(ConversionParent, RecipeTellsOfEveryChange) {
  ConversionNames names;
  std::string const before = parent_recipe(orders(), monthly(), names);
  EXPECT_EQ(parent_recipe(orders(), monthly(), names), before);
  ConvertedTable table = orders();
  table.comment = "new";
  EXPECT_NE(parent_recipe(table, monthly(), names), before);
}

}  // namespace

}  // namespace deal::partition
