#include "core/partition/key.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/partition/calendar.hpp"
#include "partition_literals.hpp"

namespace {

using namespace deal::partition;

constexpr KeyKind kAll[] = {KeyKind::timestamptz, KeyKind::timestamp, KeyKind::date,
                            KeyKind::integer,     KeyKind::epoch_s,   KeyKind::epoch_ms,
                            KeyKind::epoch_us,    KeyKind::uuidv7,    KeyKind::ulid};

const Position kMarch = days_of({2026, 3, 1}) * kDay;  // 2026-03-01 00:00 UTC, 1772323200 since 1970

std::string sqlstate_of(KeyKind kind, Position position) {
  try {
    return bound_literal(kind, position);
  } catch (const deal::Error& error) {
    return error.sqlstate();
  }
}

TEST(PartitionKey, NamesReadBack) {
  std::set<std::string_view> names;
  for (const KeyKind kind : kAll) {
    names.insert(name_of(kind));
    EXPECT_EQ(key_kind(name_of(kind)), kind);
  }
  EXPECT_EQ(names.size(), std::size(kAll));
  EXPECT_EQ(key_kind("Timestamptz"), std::nullopt);
  EXPECT_EQ(key_kind(""), std::nullopt);
}

TEST(PartitionKey, OnlyIntegersAreNoTimes) {
  for (const KeyKind kind : kAll)
    EXPECT_EQ(is_time(kind), kind != KeyKind::integer);
}

TEST(PartitionKey, KindsThatCountFromAnInstantHaveAZone) {
  std::set<std::string_view> without;
  for (const KeyKind kind : kAll) {
    if (!has_zone(kind)) without.insert(name_of(kind));
  }
  EXPECT_EQ(without, (std::set<std::string_view>{"timestamp", "date", "integer"}));
}

TEST(PartitionKey, Literals) {
  EXPECT_EQ(bound_literal(KeyKind::timestamptz, kMarch), "'2026-03-01 00:00:00+00'");
  EXPECT_EQ(bound_literal(KeyKind::timestamptz, kMarch + 1'500'000), "'2026-03-01 00:00:01.500000+00'");
  EXPECT_EQ(bound_literal(KeyKind::timestamp, kMarch - kSecond), "'2026-02-28 23:59:59'");
  EXPECT_EQ(bound_literal(KeyKind::date, kMarch), "'2026-03-01'");
  EXPECT_EQ(bound_literal(KeyKind::integer, -5), "-5");
  EXPECT_EQ(bound_literal(KeyKind::epoch_s, kMarch), "1772323200");
  EXPECT_EQ(bound_literal(KeyKind::epoch_ms, kMarch), "1772323200000");
  EXPECT_EQ(bound_literal(KeyKind::epoch_us, kMarch), "1772323200000000");
  EXPECT_EQ(bound_literal(KeyKind::epoch_s, kUnixEpoch - kSecond), "-1");
}

TEST(PartitionKey, LiteralsOfIdentifiersHoldTheMillisecondAndNothingElse) {
  EXPECT_EQ(bound_literal(KeyKind::uuidv7, kMarch), "'019ca6b1-dc00-0000-0000-000000000000'");
  EXPECT_EQ(bound_literal(KeyKind::uuidv7, kUnixEpoch), "'00000000-0000-0000-0000-000000000000'");
  EXPECT_EQ(bound_literal(KeyKind::ulid, kUnixEpoch + 31'000), "'000000000Z0000000000000000'");
  EXPECT_EQ(bound_literal(KeyKind::ulid, kUnixEpoch + 32'000), "'00000000100000000000000000'");
}

TEST(PartitionKey, LiteralsBeforeChristAndAfterTheYear9999) {
  EXPECT_EQ(bound_literal(KeyKind::timestamptz, days_of({0, 12, 31}) * kDay), "'0001-12-31 00:00:00+00 BC'");
  EXPECT_EQ(bound_literal(KeyKind::date, days_of({-43, 3, 15}) * kDay), "'0044-03-15 BC'");
  EXPECT_EQ(bound_literal(KeyKind::timestamp, days_of({12'345, 6, 7}) * kDay), "'12345-06-07 00:00:00'");
  EXPECT_EQ(bound_literal(KeyKind::timestamptz, kFirstTime), "'4714-11-24 00:00:00+00 BC'");
}

TEST(PartitionKey, TheEndsAreMinvalueAndMaxvalue) {
  for (const KeyKind kind : kAll) {
    EXPECT_EQ(bound_literal(kind, kMinimum), "MINVALUE");
    EXPECT_EQ(bound_literal(kind, kMaximum), "MAXVALUE");
  }
}

TEST(PartitionKey, WhatAKindCannotExpressIsAnError) {
  EXPECT_EQ(sqlstate_of(KeyKind::uuidv7, kUnixEpoch - 1), "22008");
  EXPECT_EQ(sqlstate_of(KeyKind::ulid, kUnixEpoch - 1), "22008");
  EXPECT_EQ(sqlstate_of(KeyKind::uuidv7, kUnixEpoch + (Position{1} << 48) * 1'000), "22008");
  EXPECT_EQ(sqlstate_of(KeyKind::timestamptz, kFirstTime - 1), "22008");
  EXPECT_EQ(sqlstate_of(KeyKind::timestamptz, kEndTime), "22008");
  EXPECT_EQ(sqlstate_of(KeyKind::epoch_us, kMaximum - 1), "22008");
}

TEST(PartitionKey, LiteralsAtTheEndsOfTheRangeReadBack) {
  for (const KeyKind kind : kAll) {
    const auto [least, greatest] = range_of(kind);
    const Position last = kind == KeyKind::date      ? kEndTime - kDay
                          : kind == KeyKind::epoch_s ? kEndTime - kSecond
                                                     : greatest;
    for (const Position position : {representable(kind, least), last / 1'000 * 1'000}) {
      if (kind == KeyKind::integer) continue;
      EXPECT_EQ(deal::test::position_of_literal(kind, bound_literal(kind, position)), position)
          << name_of(kind);
    }
  }
  EXPECT_EQ(bound_literal(KeyKind::integer, kMaximum - 1), "9223372036854775806");
  EXPECT_EQ(bound_literal(KeyKind::integer, kMinimum + 1), "-9223372036854775807");
}

TEST(PartitionKey, RandomLiteralsReadBack) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<Position> after_1970(kUnixEpoch, 2'000 * 365 * kDay);
  for (int i = 0; i < 2'000; ++i) {
    for (const KeyKind kind : kAll) {
      const Position position = representable(kind, after_1970(random));
      ASSERT_EQ(deal::test::position_of_literal(kind, bound_literal(kind, position)), position)
          << name_of(kind);
    }
  }
}

TEST(PartitionKey, RepresentableRoundsUpToTheKindsUnit) {
  EXPECT_EQ(representable(KeyKind::date, kMarch), kMarch);
  EXPECT_EQ(representable(KeyKind::date, kMarch + 1), kMarch + kDay);
  EXPECT_EQ(representable(KeyKind::epoch_s, kMarch + 1), kMarch + kSecond);
  EXPECT_EQ(representable(KeyKind::epoch_s, -1), 0);
  EXPECT_EQ(representable(KeyKind::epoch_ms, kMarch + 1), kMarch + 1'000);
  EXPECT_EQ(representable(KeyKind::uuidv7, kMarch + 999), kMarch + 1'000);
  EXPECT_EQ(representable(KeyKind::timestamptz, kMarch + 1), kMarch + 1);
}

TEST(PartitionKey, RepresentableIsTheLeastValueBeforeAndNoneAfterTheRange) {
  EXPECT_EQ(representable(KeyKind::uuidv7, 0 - 100 * 365 * kDay), kUnixEpoch);
  EXPECT_EQ(representable(KeyKind::date, kEndTime - 1), kMaximum);
  EXPECT_EQ(representable(KeyKind::timestamptz, kEndTime), kMaximum);
  EXPECT_EQ(representable(KeyKind::date, kMinimum), kMinimum);
  EXPECT_EQ(representable(KeyKind::date, kMaximum), kMaximum);
}

TEST(PartitionKey, ALiteralBetweenTwoValuesIsTheUpperOne) {
  EXPECT_EQ(bound_literal(KeyKind::date, kMarch + 1), "'2026-03-02'");
  EXPECT_EQ(bound_literal(KeyKind::epoch_s, kMarch + 1), "1772323201");
}

TEST(PartitionKey, InternalValues) {
  EXPECT_EQ(position_of(KeyKind::timestamptz, std::int64_t{77}), 77);
  EXPECT_EQ(position_of(KeyKind::date, std::int64_t{-1}), -kDay);
  EXPECT_EQ(position_of(KeyKind::integer, std::int64_t{-9}), -9);
  EXPECT_EQ(position_of(KeyKind::epoch_s, std::int64_t{0}), kUnixEpoch);
  EXPECT_EQ(position_of(KeyKind::epoch_ms, std::int64_t{1}), kUnixEpoch + 1'000);
  EXPECT_EQ(position_of(KeyKind::epoch_us, std::int64_t{1}), kUnixEpoch + 1);
}

TEST(PartitionKey, InfiniteAndOverflowingValuesAreTheEnds) {
  for (const KeyKind kind : {KeyKind::timestamptz, KeyKind::timestamp, KeyKind::epoch_s, KeyKind::epoch_us}) {
    EXPECT_EQ(position_of(kind, kMinimum), kMinimum);
    EXPECT_EQ(position_of(kind, kMaximum), kMaximum);
  }
  EXPECT_EQ(position_of(KeyKind::date, std::int64_t{std::numeric_limits<std::int32_t>::max()}), kMaximum);
  EXPECT_EQ(position_of(KeyKind::date, std::int64_t{std::numeric_limits<std::int32_t>::min()}), kMinimum);
  EXPECT_EQ(position_of(KeyKind::epoch_s, kMaximum - 1), kMaximum);
  EXPECT_EQ(position_of(KeyKind::epoch_ms, kMinimum + 1), kMinimum);
}

TEST(PartitionKey, UuidsCountByTheirMillisecond) {
  EXPECT_EQ(position_of(KeyKind::uuidv7, "019ca6b1-dc00-7abc-8def-0123456789ab"), kMarch);
  EXPECT_EQ(position_of(KeyKind::uuidv7, "019CA6B1-DC01-0000-0000-000000000000"), kMarch + 1'000);
  EXPECT_EQ(position_of(KeyKind::uuidv7, "019ca6b1dc0070008000000000000000"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::uuidv7, "019ca6b1-dc00-7abc-8def-0123456789ag"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::uuidv7, "019ca6b1-dc00-7abc-8def-0123456789a"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::uuidv7, "-19ca70a-9800-7abc-8def-0123456789ab"), std::nullopt);
}

TEST(PartitionKey, UlidsCountByTheirMillisecond) {
  EXPECT_EQ(position_of(KeyKind::ulid, "0000000010ZZZZZZZZZZZZZZZZ"), kUnixEpoch + 32'000);
  EXPECT_EQ(position_of(KeyKind::ulid, "000000000z"), kUnixEpoch + 31'000);
  EXPECT_EQ(position_of(KeyKind::ulid, "00000001"), kUnixEpoch + 1'024'000);
  EXPECT_EQ(position_of(KeyKind::ulid, "7ZZZZZZZZZ0000000000000000"), range_of(KeyKind::ulid).greatest);
  EXPECT_EQ(position_of(KeyKind::ulid, "80000000000000000000000000"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::ulid, "0000000U100000000000000000"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::ulid, "0000000010000000000000000U"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::ulid, "000000001000000000000000000"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::ulid, ""), std::nullopt);
}

TEST(PartitionKey, TextIsNoValueOfOtherKinds) {
  EXPECT_EQ(position_of(KeyKind::timestamptz, "2026-03-01"), std::nullopt);
  EXPECT_EQ(position_of(KeyKind::integer, "1"), std::nullopt);
}

TEST(PartitionKey, NarrowColumnsHoldLess) {
  EXPECT_EQ(range_of(KeyKind::integer, 2).least, -32'768);
  EXPECT_EQ(range_of(KeyKind::integer, 2).greatest, 32'767);
  EXPECT_EQ(range_of(KeyKind::integer, 4).greatest, 2'147'483'647);
  EXPECT_EQ(range_of(KeyKind::integer, 8).greatest, kMaximum - 1);
  EXPECT_EQ(range_of(KeyKind::epoch_s, 4).greatest, kUnixEpoch + 2'147'483'647 * kSecond);
  EXPECT_EQ(range_of(KeyKind::epoch_s, 4).least, kUnixEpoch - 2'147'483'648 * kSecond);
}

}  // namespace
