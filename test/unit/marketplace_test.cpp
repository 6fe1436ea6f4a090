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
            (std::vector<std::string>{"base", "catalog", "pricing", "statistics", "conversations"}));
}

TEST(MarketplaceModules, UnknownOnesAreRefused) {
  try {
    (void)parts_of({"weather"});
    FAIL();
  } catch (const deal::Error& error) {
    EXPECT_EQ(error.hint_text(), "Modules: base, catalog, pricing, statistics, conversations.");
  }
}

TEST(MarketplaceScript, NamesAreQuotedWhereverTheyStand) {
  EXPECT_EQ(expand_script("select @schema@.f(@schema_text@, @currency@)", {"it's", "EUR", {}}),
            "select \"it's\".f('it''s', 'EUR')\n");
}

TEST(MarketplaceScript, QuotesAreDoubledWithinLiterals) {
  EXPECT_EQ(expand_script("is 'it''s @schema@.f(@schema_text@)'; -- don't\nselect @schema@.g('x')",
                          {"a'b", "EUR", {}}),
            "is 'it''s \"a''b\".f(''a''''b'')'; -- don't\nselect \"a'b\".g('x')\n");
  EXPECT_EQ(expand_script("as $f$ select '@schema@' $f$", {"a'b", "EUR", {}}),
            "as $f$ select '\"a''b\"' $f$\n");
}

TEST(MarketplaceScript, NamesThatCouldEndABodyAreRefused) {
  for (const char* const name : {"a$f$b", "a\nb", "a\rb"})
    EXPECT_THROW((void)expand_script("x", {name, "EUR", {}}), deal::Error) << name;
}

TEST(MarketplaceScript, ASchemaThatLooksLikeAPlaceholderIsNoPlaceholder) {
  EXPECT_EQ(expand_script("@schema@ @currency@", {"@currency@", "EUR", {}}), "\"@currency@\" 'EUR'\n");
  EXPECT_EQ(expand_script("@schema_text@", {"@schema@", "EUR", {}}), "'@schema@'\n");
}

TEST(MarketplaceScript, ConditionsKeepTheLineNumbers) {
  const char* const text = "a\n  --@if x\nb\n  --@end\n--@unless x\nc\n--@end\nd";
  EXPECT_EQ(expand_script(text, {"s", "EUR", {"x"}}), "a\n\nb\n\n\n\n\nd\n");
  EXPECT_EQ(expand_script(text, {"s", "EUR", {}}), "a\n\n\n\n\nc\n\nd\n");
}

TEST(MarketplaceScript, ConditionsOutOfPlaceAreErrors) {
  for (const char* const text : {"--@if x\na", "--@end", "--@if x\n--@if y\n--@end\n--@end", "--@else"})
    EXPECT_THROW((void)expand_script(text, {"s", "EUR", {}}), deal::Error) << text;
}

}  // namespace
