// Seals without a server: what a digest depends on, how seals are divided, what a comparison tells.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/audit/key_match.hpp"
#include "core/audit/seal.hpp"
#include "core/audit/seal_builder.hpp"
#include "core/audit/seal_check.hpp"
#include "core/base/error.hpp"

namespace {

using namespace deal::audit;

/// Stands in for SHA-256: 32 bytes that depend on all of the text.
Digest mixed(std::string_view bytes) {
  Digest digest{};
  std::uint64_t state = 1469598103934665603ULL;
  for (std::size_t i = 0; i < bytes.size() + 64; ++i) {
    state = (state ^ (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0x5aU)) * 1099511628211ULL;
    digest[i % digest.size()] = static_cast<std::uint8_t>(digest[i % digest.size()] ^ (state >> 32));
  }
  return digest;
}

LoggedRow row(std::uint64_t xid, std::int32_t order, std::uint8_t content = 0) {
  return {xid, order,
          mixed(std::to_string(xid) + "/" + std::to_string(order) + "/" + std::to_string(content))};
}

const std::vector<std::string> kNames = {"audit_event", "audit_tx"};

/// A seal over the rows, chained to `former`.
Seal seal_of(const std::vector<LoggedRow>& rows, std::uint64_t to_xid, const Seal& former = {}) {
  SealBuilder builder(to_xid, 1000);
  for (LoggedRow const& one : rows)
    if (one.xid >= former.to_xid) builder.add(0, kDayLength / 2, one);
  Seal seal;
  seal.number = former.number + 1;
  seal.from_xid = former.to_xid;
  seal.to_xid = builder.to_xid();
  seal.parts = builder.parts(kNames, mixed);
  seal.previous = former.digest;
  seal.digest = mixed(seal_bytes(seal));
  return seal;
}

std::vector<std::string> told(const std::vector<Seal>& seals, const std::vector<LoggedRow>& rows,
                              const std::vector<PrunedRange>& pruned = {}) {
  SealCheck check(seals, kNames, pruned, mixed);
  for (LoggedRow const& one : rows)
    check.add(0, kDayLength / 2, one);
  std::vector<std::string> problems;
  for (SealProblem const& problem : check.finish())
    problems.push_back(std::to_string(problem.seal) + " " + problem.problem);
  return problems;
}

using Problems = std::vector<std::string>;
const std::vector<LoggedRow> kRows = {row(10, 1), row(10, 2), row(11, 1), row(20, 1)};

TEST(AuditSeal, DaysAreOfUtcAlsoBefore2000) {
  EXPECT_EQ(day_text(day_of(0)), "2000-01-01");
  EXPECT_EQ(day_text(day_of(-1)), "1999-12-31");
  EXPECT_EQ(day_of(-kDayLength), -1);
  EXPECT_EQ(parse_day("2026-11-28"), day_of(parse_day("2026-11-28") * kDayLength + kDayLength - 1));
  EXPECT_THROW(parse_day("2026-13-01"), deal::Error);
}

TEST(AuditSeal, ContentsAreReadAsTheyWereWritten) {
  Seal seal = seal_of(kRows, 100);
  seal.layouts = {1, 3};
  seal.erased = {7, mixed("e")};
  seal.pruned = {2, mixed("p")};
  Seal read;
  parse_seal_content(seal_content(seal), read);
  EXPECT_EQ(read.parts, seal.parts);
  EXPECT_EQ(read.layouts, seal.layouts);
  EXPECT_EQ(read.erased, seal.erased);
  EXPECT_EQ(read.pruned, seal.pruned);
  EXPECT_THROW(parse_seal_content("{}", read), deal::Error);
}

TEST(AuditSeal, EveryFieldIsInTheDigest) {
  Seal const seal = seal_of(kRows, 100);
  auto const differs = [&](auto change) {
    Seal other = seal;
    change(other);
    return seal_bytes(other) != seal_bytes(seal);
  };
  EXPECT_TRUE(differs([](Seal& s) { ++s.number; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.system; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.began; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.from_xid; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.to_xid; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.after; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.parts[0].rows; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.parts[0].day; }));
  EXPECT_TRUE(differs([](Seal& s) { s.parts[0].relation += "x"; }));
  EXPECT_TRUE(differs([](Seal& s) { s.parts[0].digest[31] ^= 1; }));
  EXPECT_TRUE(differs([](Seal& s) { s.layouts.push_back(1); }));
  EXPECT_TRUE(differs([](Seal& s) { s.layouts_digest[0] ^= 1; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.erased.up_to; }));
  EXPECT_TRUE(differs([](Seal& s) { s.pruned.digest[0] ^= 1; }));
  EXPECT_TRUE(differs([](Seal& s) { ++s.sealed_at; }));
  EXPECT_TRUE(differs([](Seal& s) { s.sealed_by = "x"; }));
  EXPECT_TRUE(differs([](Seal& s) { s.previous[0] ^= 1; }));
}

TEST(AuditSeal, HowRowsLieAboutDoesNotMatter) {
  std::vector<LoggedRow> backwards = kRows;
  std::ranges::reverse(backwards);
  EXPECT_EQ(seal_of(backwards, 100).digest, seal_of(kRows, 100).digest);
}

TEST(AuditSealBuilder, LeavesWholeTransactionsToTheNextSeal) {
  SealBuilder builder(1000, 10);
  for (std::uint64_t xid = 100; xid > 0; --xid)
    for (int order = 1; order <= 3; ++order)
      builder.add(0, 0, row(xid, order));
  EXPECT_TRUE(builder.divided());
  std::uint64_t const limit = builder.to_xid();
  std::vector<SealPart> const parts = builder.parts(kNames, mixed);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].rows, static_cast<std::int64_t>((limit - 1) * 3));
}

TEST(AuditSealBuilder, TakesATransactionThatIsLargerThanASeal) {
  SealBuilder builder(1000, 10);
  for (int order = 1; order <= 100; ++order)
    builder.add(0, 0, row(7, order));
  builder.add(0, 0, row(8, 1));
  EXPECT_EQ(builder.to_xid(), 8U);
  EXPECT_EQ(builder.parts(kNames, mixed)[0].rows, 100);
}

TEST(AuditSealCheck, TellsWhatHappenedToRows) {
  Seal const first = seal_of(kRows, 15);
  std::vector<Seal> const seals = {first, seal_of(kRows, 30, first)};
  EXPECT_EQ(told(seals, kRows), Problems{});
  EXPECT_EQ(told(seals, {kRows[3], kRows[1], kRows[2], kRows[0]}), Problems{});
  EXPECT_EQ(told(seals, {row(10, 1, 9), kRows[1], kRows[2], kRows[3]}), Problems{"1 rows were changed"});
  EXPECT_EQ(told(seals, {kRows[0], kRows[1], kRows[2]}), Problems{"2 rows are missing"});
  EXPECT_EQ(told(seals, {kRows[0], kRows[1], kRows[2], kRows[3], kRows[3]}), Problems{"2 rows were added"});
  EXPECT_EQ(told(seals, {kRows[0], kRows[1], kRows[2], kRows[3], row(99, 1)}), Problems{});
}

TEST(AuditSealCheck, AMissingPartIsGoodOnlyWherePruned) {
  std::vector<Seal> const seals = {seal_of(kRows, 30)};
  EXPECT_EQ(told(seals, {}, {{1, "audit_event", 0, kDayLength}}), Problems{});
  EXPECT_EQ(told(seals, {}, {{1, "audit_tx", 0, kDayLength}}), Problems{"1 rows are missing"});
  EXPECT_EQ(told(seals, {}, {{1, "audit_event", 0, kDayLength - 1}}), Problems{"1 rows are missing"});
  EXPECT_EQ(told(seals, {kRows[0]}, {{1, "audit_event", 0, kDayLength}}), Problems{"1 rows are missing"});
}

TEST(AuditSealCheck, TransactionNumbersOfAnotherClusterAreOtherTransactions) {
  Seal old = seal_of(kRows, UINT64_MAX);
  old.after = kDayLength;
  old.digest = mixed(seal_bytes(old));
  Seal now;
  now.number = 2;
  now.began = kDayLength;
  now.to_xid = 15;
  now.previous = old.digest;
  now.digest = mixed(seal_bytes(now));
  std::vector<Seal> const seals = {old, now};
  EXPECT_TRUE(check_chain(seals, {}, mixed).empty());
  EXPECT_EQ(covering_seal(seals, kDayLength - 1, 12), &seals[0]);
  EXPECT_EQ(covering_seal(seals, kDayLength, 12), &seals[1]);
  EXPECT_EQ(covering_seal(seals, kDayLength, 20), nullptr);
  EXPECT_EQ(told(seals, kRows), Problems{});
}

TEST(AuditSealCheck, RowsOfAClusterWithoutSealsAreNotTakenForOthers) {
  std::vector<Seal> const seals = {seal_of(kRows, 100)};
  SealCheck check(seals, kNames, {}, mixed, kDayLength / 2 + 1);
  for (LoggedRow const& one : kRows)
    check.add(0, kDayLength / 2, one);
  check.add(0, kDayLength / 2 + 1, row(11, 1, 9));
  EXPECT_TRUE(check.finish().empty());
  EXPECT_EQ(check.counts().unsealed, 1);
}

TEST(AuditSealCheck, AChainWithAHoleIsTold) {
  Seal const first = seal_of(kRows, 11);
  Seal const second = seal_of(kRows, 15, first);
  Seal const third = seal_of(kRows, 30, second);
  EXPECT_TRUE(check_chain(std::vector{first, second, third}, hex_of(second.digest), mixed).empty());
  EXPECT_FALSE(check_chain(std::vector{first, third}, {}, mixed).empty());
  EXPECT_FALSE(check_chain(std::vector{second, third}, {}, mixed).empty());
  EXPECT_TRUE(check_chain(std::vector{first, second}, {}, mixed).empty());
  EXPECT_EQ(check_chain(std::vector{first, second}, hex_of(third.digest), mixed).size(), 1U);
}

Layout layout_of(std::int32_t number, const char* name) {
  Layout layout;
  layout.number = number;
  layout.columns = {{1, 1, name, "integer", false, Treatment::plain},
                    {2, 2, "note", "text", false, Treatment::plain}};
  return layout;
}

TEST(AuditKeyMatch, KeysAreNamedAsEachLayoutNamesThem) {
  std::vector<Layout> const layouts = {layout_of(1, "old"), layout_of(2, "it's"), layout_of(3, "it's")};
  KeyValues const key = parse_key(R"({"it's": 5})", {1}, layouts.back());
  EXPECT_EQ(
      image_condition(key, layouts),
      R"(((layout = any ('{2,3}'::integer[]) and image @> '{"it''s":5}'::jsonb) or (layout = any ('{1}'::integer[]) )"
      R"(and image @> '{"old":5}'::jsonb)))");
  EXPECT_EQ(key_in_image(R"({"old": 7, "note": "x"})", {1}, layouts[0], layouts[2]), R"({"it's":7})");
  EXPECT_EQ(parse_key("5", {1}, layouts.back()), key);
}

TEST(AuditKeyMatch, OnlyTheKeyIsAKey) {
  Layout const layout = layout_of(1, "id");
  EXPECT_THROW(parse_key(R"({"note": "x"})", {1}, layout), deal::Error);
  EXPECT_THROW(parse_key(R"({"id": 1, "note": "x"})", {1}, layout), deal::Error);
  EXPECT_THROW(parse_key("{}", {1}, layout), deal::Error);
  EXPECT_THROW(parse_key("[1]", {1}, layout), deal::Error);
  EXPECT_THROW(parse_key("1", {1, 2}, layout), deal::Error);
  EXPECT_EQ(parse_key(R"({"note": "x"})", {}, layout).size(), 1U);
}

}  // namespace
