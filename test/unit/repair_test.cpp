#include "core/query/repair.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "core/query/shared_constants.hpp"

namespace {

using deal::query::Token;
using deal::query::TokenKind;
using deal::query::Tokens;

bool is_part_of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// As much of a scanner as these texts need; the module uses the server's.
Tokens scan(const std::string& text) {
  Tokens tokens;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t const begin = i;
    auto kind = TokenKind::other;
    int number = 0;
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
      continue;
    }
    if (text.compare(i, 2, "/*") == 0) {
      i = text.find("*/", i) + 2;
      continue;
    }
    if (text[i] == '$') {
      kind = TokenKind::parameter;
      while (++i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0)
        number = number * 10 + (text[i] - '0');
    } else if (text[i] == '\'') {
      kind = TokenKind::constant;
      i = text.find('\'', i + 1) + 1;
    } else if (is_part_of_word(text[i])) {
      kind = std::isdigit(static_cast<unsigned char>(text[i])) != 0 ? TokenKind::constant : TokenKind::word;
      while (i < text.size() && is_part_of_word(text[i]))
        ++i;
    } else {
      ++i;
    }
    tokens.push_back({kind, begin, i, text.substr(begin, i - begin), number});
  }
  return tokens;
}

/// The repair of a syntax error at the last `$n` of the marker.
std::string repaired(const std::string& text, const std::string& at) {
  return deal::query::repair_syntax(text, scan(text), text.find(at)).value_or("(none)");
}

std::string shared(const std::string& text) {
  return deal::query::share_constants(text, scan(text));
}

std::string unfolded(const std::string& text) {
  return deal::query::unfold_lists(text, scan(text));
}

TEST(RepairSyntax, TypedLiteralsBecomeCasts) {
  EXPECT_EQ(repaired("select date $1 + 1", "$1"), "select $1::date + 1");
  EXPECT_EQ(repaired("select now() - interval $2 day to second", "$2"),
            "select now() - $2::interval day to second");
  EXPECT_EQ(repaired("select interval(3) $1", "$1"), "select $1::interval(3)");
  EXPECT_EQ(repaired("select timestamp(3) with time zone $1", "$1"),
            "select $1::timestamp(3) with time zone");
  EXPECT_EQ(repaired("select time without time zone $1", "$1"), "select $1::time without time zone");
  EXPECT_EQ(repaired("select double precision $1", "$1"), "select $1::double precision");
  EXPECT_EQ(repaired("select national character varying(5) $1", "$1"),
            "select $1::national character varying(5)");
  EXPECT_EQ(repaired("select shop.cents $1", "$1"), "select $1::shop.cents");
  EXPECT_EQ(repaired("select numeric(10, 2) $1", "$1"), "select $1::numeric(10, 2)");
}

TEST(RepairSyntax, ExtractBecomesItsFunction) {
  EXPECT_EQ(repaired("select extract($1 from a - b) from t", "$1"),
            "select pg_catalog.extract($1 , a - b) from t");
}

TEST(RepairSyntax, AMissingBlankIsPutBack) {
  EXPECT_EQ(deal::query::repair_syntax("select $12and x", {}, 7), "select $12 and x");
  EXPECT_EQ(deal::query::repair_syntax("select $12", {}, 7), std::nullopt);
  EXPECT_EQ(deal::query::repair_syntax("select", {}, 70), std::nullopt);
}

TEST(RepairSyntax, LeavesOtherErrorsAlone) {
  EXPECT_EQ(repaired("select from where", "where"), "(none)");
  EXPECT_EQ(repaired("select + $1", "$1"), "(none)");
  EXPECT_EQ(repaired("select ) $1", "$1"), "(none)");
  EXPECT_EQ(repaired("$1", "$1"), "(none)");
}

TEST(UnfoldLists, OnlyFoldedOnes) {
  EXPECT_EQ(unfolded("a in ($1 /*, ... */) and b not in ($2 /*, ... */)"), "a = any($1) and b <> all($2)");
  EXPECT_EQ(unfolded("a in ($1) or b in ($2, $3)"), "a in ($1) or b in ($2, $3)");
}

TEST(ShareConstants, GroupingRepeatsTheSelectList) {
  EXPECT_EQ(shared("select f($1, t) from x group by f('day', t)"),
            "select f($1, t) from x group by f($1, t)");
  EXPECT_EQ(shared("select a + $1 from x group by a + $2 having a + $3 > $4"),
            "select a + $1 from x group by a + $1 having a + $1 > $4");
  EXPECT_EQ(shared("select extract($1 from t) from x group by extract(year from t)"),
            "select extract($1 from t) from x group by extract($1 from t)");
  EXPECT_EQ(shared("select coalesce(a, $1) from x group by coalesce(a, false)"),
            "select coalesce(a, $1) from x group by coalesce(a, $1)");
}

TEST(ShareConstants, GroupingSetsAndOrder) {
  EXPECT_EQ(
      shared("select grouping(f('d', t), s), f($1, t) from x group by rollup (f('d', t), s) order by f('d', "
             "t) desc"),
      "select grouping(f($1, t), s), f($1, t) from x group by rollup (f($1, t), s) order by f($1, t) desc");
  EXPECT_EQ(shared("select distinct on (a / $1) b from x order by a / 10, b"),
            "select distinct on (a / $1) b from x order by a / $1, b");
}

TEST(ShareConstants, DifferentExpressionsStayApart) {
  std::string const columns =
      "select coalesce(a, $1), coalesce(a, b) from x group by coalesce(a, b), coalesce(c, $2)";
  EXPECT_EQ(shared(columns), columns);
  std::string const constants = "select f('a', t) from x group by f('b', t)";
  EXPECT_EQ(shared(constants), constants);
  std::string const ungrouped = "select a + $1 from x where a + $2 > $3";
  EXPECT_EQ(shared(ungrouped), ungrouped);
}

TEST(DropConflictTarget, KeepsWhatReturns) {
  std::string const text =
      "insert into t values ($1) on conflict (a, (b + $2)) do update set c = (select $3) returning d";
  EXPECT_EQ(deal::query::drop_conflict_target(text, scan(text)),
            "insert into t values ($1) on conflict do nothing returning d");
  std::string const plain = "insert into t values ($1)";
  EXPECT_EQ(deal::query::drop_conflict_target(plain, scan(plain)), plain);
}

/// The text with the words at `at` (each the first place of a name, of as many words as it has) as
/// parameters.
std::string named(const std::string& text, const std::vector<std::string>& at,
                  std::map<std::string, int>& numbers) {
  std::vector<deal::query::Name> names;
  for (auto const& name : at)
    names.push_back({text.find(name), static_cast<int>(1 + std::count(name.begin(), name.end(), '.'))});
  return deal::query::name_parameters(text, scan(text), names, numbers);
}

TEST(NameParameters, ANameBecomesTheNextParameter) {
  std::map<std::string, int> numbers;
  EXPECT_EQ(named("select 1 from t where a = who and b < $2", {"who"}, numbers),
            "select 1 from t where a = $3 and b < $2");
}

TEST(NameParameters, AQualifiedNameIsReplacedWhole) {
  std::map<std::string, int> numbers;
  EXPECT_EQ(named("select who.id+1", {"who.id"}, numbers), "select $1+1");
}

TEST(NameParameters, EqualNamesAreOneParameter) {
  std::map<std::string, int> numbers;
  std::string const text = "select who, me, who";
  EXPECT_EQ(deal::query::name_parameters(text, scan(text), {{16, 1}, {7, 1}, {12, 1}}, numbers),
            "select $1, $2, $1");
}

TEST(NameParameters, OnlyTheNamedPlacesAreReplaced) {
  std::map<std::string, int> numbers;
  EXPECT_EQ(named("select who from (select who from t) s", {"who"}, numbers),
            "select $1 from (select who from t) s");
}

TEST(NameParameters, KnownNamesKeepTheirNumber) {
  std::map<std::string, int> numbers{{"who", 1}};
  EXPECT_EQ(named("select $1, me, who", {"who", "me"}, numbers), "select $1, $2, $1");
}

TEST(NameParameters, NewNamesAreTold) {
  std::map<std::string, int> numbers{{"me", 1}};
  (void)named("select $1, who.id", {"who.id"}, numbers);
  EXPECT_EQ(numbers, (std::map<std::string, int>{{"me", 1}, {"who.id", 2}}));
}

TEST(NameParameters, WhatIsNoNameStays) {
  std::map<std::string, int> numbers;
  EXPECT_EQ(deal::query::name_parameters("select 1", scan("select 1"), {{7, 1}, {3, 1}, {99, 2}}, numbers),
            "select 1");
}

}  // namespace
