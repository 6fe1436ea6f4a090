// How well the deal score tells labelled listings apart, beside what others use; and how long it takes.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include "core/marketplace/deal_score.hpp"
#include "core/marketplace/price_statistics.hpp"
#include "price_simulation.hpp"

namespace deal::marketplace {
namespace {

using test::Listing;
using test::ListingKind;
constexpr std::int64_t day = 86'400'000'000;

/// What others use to tell a deal, higher is better.
using Scorer = double (*)(const Listing&);

double by_score(const Listing& l) {
  return deal_score(l.points, l.at).score;
}

std::int64_t now(const Listing& l) {
  return price_at(l.points, l.at).value_or(0);
}

double drop_from(double reference, const Listing& l) {
  return 1 - static_cast<double>(now(l)) / reference;
}

double by_claim(const Listing& l) {
  return drop_from(static_cast<double>(l.claimed), l);
}

/// The share of days that were dearer; at an all-time low at least 0.95.
double by_percentile(const Listing& l) {
  double days = 0;
  double dearer = 0;
  bool lowest = true;
  for (std::int64_t time = l.at; !l.points.empty() && time >= l.points.front().time; time -= day) {
    std::optional<std::int64_t> const price = price_at(l.points, time);
    if (!price) continue;
    days += 1;
    dearer += *price > now(l) ? 1 : 0;
    lowest = lowest && *price >= now(l);
  }
  return std::max(days > 0 ? dearer / days : 0, lowest ? 0.95 : 0.0);
}

double by_prior(const Listing& l) {
  std::optional<std::int64_t> const prior = prior_price(l.points, l.at).price;
  return prior ? drop_from(static_cast<double>(*prior), l) : 0;
}

double by_mean(const Listing& l) {
  return drop_from(price_statistics(l.points, l.at - 90 * day, l.at).mean.value_or(1), l);
}

struct Quality {
  double auc = 0;
  std::array<double, test::listing_kinds>
      found{};  // share at or above the score that 90 % of the genuine reach
};

std::vector<double> sorted_scores(const std::vector<Listing>& listings, Scorer scorer, bool genuine) {
  std::vector<double> scores;
  for (Listing const& l : listings)
    if (test::is_genuine(l.kind) == genuine) scores.push_back(scorer(l));
  std::sort(scores.begin(), scores.end());
  return scores;
}

Quality quality(const std::vector<Listing>& listings, Scorer scorer) {
  std::vector<double> const genuine = sorted_scores(listings, scorer, true);
  std::vector<double> const others = sorted_scores(listings, scorer, false);
  Quality q;
  for (double const s : genuine) {
    auto const [low, high] = std::equal_range(others.begin(), others.end(), s);
    q.auc += 0.5 * static_cast<double>((low - others.begin()) + (high - others.begin()));
  }
  q.auc /= static_cast<double>(genuine.size() * others.size());
  double const threshold = genuine[genuine.size() / 10];
  for (Listing const& l : listings)
    q.found[static_cast<std::size_t>(l.kind)] += scorer(l) >= threshold ? 1 : 0;
  for (double& share : q.found)
    share /= static_cast<double>(listings.size()) / test::listing_kinds;
  return q;
}

std::vector<Listing> labelled(std::uint64_t seed) {
  std::vector<Listing> listings;
  for (int kind = 0; kind < test::listing_kinds; ++kind) {
    test::ListingSimulator simulator(mix64(seed) + static_cast<std::uint64_t>(kind));
    for (int i = 0; i < 400; ++i)
      listings.push_back(simulator.make(static_cast<ListingKind>(kind)));
  }
  return listings;
}

void print(const char* name, const Quality& q) {
  std::printf("  %-28s AUC %.4f |", name, q.auc);
  for (std::size_t kind = 0; kind < q.found.size(); ++kind)
    std::printf(" %s %.4g", test::listing_kind_names[kind], q.found[kind]);
  std::printf("\n");
}

class DealQuality : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, DealQuality, ::testing::Values(101, 202, 303, 404, 505, 606));

TEST_P(DealQuality, TellsGenuineDealsFromTheOthers) {
  std::vector<Listing> const listings = labelled(GetParam());
  Quality const q = quality(listings, by_score);
  print("deal score", q);
  print("claimed discount", quality(listings, by_claim));
  print("percentile, all-time low", quality(listings, by_percentile));
  print("drop against 30-day prior", quality(listings, by_prior));
  print("drop against 90-day mean", quality(listings, by_mean));
  EXPECT_GE(q.auc, 0.97);
  EXPECT_LE(q.found[static_cast<std::size_t>(ListingKind::fake_raise)], 0.02);
  EXPECT_LE(q.found[static_cast<std::size_t>(ListingKind::tiny_drop)], 0.10);
}

double share_flagged(const std::vector<Listing>& listings, DealFlag flag, bool (*which)(ListingKind)) {
  double flagged = 0;
  double all = 0;
  for (Listing const& l : listings) {
    if (!which(l.kind)) continue;
    all += 1;
    flagged += deal_score(l.points, l.at).flags.has(flag) ? 1 : 0;
  }
  return flagged / all;
}

TEST(DealFlags, SayWhatHappenedAndSeldomOfGenuineDeals) {
  std::vector<Listing> const listings = labelled(707);
  auto const raised = [](ListingKind kind) { return kind == ListingKind::fake_raise; };
  auto const always = [](ListingKind kind) { return kind == ListingKind::always_on_sale; };
  double const raises = share_flagged(listings, DealFlag::raised_before_sale, raised);
  double const sales = share_flagged(listings, DealFlag::always_on_sale, always);
  double const genuine_raises = share_flagged(listings, DealFlag::raised_before_sale, test::is_genuine);
  double const genuine_sales = share_flagged(listings, DealFlag::always_on_sale, test::is_genuine);
  double const genuine_glitches = share_flagged(listings, DealFlag::suspected_glitch, test::is_genuine);
  std::printf(
      "  raised_before_sale: %.3f of fake raises, %.3f of the genuine; always_on_sale: %.3f of those, %.3f "
      "of "
      "the genuine; suspected_glitch: %.3f of the genuine\n",
      raises, genuine_raises, sales, genuine_sales, genuine_glitches);
  EXPECT_GE(raises, 0.5);
  EXPECT_GE(sales, 0.5);
  EXPECT_LE(genuine_raises, 0.01);
  EXPECT_LE(genuine_sales, 0.02);
  EXPECT_LE(genuine_glitches, 0.01);
}

std::vector<PricePoint> ninety_points(Random& random) {
  std::vector<PricePoint> points;
  for (std::int64_t i = 90; i > 0; --i)
    points.push_back({-4 * i * day + static_cast<std::int64_t>(random.below(3 * microseconds_per_day)),
                      1000 + static_cast<std::int64_t>(random.below(300))});
  return points;
}

TEST(DealScore, TenThousandListingsTakeAMoment) {
  Random random(5);
  std::vector<std::vector<PricePoint>> listings;
  listings.reserve(10000);
  for (int i = 0; i < 10000; ++i)
    listings.push_back(ninety_points(random));
  double sum = 0;
  std::clock_t const begin = std::clock();
  for (std::vector<PricePoint> const& points : listings)
    sum += deal_score(points, 0).score;
  std::printf("  10,000 scores of 90 points: %.3f s of CPU\n", double(std::clock() - begin) / CLOCKS_PER_SEC);
  EXPECT_GT(sum, 0);
}

}  // namespace
}  // namespace deal::marketplace
