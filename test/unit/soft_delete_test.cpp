#include "core/soft_delete/soft_delete.hpp"

#include <gtest/gtest.h>

namespace {

using deal::soft_delete::Others;
using deal::soft_delete::UniqueReplacement;
using Statements = std::vector<std::string>;

UniqueReplacement email() {
  return {"shop.users", "users_email_key", "shop", " USING btree (email)", "deleted_at", ""};
}

Others lines() {
  return {"only shop.lines x", "$1 = x.order_id and $2 = x.part", 2};
}

TEST(SoftDeleteUnique, TheIndexIsBuiltBeforeTheConstraintGoes) {
  EXPECT_EQ(deal::soft_delete::replace_unique(email()),
            (Statements{"create unique index users_email_key_live on shop.users USING btree (email) WHERE "
                        "(deleted_at IS NULL)",
                        "alter table shop.users drop constraint users_email_key",
                        "alter index shop.users_email_key_live rename to users_email_key"}));
}

TEST(SoftDeleteUnique, OneThatIsThereIsTaken) {
  UniqueReplacement unique = email();
  unique.built = "made before";
  EXPECT_EQ(deal::soft_delete::replace_unique(unique),
            (Statements{"alter table shop.users drop constraint users_email_key",
                        "alter index shop.\"made before\" rename to users_email_key"}));
}

TEST(SoftDeleteUnique, ConcurrentlyBuildsWhatIsTaken) {
  EXPECT_EQ(deal::soft_delete::build_concurrently(email()),
            "create unique index concurrently users_email_key_live on shop.users USING btree (email) WHERE "
            "(deleted_at IS NULL);");
}

TEST(SoftDeleteRows, MarksComeAfterTheKey) {
  EXPECT_EQ(deal::soft_delete::mark_referring(lines(), "gone \"at\""),
            "update only shop.lines x set \"gone \"\"at\"\"\" = $3 where $1 = x.order_id and $2 = x.part and "
            "x.\"gone \"\"at\"\"\" is null");
  EXPECT_EQ(
      deal::soft_delete::change_marks(lines(), "deleted_at"),
      "update only shop.lines x set deleted_at = $3 where $1 = x.order_id and $2 = x.part and x.deleted_at "
      "operator(pg_catalog.=) $4");
}

TEST(SoftDeleteRows, OnlyLiveRowsRefuseWhereThereAreMarks) {
  EXPECT_EQ(deal::soft_delete::find_referring(lines(), "deleted_at"),
            "select 1 from only shop.lines x where $1 = x.order_id and $2 = x.part and x.deleted_at is null "
            "limit 1 for key share of x");
  EXPECT_EQ(
      deal::soft_delete::find_referring(lines(), ""),
      "select 1 from only shop.lines x where $1 = x.order_id and $2 = x.part limit 1 for key share of x");
}

TEST(SoftDeleteTriggers, OnlyPartitionedTablesNoteMoves) {
  EXPECT_EQ(deal::soft_delete::create_triggers("t", "deleted_at", false, false).size(), 2U);
  EXPECT_EQ(deal::soft_delete::create_triggers("t", "deleted_at", false, true).size(), 3U);
}

TEST(SoftDeletePurge, KeptRowsStay) {
  std::string const sql =
      deal::soft_delete::purge_batch("shop.t", "deleted_at", {"select from a", "select from b"});
  EXPECT_NE(sql.find(" and not exists (select from a) and not exists (select from b) limit"),
            std::string::npos);
}

}  // namespace
