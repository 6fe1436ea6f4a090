// The marketplace's scripts: modules and conditions.
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/marketplace/script.hpp"

namespace {

using deal::marketplace::expand_script;
using deal::marketplace::modules_of;
using deal::marketplace::parts_of;

TEST(MarketplaceModules, BringWhatTheyNeedInOrder) {
  EXPECT_EQ(modules_of(parts_of({"pricing"})), (std::vector<std::string>{"base", "catalog", "pricing"}));
  EXPECT_EQ(modules_of(parts_of({})).front(), "base");
  EXPECT_EQ(modules_of(parts_of({})),
            (std::vector<std::string>{"base", "catalog", "pricing", "statistics", "conversations", "alerts",
                                      "auth", "privacy"}));
}

TEST(MarketplaceModules, UnknownOnesAreRefused) {
  try {
    (void)parts_of({"weather"});
    FAIL();
  } catch (const deal::Error& error) {
    EXPECT_EQ(error.hint_text(),
              "Modules: base, catalog, pricing, statistics, conversations, alerts, auth, privacy.");
  }
}

TEST(MarketplaceScript, NamesAreQuotedWhereverTheyStand) {
  EXPECT_EQ(expand_script("select @schema@.f(@schema_text@, @currency@)",
                          {"it's", "EUR", "month", "pg_catalog.english", "", {}}),
            "select \"it's\".f('it''s', 'EUR')\n");
}

TEST(MarketplaceScript, TheStepIsAWordAndPgcryptosSchemaAName) {
  EXPECT_EQ(expand_script("interval '1 @step@', @text_search@::regconfig, @crypto@.crypt()",
                          {"s", "EUR", "year", "pg_catalog.german", "My Crypto", {}}),
            "interval '1 year', 'pg_catalog.german'::regconfig, \"My Crypto\".crypt()\n");
}

TEST(MarketplaceScript, QuotesAreDoubledWithinLiterals) {
  EXPECT_EQ(expand_script("is 'it''s @schema@.f(@schema_text@)'; -- don't\nselect @schema@.g('x')",
                          {"a'b", "EUR", "month", "pg_catalog.english", "", {}}),
            "is 'it''s \"a''b\".f(''a''''b'')'; -- don't\nselect \"a'b\".g('x')\n");
  EXPECT_EQ(
      expand_script("as $f$ select '@schema@' $f$", {"a'b", "EUR", "month", "pg_catalog.english", "", {}}),
      "as $f$ select '\"a''b\"' $f$\n");
}

TEST(MarketplaceScript, NamesThatCouldEndABodyAreRefused) {
  for (const char* const name : {"a$f$b", "a\nb", "a\rb"})
    EXPECT_THROW((void)expand_script("x", {name, "EUR", "month", "pg_catalog.english", "", {}}), deal::Error)
        << name;
}

TEST(MarketplaceScript, ASchemaThatLooksLikeAPlaceholderIsNoPlaceholder) {
  EXPECT_EQ(
      expand_script("@schema@ @currency@", {"@currency@", "EUR", "month", "pg_catalog.english", "", {}}),
      "\"@currency@\" 'EUR'\n");
  EXPECT_EQ(expand_script("@schema_text@", {"@schema@", "EUR", "month", "pg_catalog.english", "", {}}),
            "'@schema@'\n");
}

TEST(MarketplaceScript, ConditionsKeepTheLineNumbers) {
  const char* const text = "a\n  --@if x\nb\n  --@end\n--@unless x\nc\n--@end\nd";
  EXPECT_EQ(expand_script(text, {"s", "EUR", "month", "pg_catalog.english", "", {"x"}}),
            "a\n\nb\n\n\n\n\nd\n");
  EXPECT_EQ(expand_script(text, {"s", "EUR", "month", "pg_catalog.english", "", {}}), "a\n\n\n\n\nc\n\nd\n");
}

TEST(MarketplaceScript, ConditionsOutOfPlaceAreErrors) {
  for (const char* const text : {"--@if x\na", "--@end", "--@if x\n--@if y\n--@end\n--@end", "--@else"})
    EXPECT_THROW((void)expand_script(text, {"s", "EUR", "month", "pg_catalog.english", "", {}}), deal::Error)
        << text;
}

}  // namespace
