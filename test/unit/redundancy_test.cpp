#include "core/index/redundancy.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using deal::Catalog;
using deal::Index;
using deal::IndexColumn;
using deal::Table;
using deal::index::existing_cover;
using deal::index::find_redundant;
using deal::index::IndexProposal;
using deal::index::Redundancy;
using deal::index::RedundancyKind;

constexpr int kDesc = 3;  // desc, nulls first: what "desc" alone means

IndexColumn column(int number, int options = 0) {
  IndexColumn made;
  made.number = number;
  made.opclass = 1978;
  made.options = options;
  return made;
}

IndexColumn expression(const char* text) {
  IndexColumn made = column(0);
  made.expression = text;
  return made;
}

// One table with columns a to e and the indexes that a test adds.
class RedundancyTest : public ::testing::Test {
 protected:
  RedundancyTest() {
    Table table;
    table.oid = 1;
    table.schema = "public";
    table.name = "t";
    table.identity = "public.t";
    catalog_.tables.push_back(table);
    for (int i = 1; i <= 5; ++i) {
      deal::Column made;
      made.number = i;
      made.name = std::string(1, static_cast<char>('a' + i - 1));
      catalog_.columns.push_back(made);
    }
  }

  Index& add(const char* name, std::vector<IndexColumn> keys, std::vector<int> include = {}) {
    Index index;
    index.oid = static_cast<deal::ObjectId>(100 + catalog_.indexes.size());
    index.name = name;
    index.identity = std::string("public.") + name;
    index.method = "btree";
    index.key_count = static_cast<int>(keys.size());
    index.pages = 100 * static_cast<std::int64_t>(keys.size());
    index.columns.begin = static_cast<int>(catalog_.index_columns.size());
    for (const IndexColumn& key : keys)
      catalog_.index_columns.push_back(key);
    for (const int number : include) {
      catalog_.index_columns.push_back(column(number));
      catalog_.index_columns.back().key = false;
    }
    index.columns.end = static_cast<int>(catalog_.index_columns.size());
    catalog_.indexes.push_back(index);
    return catalog_.indexes.back();
  }

  // "dropped<-kept" of each, joined by spaces; a ' after the arrow: covered; a ~: backward.
  std::string found() {
    catalog_.link();
    std::string text;
    for (const Redundancy& one : find_redundant(catalog_)) {
      if (!text.empty()) text += ' ';
      text += name(one.drop) + "<-" + (one.kind == RedundancyKind::covered ? "'" : "") +
              (one.backward ? "~" : "") + name(one.keep);
      EXPECT_NE(one.why.find(name(one.keep)), std::string::npos) << one.why;
    }
    return text;
  }

  std::string name(int position) const { return catalog_.indexes[static_cast<std::size_t>(position)].name; }

  Catalog catalog_;
};

TEST_F(RedundancyTest, OfEqualsTheFirstByNameStaysWhateverTheObjectNumbers) {
  add("b", {column(1)});
  add("a", {column(1)});
  add("z_wide", {column(2), column(3)});
  add("y_wide", {column(2), column(4)});
  add("narrow", {column(2)});
  EXPECT_EQ(found(), "b<-a narrow<-'y_wide");
  IndexProposal proposal;
  proposal.columns = {column(2)};
  proposal.key_count = 1;
  catalog_.indexes.pop_back();
  catalog_.link();
  EXPECT_EQ(name(existing_cover(catalog_, catalog_.tables[0], proposal)), "y_wide");
}

TEST_F(RedundancyTest, OtherParametersOfTheOpclassAreNoDuplicate) {
  IndexColumn long_signature = column(1);
  long_signature.parameters = "siglen=32";
  add("i1", {column(1)}).method = "gist";
  add("i2", {long_signature}).method = "gist";
  EXPECT_EQ(found(), "");
  add("i3", {long_signature}).method = "gist";
  EXPECT_EQ(found(), "i3<-i2");
}

TEST_F(RedundancyTest, ExactDuplicates) {
  add("i1", {column(1), column(2)});
  add("i2", {column(1), column(2)});
  add("i3", {column(1), column(2)});
  EXPECT_EQ(found(), "i2<-i1 i3<-i1");
}

TEST_F(RedundancyTest, FillfactorHidesNothing) {
  add("i1", {column(1)});
  add("i2", {column(1)}).options = "{fillfactor=70}";
  EXPECT_EQ(found(), "i2<-i1");
}

TEST_F(RedundancyTest, OtherOrderOfColumnsIsNoDuplicate) {
  add("i1", {column(1), column(2)});
  add("i2", {column(2), column(1)});
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, PrefixesAreCoveredByTheSmallestThatStays) {
  add("a", {column(1)});
  add("ab", {column(1), column(2)});
  add("abc", {column(1), column(2), column(3)});
  add("ad", {column(1), column(4)}).pages = 150;
  EXPECT_EQ(found(), "a<-'ad ab<-'abc");
}

TEST_F(RedundancyTest, AChainEndsAtTheOneThatStays) {
  add("a", {column(1)});
  add("ab", {column(1), column(2)});
  add("abc", {column(1), column(2), column(3)});
  EXPECT_EQ(found(), "a<-'abc ab<-'abc");
}

TEST_F(RedundancyTest, WholeKeyReversed) {
  add("i1", {column(1)});
  add("i2", {column(1, kDesc)});
  EXPECT_EQ(found(), "i2<-~i1");
}

TEST_F(RedundancyTest, DescendingPrefixOfAnAscendingKey) {
  add("narrow", {column(1, kDesc)});
  add("wide", {column(1), column(2, kDesc)});
  EXPECT_EQ(found(), "narrow<-'~wide");
}

TEST_F(RedundancyTest, MixedDirectionsAreNotTheReverse) {
  add("i1", {column(1), column(2)});
  add("i2", {column(1), column(2, kDesc)});
  EXPECT_EQ(found(), "");
  add("i3", {column(1, kDesc), column(2)});
  EXPECT_EQ(found(), "i3<-~i2");
}

TEST_F(RedundancyTest, NullsOrderCounts) {
  add("i1", {column(1, 0)});
  add("i2", {column(1, 2)});  // asc nulls first
  EXPECT_EQ(found(), "");
  add("i3", {column(1, 1)});  // desc nulls last
  EXPECT_EQ(found(), "i3<-~i2");
}

TEST_F(RedundancyTest, UniqueBeatsPlainWhicheverCameFirst) {
  add("plain", {column(1)});
  add("uniq", {column(1)}).unique = true;
  EXPECT_EQ(found(), "plain<-uniq");
}

TEST_F(RedundancyTest, UniqueIsNotCoveredByALongerKey) {
  add("uniq", {column(1)}).unique = true;
  Index& wide = add("wide", {column(1), column(2)});
  EXPECT_EQ(found(), "");
  wide.unique = true;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, PlainIsCoveredByALongerPrimaryKey) {
  add("plain", {column(1)});
  Index& key = add("pkey", {column(1), column(2)});
  key.unique = key.primary = key.constraint = true;
  EXPECT_EQ(found(), "plain<-'pkey");
}

TEST_F(RedundancyTest, PrimaryKeyBeatsUniqueConstraintAndIndex) {
  Index& constraint = add("uniq_constraint", {column(1)});
  constraint.unique = constraint.constraint = true;
  add("uniq", {column(1)}).unique = true;
  Index& key = add("pkey", {column(1)});
  key.unique = key.primary = key.constraint = true;
  EXPECT_EQ(found(), "uniq<-pkey uniq_constraint<-pkey");
}

TEST_F(RedundancyTest, AConstraintStaysWhenTheOtherIsOnlyAnIndex) {
  add("uniq", {column(1)}).unique = true;
  Index& constraint = add("uniq_constraint", {column(1)});
  constraint.unique = constraint.constraint = true;
  EXPECT_EQ(found(), "uniq<-uniq_constraint");
}

TEST_F(RedundancyTest, DutiesThatNoOtherCanTakeOver) {
  for (const auto duty :
       {&Index::key_target, &Index::replica_identity, &Index::clustered, &Index::exclusion}) {
    catalog_.indexes.clear();
    catalog_.index_columns.clear();
    Index& busy = add("busy", {column(1)});
    busy.*duty = true;
    busy.unique = true;
    add("wide", {column(1), column(2)});
    EXPECT_EQ(found(), "");
    Index& key = add("pkey", {column(1)});
    key.unique = key.primary = key.constraint = true;
    EXPECT_EQ(found(), "") << "both stay";
  }
}

TEST_F(RedundancyTest, DutiesDecideBetweenTwins) {
  add("first", {column(1)});
  add("second", {column(1)}).clustered = true;
  EXPECT_EQ(found(), "first<-second");
}

TEST_F(RedundancyTest, IndexesOfPartitionsStayWithTheirParents) {
  add("attached", {column(1)}).parent = 77;
  add("own", {column(1)});
  EXPECT_EQ(found(), "own<-attached");
  catalog_.indexes[1].parent = 78;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, IncludedColumnsMustBeCarried) {
  add("a", {column(1)});
  add("a_inc_b", {column(1)}, {2});
  EXPECT_EQ(found(), "a<-'a_inc_b");
  add("ac", {column(1), column(3)});
  EXPECT_EQ(found(), "a<-'a_inc_b") << "(a, c) doesn't carry b";
  add("ac_inc_b", {column(1), column(3)}, {2});
  EXPECT_EQ(found(), "a<-'ac_inc_b a_inc_b<-'ac_inc_b ac<-'ac_inc_b");
}

TEST_F(RedundancyTest, AKeyColumnCarriesAnIncludedOne) {
  add("a_inc_b", {column(1)}, {2});
  add("ab", {column(1), column(2)});
  EXPECT_EQ(found(), "a_inc_b<-'ab");
}

TEST_F(RedundancyTest, IncludeOnAUniqueIndexIsNotLost) {
  Index& key = add("pkey", {column(1)});
  key.unique = key.primary = key.constraint = true;
  Index& carrying = add("uniq_inc_b", {column(1)}, {2});
  carrying.unique = true;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, OrderOfIncludedColumnsDoesNotMatter) {
  add("i1", {column(1)}, {2, 3});
  add("i2", {column(1)}, {3, 2});
  EXPECT_EQ(found(), "i2<-i1");
}

TEST_F(RedundancyTest, PredicateOpclassAndCollationMakeADifference) {
  add("all", {column(1)});
  add("some", {column(1)}).predicate = "(b > 0)";
  IndexColumn pattern = column(1);
  pattern.opclass = 4217;
  add("pattern", {pattern});
  IndexColumn collated = column(1);
  collated.collation = 950;
  add("collated", {collated});
  EXPECT_EQ(found(), "");
  add("some_too", {column(1), column(2)}).predicate = "(b > 0)";
  EXPECT_EQ(found(), "some<-'some_too");
}

TEST_F(RedundancyTest, ExpressionsCompareByText) {
  add("lower_a", {expression("lower(a)")});
  add("upper_a", {expression("upper(a)")});
  add("lower_too", {expression("lower(a)"), column(2)});
  EXPECT_EQ(found(), "lower_a<-'lower_too");
}

TEST_F(RedundancyTest, UnreadableExpressionsAreLeftAlone) {
  add("i1", {expression("")}).deparsed = false;
  add("i2", {expression("")}).deparsed = false;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, OtherAccessMethodsKnowDuplicatesOnly) {
  add("h", {column(1)}).method = "hash";
  add("b", {column(1), column(2)});
  EXPECT_EQ(found(), "") << "hash and B-tree";
  add("g1", {column(1)}).method = "gin";
  add("g2", {column(1), column(2)}).method = "gin";
  EXPECT_EQ(found(), "") << "no prefixes";
  add("g3", {column(1)}).method = "gin";
  EXPECT_EQ(found(), "g3<-g1");
}

TEST_F(RedundancyTest, BrinWithOtherRangesIsAnother) {
  add("b1", {column(1)}).method = "brin";
  add("b2", {column(1)}).method = "brin";
  catalog_.indexes[1].options = "{pages_per_range=32}";
  EXPECT_EQ(found(), "");
  catalog_.indexes[1].options = "";
  EXPECT_EQ(found(), "b2<-b1");
}

TEST_F(RedundancyTest, InvalidIndexesNeitherStayNorGo) {
  add("broken", {column(1)}).valid = false;
  add("good", {column(1)});
  add("unready", {column(1), column(2)}).ready = false;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, UniquenessMustBeAsStrict) {
  Index& strict = add("strict", {column(1)});
  strict.unique = strict.nulls_not_distinct = true;
  add("lax", {column(1)}).unique = true;
  EXPECT_EQ(found(), "lax<-strict");
  catalog_.indexes.clear();
  catalog_.index_columns.clear();
  add("now", {column(1)}).unique = true;
  Index& later = add("later", {column(1)});
  later.unique = true;
  later.immediate = false;
  EXPECT_EQ(found(), "later<-now");
}

TEST_F(RedundancyTest, IndexesOfOtherTablesDoNotMeet) {
  add("i1", {column(1)});
  Table other;
  other.oid = 2;
  other.identity = "public.u";
  catalog_.tables.push_back(other);
  add("i2", {column(1)}).table = 1;
  EXPECT_EQ(found(), "");
}

TEST_F(RedundancyTest, TheReasonNamesColumnsAndDuties) {
  add("plain", {column(1, kDesc)});
  Index& key = add("pkey", {column(1), column(2)});
  key.unique = key.primary = key.constraint = true;
  catalog_.link();
  const std::vector<Redundancy> all = find_redundant(catalog_);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].why,
            "Its key (a desc) begins the key of public.pkey (a, b), which serves the same searches. Scanned "
            "backwards it gives the same order. It is the primary key.");
}

TEST_F(RedundancyTest, IsAProposalCoveredAlready) {
  add("ab", {column(1), column(2)});
  add("abc", {column(1), column(2), column(3)});
  add("part", {column(4)}).predicate = "(b > 0)";
  add("broken", {column(5)}).valid = false;
  catalog_.link();
  const auto cover = [&](std::vector<IndexColumn> columns, int keys, const char* predicate = "") {
    const int found =
        existing_cover(catalog_, catalog_.tables[0], {"btree", std::move(columns), keys, predicate});
    return found < 0 ? std::string("none") : name(found);
  };
  EXPECT_EQ(cover({column(1)}, 1), "ab");
  EXPECT_EQ(cover({column(1, kDesc)}, 1), "ab");
  EXPECT_EQ(cover({column(1), column(2)}, 2), "ab");
  EXPECT_EQ(cover({column(1), column(2, kDesc)}, 2), "none");
  EXPECT_EQ(cover({column(1), column(3)}, 1), "abc") << "c included";
  EXPECT_EQ(cover({column(2)}, 1), "none");
  EXPECT_EQ(cover({column(4)}, 1), "none");
  EXPECT_EQ(cover({column(4)}, 1, "(b > 0)"), "part");
  EXPECT_EQ(cover({column(5)}, 1), "none");
  IndexProposal hash{.method = "hash", .columns = {column(1)}, .key_count = 1};
  EXPECT_EQ(existing_cover(catalog_, catalog_.tables[0], hash), -1);
}

}  // namespace
