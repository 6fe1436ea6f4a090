/// The checks, over models made by hand.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "catalog_model.hpp"
#include "core/base/error.hpp"
#include "core/report/diagram.hpp"
#include "core/report/document.hpp"
#include "core/report/report.hpp"
#include "core/review/builder.hpp"
#include "core/review/export.hpp"
#include "core/review/foreign_key.hpp"
#include "core/review/gate.hpp"

namespace deal::review {
namespace {

Model with_foreign_key() {
  Model model;
  model.table("parent", {"id"}).constraint('p', {1});
  model.table("child", {"id", "a", "b"}).constraint('p', {1}).constraint('f', {2, 3});
  return model;
}

Model with_missing_index(double benefit_pct) {
  Model model;
  model.table("products", {"id", "brand"}).constraint('p', {1});
  model.foreseen.asked = true;
  model.foreseen.missing_indexes = {
      {.relation = "shop.products",
       .index = "shop.products_brand_idx",
       .definition = "create index concurrently on shop.products (brand)",
       .why = "equality on brand; serves 2 statements",
       .bytes = 8192,
       .benefit_pct = benefit_pct,
       .statements = 2,
       .confidence = 0.75,
       .ddl = {"create index concurrently products_brand_idx on shop.products (brand)"},
       .rollback = {"drop index concurrently shop.products_brand_idx"}}};
  return model;
}

TEST(MissingIndex, IsAsSevereAsItIsUseful) {
  EXPECT_EQ(with_missing_index(40).run("IDX-014").front().severity, Severity::high);
  EXPECT_EQ(with_missing_index(10).run("IDX-014").front().severity, Severity::medium);
  EXPECT_EQ(with_missing_index(0.5).run("IDX-014").front().severity, Severity::low);
}

TEST(MissingIndex, HasTheAdvisorsStatements) {
  Finding const finding = with_missing_index(10).run("IDX-014").front();
  EXPECT_EQ(finding.object, "shop.products");
  EXPECT_EQ(finding.fix.size(), 1u);
  EXPECT_EQ(finding.rollback, std::vector<std::string>{"drop index concurrently shop.products_brand_idx"});
  EXPECT_FALSE(finding.fix_transactional);
  EXPECT_EQ(finding.verify, "select 1 where pg_catalog.to_regclass('shop.products_brand_idx') is null");
  EXPECT_DOUBLE_EQ(finding.confidence, 0.75);
  EXPECT_NE(finding.why.find("equality on brand"), std::string::npos);
}

TEST(MissingIndex, OfTwoOnOneTableEachHasItsOwnFingerprintWhateverItsName) {
  Model model = with_missing_index(10);
  auto other = model.foreseen.missing_indexes.front();
  other.definition = "create index concurrently on shop.products (brand, id)";
  model.foreseen.missing_indexes.push_back(other);
  auto const findings = model.run("IDX-014");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_NE(findings[0].fingerprint, findings[1].fingerprint);
  Model renamed = with_missing_index(10);
  renamed.foreseen.missing_indexes.front().index = "shop.other";
  auto const same = renamed.run("IDX-014").front().fingerprint;
  EXPECT_TRUE(same == findings[0].fingerprint || same == findings[1].fingerprint);
}

TEST(MissingIndex, UnaskedIsSilentUnknownIsSkippedOtherSchemasAreLeftOut) {
  Model unasked = with_missing_index(10);
  unasked.foreseen.asked = false;
  EXPECT_TRUE(unasked.run("IDX-014").empty());
  Model unknown = with_missing_index(10);
  unknown.foreseen.unknown = "there is no workload";
  ASSERT_EQ(unknown.run("IDX-014").size(), 1u);
  EXPECT_EQ(unknown.run("IDX-014").front().status, Status::skipped);
  EXPECT_EQ(unknown.run("IDX-014").front().skip_reason, "there is no workload");
  Model elsewhere = with_missing_index(10);
  elsewhere.foreseen.missing_indexes.front().relation = "other.products";
  EXPECT_TRUE(elsewhere.run("IDX-014").empty());
}

TEST(ForeignKey, ColumnsInAnyOrderServe) {
  EXPECT_EQ(with_foreign_key().run("SCH-003").size(), 1u);
  EXPECT_TRUE(with_foreign_key().index("i", {2, 3}).run("SCH-003").empty());
  EXPECT_TRUE(with_foreign_key().index("i", {3, 2, 1}).run("SCH-003").empty());
  EXPECT_EQ(with_foreign_key().index("i", {2, 1, 3}).run("SCH-003").size(), 1u);
  EXPECT_EQ(with_foreign_key().index("i", {2}).run("SCH-003").size(), 1u);
}

TEST(ForeignKey, PartialBrinHashAndInvalidIndexes) {
  EXPECT_EQ(with_foreign_key().index("i", {2, 3}, "brin").run("SCH-003").size(), 1u);
  EXPECT_EQ(with_foreign_key().index("i", {2, 3}, "btree", "(id > 3)").run("SCH-003").size(), 1u);
  EXPECT_TRUE(with_foreign_key().index("i", {2, 3}, "btree", "(a IS NOT NULL)").run("SCH-003").empty());
  EXPECT_EQ(with_foreign_key().index("i", {2, 3}, "btree", "(id IS NOT NULL)").run("SCH-003").size(), 1u);
  Model model = with_foreign_key().index("i", {2, 3});
  model.last_index().valid = false;
  EXPECT_EQ(model.run("SCH-003").size(), 1u);
}

TEST(ForeignKey, SeverityFollowsSize) {
  Model small = with_foreign_key();
  small.last_table().rows = 50;
  EXPECT_EQ(small.run("SCH-003").front().severity, Severity::low);
  Model large = with_foreign_key();
  large.last_table().rows = 2e6;
  EXPECT_EQ(large.run("SCH-003").front().severity, Severity::medium);
  large.catalog().tables.front().deletes = 1;
  EXPECT_EQ(large.run("SCH-003").front().severity, Severity::high);
}

TEST(ForeignKey, TheNewIndexHasAFreeName) {
  Model model = with_foreign_key();
  model.catalog().relation_names = {"shop.child_a_b_idx", "shop.child_a_b_2_idx"};
  Finding const finding = model.run("SCH-003").front();
  EXPECT_EQ(finding.fix.front(), "CREATE INDEX CONCURRENTLY child_a_b_3_idx ON shop.child (a, b)");
  EXPECT_EQ(finding.rollback.front(), "DROP INDEX CONCURRENTLY shop.child_a_b_3_idx");
  EXPECT_FALSE(finding.fix_transactional);
}

TEST(ForeignKey, PartitionsAreBuiltOneByOne) {
  Model model;
  model.table("parent", {"id"}).constraint('p', {1});
  model.table("parts", {"a"}).constraint('f', {1});
  model.last_table().kind = TableKind::partitioned;
  model.table("leaf", {"a"});
  model.last_table().parent = 1;
  model.last_table().partition = true;
  auto const fix = model.run("SCH-003").front().fix;
  ASSERT_EQ(fix.size(), 3u);
  EXPECT_EQ(fix[0], "CREATE INDEX parts_a_idx ON ONLY shop.parts (a)");
  EXPECT_EQ(fix[1], "CREATE INDEX CONCURRENTLY leaf_a_idx ON shop.leaf (a)");
  EXPECT_EQ(fix[2], "ALTER INDEX shop.parts_a_idx ATTACH PARTITION shop.leaf_a_idx");
  model.catalog().tables[1].foreign_leaf = true;
  EXPECT_EQ(model.run("SCH-003").front().fix.size(), 1u);
}

TEST(PrimaryKey, UsesWhatIsThere) {
  Model unique;
  unique.table("codes", {"code"}).index("codes_code", {1});
  unique.last_index().unique = true;
  Finding finding = unique.run("SCH-001").front();
  EXPECT_EQ(finding.fix.front(), "ALTER TABLE shop.codes ADD PRIMARY KEY USING INDEX codes_code");
  EXPECT_EQ(finding.severity, Severity::low);
  EXPECT_EQ(finding.recreates, unique.last_index().oid);
  unique.catalog().columns.front().not_null = false;
  EXPECT_EQ(unique.run("SCH-001").front().severity, Severity::medium);

  Model numbered;
  numbered.table("log", {"id", "what"});
  numbered.catalog().columns.front().numbered = true;
  finding = numbered.run("SCH-001").front();
  ASSERT_EQ(finding.fix.size(), 2u);
  EXPECT_EQ(finding.fix.front(), "CREATE UNIQUE INDEX CONCURRENTLY log_pkey ON shop.log (id)");

  Model staging;
  staging.table("feed", {"line"});
  EXPECT_EQ(staging.run("SCH-001").front().severity, Severity::medium);
  staging.last_table().unlogged = true;
  EXPECT_EQ(staging.run("SCH-001").front().severity, Severity::low);

  Model none;
  none.table("log", {"id", "row_id"});
  EXPECT_EQ(none.run("SCH-001").front().fix.front(),
            "ALTER TABLE shop.log ADD COLUMN row_id2 bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
}

TEST(PrimaryKey, PartitionsAndViewsAreNotAsked) {
  Model model;
  model.table("view", {"a"});
  model.last_table().kind = TableKind::materialized_view;
  model.table("leaf", {"a"});
  model.last_table().partition = true;
  EXPECT_TRUE(model.run("SCH-001").empty());
}

TEST(UnusedIndex, NeedsOldStatistics) {
  Model model;
  model.table("t", {"a"}).constraint('p', {1}).index("t_a", {1});
  EXPECT_EQ(model.run("IDX-008").front().status, Status::open);
  model.catalog().server.stats_since = model.catalog().server.now - Model::kDay;
  EXPECT_EQ(model.run("IDX-008").front().status, Status::skipped);
  model.catalog().server.stats_since = 0;
  EXPECT_EQ(model.run("IDX-008").front().status, Status::skipped);
  model.catalog().server.stats_since = Model::kDay;
  model.catalog().server.in_recovery = true;
  EXPECT_EQ(model.run("IDX-008").front().status, Status::skipped);
}

TEST(UnusedIndex, KeepsWhatHasADuty) {
  auto const reported = [](void (*change)(Index&)) {
    Model model;
    model.table("t", {"a"}).index("t_a", {1});
    change(model.last_index());
    return !model.run("IDX-008").empty();
  };
  EXPECT_TRUE(reported([](Index&) {}));
  EXPECT_FALSE(reported([](Index& i) { i.scans = 1; }));
  EXPECT_FALSE(reported([](Index& i) { i.unique = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.exclusion = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.constraint = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.key_target = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.replica_identity = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.clustered = true; }));
  EXPECT_FALSE(reported([](Index& i) { i.parent = 7; }));
  EXPECT_FALSE(reported([](Index& i) { i.valid = false; }));
  EXPECT_TRUE(with_foreign_key().index("i", {2, 3}).run("IDX-008").empty());
}

TEST(UnusedIndex, CountsTheScansOfPartitions) {
  Model model;
  model.table("parts", {"a"}).index("parts_a", {1});
  model.last_index().partitioned = true;
  ObjectId const parent = model.last_index().oid;
  model.table("leaf", {"a"}).index("leaf_a", {1});
  model.last_index().parent = parent;
  model.last_index().scans = 3;
  EXPECT_TRUE(model.run("IDX-008").empty());
  model.last_index().scans = 0;
  auto const found = model.run("IDX-008");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().fix.front(), "DROP INDEX shop.parts_a");
}

TEST(UnusedIndex, NeverBothOfTwo) {
  Model model;
  model.table("t", {"a", "b"}).index("t_a", {1}).index("t_a_b", {1, 2});
  EXPECT_TRUE(model.run("IDX-008").empty());
  EXPECT_EQ(model.run("IDX-002").front().object, "shop.t_a");
}

TEST(InvalidIndex, RebuiltDroppedOrSkipped) {
  Model model;
  model.table("t", {"a"}).index("t_a", {1});
  model.last_index().valid = false;
  EXPECT_EQ(model.run("IDX-007").front().fix.front(), "REINDEX INDEX CONCURRENTLY shop.t_a");
  model.last_index().name = "t_a_ccnew1";
  EXPECT_TRUE(model.run("IDX-007").front().fix.front().starts_with("DROP INDEX CONCURRENTLY"));
  model.last_table().maintenance = true;
  EXPECT_EQ(model.run("IDX-007").front().status, Status::skipped);
}

TEST(Definitions, TakeTheirPlaceInTheRollback) {
  Model model;
  model.table("t", {"a"}).index("t_a", {1});
  auto findings = model.run("IDX-008");
  ASSERT_EQ(wanted_definitions(findings), std::vector<ObjectId>{model.last_index().oid});
  add_definitions(findings, {{model.last_index().oid, "CREATE INDEX t_a ON shop.t USING btree (a)"}});
  EXPECT_EQ(findings.front().rollback,
            std::vector<std::string>{"CREATE INDEX CONCURRENTLY t_a ON shop.t USING btree (a)"});
  findings = model.run("IDX-008");
  add_definitions(findings, {});
  EXPECT_TRUE(findings.front().rollback.empty()) << "no half rollback when the index is gone";
}

TEST(Preload, KeepsWhatIsThere) {
  Model model;
  model.catalog().server.statements_loaded = false;
  model.catalog().server.statements_available = true;
  EXPECT_TRUE(model.run("SRV-018").front().fix.empty())
      << "the list may not be read, so it may not be replaced";
  model.catalog().server.preload_known = true;
  model.catalog().server.preload = "auto_explain, \"$libdir/other\"";
  Finding const finding = model.run("SRV-018").front();
  EXPECT_EQ(
      finding.fix.front(),
      "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', '$libdir/other', 'pg_stat_statements'");
  EXPECT_EQ(finding.rollback.front(),
            "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', '$libdir/other'");
}

TEST(Registry, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(validate({{"moon"}, {}, 0}), Error);
  EXPECT_THROW(validate({{}, {"IDX-999"}, 0}), Error);
  EXPECT_NO_THROW(validate({{"index"}, {"IDX-001"}, 0}));
}

TEST(Fingerprint, IsStableAndSeparatesItsParts) {
  EXPECT_EQ(fingerprint("IDX-001", {"shop.a", "shop.b"}), fingerprint("IDX-001", {"shop.a", "shop.b"}));
  EXPECT_NE(fingerprint("IDX-001", {"ab", "c"}), fingerprint("IDX-001", {"a", "bc"}));
  EXPECT_NE(fingerprint("IDX-001", {"a"}), fingerprint("IDX-002", {"a"}));
  EXPECT_EQ(fingerprint("SCH-001", {"shop.events"}), "a1028590980d9544") << "accepted findings rely on it";
}

TEST(Gate, OpensForAcceptedAndLowOnes) {
  Finding finding;
  finding.severity = Severity::medium;
  EXPECT_THROW(gate({finding}, Severity::medium, false), Error);
  EXPECT_NO_THROW(gate({finding}, Severity::high, false));
  finding.status = Status::accepted;
  EXPECT_NO_THROW(gate({finding}, Severity::info, true));
  finding.status = Status::skipped;
  EXPECT_NO_THROW(gate({finding}, Severity::info, false));
  EXPECT_THROW(gate({finding}, Severity::info, true), Error);
}

TEST(Document, NamesCannotBecomeMarkup) {
  report::Document document{"<b>", {}};
  report::Section section{"One", {}};
  section.table({"a|b"}, {{"x\n| y"}}).code("sql", "select '```';");
  document.sections.push_back(section);
  std::string const text = report::as_markdown(document);
  EXPECT_NE(text.find("# &lt;b&gt;"), std::string::npos);
  EXPECT_NE(text.find("| x \\| y |"), std::string::npos);
  EXPECT_NE(text.find("\n````sql\nselect '```';\n````\n"), std::string::npos);
}

TEST(Document, TextIsWrapped) {
  report::Section section{"One", {}};
  section.paragraph(std::string(40, 'a') + ' ' + std::string(40, 'b') + ' ' + std::string(40, 'c'));
  std::string const text = report::as_text({"t", {section}});
  EXPECT_NE(text.find('b' + std::string("\n") + std::string(40, 'c')), std::string::npos);
}

TEST(Diagram, ShowsKeysAndLimits) {
  Model model = with_foreign_key();
  model.catalog().link();
  auto const diagram = report::entity_diagram(model.catalog(), 60);
  EXPECT_EQ(diagram.tables, 2);
  EXPECT_NE(diagram.text.find("\"shop.parent\" ||--o{ \"shop.child\" : \"made\""), std::string::npos);
  EXPECT_EQ(report::entity_diagram(model.catalog(), 1).left_out, 1);
}

TEST(Steps, TheSameStatementStandsOnce) {
  Model model = with_foreign_key();
  auto const findings = model.run("SCH-003");
  report::Input input{model.catalog(), findings, -1, {}, {}, {}, {}, {}, 50};
  report::AdviceRow row;
  row.rank = 1;
  row.relation = "shop.child";
  row.ddl = {"create index concurrently child_a_b_idx on shop.child (a, b)"};
  row.rollback = {"drop index concurrently shop.child_a_b_idx"};
  input.advice = {row};
  std::string const steps = report::implementation_steps(input).blocks.back().text;
  EXPECT_NE(steps.find("CREATE INDEX CONCURRENTLY child_a_b_idx"), std::string::npos);
  EXPECT_EQ(steps.find("create index"), std::string::npos);
  EXPECT_EQ(report::rollback_strategy(input).blocks.back().text.find("drop index"), std::string::npos);
}

TEST(Export, FormatsAreChecked) {
  EXPECT_THROW(export_findings({}, "excel"), Error);
  EXPECT_EQ(export_findings({}, "json"), "[]");
}

}  // namespace
}  // namespace deal::review
