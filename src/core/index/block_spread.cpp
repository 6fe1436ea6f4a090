#include "core/index/block_spread.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace deal::index {

namespace {

constexpr std::size_t kFewestRows = 8;
constexpr double kUsualShare = 0.9;
constexpr double kWide = 0.05;  // a range of less is read quickly, whatever stretches it
constexpr double kStretched = 4;

// The least distance within which `share` of the sorted ranks lie.
double narrowest(const std::vector<std::uint32_t>& ranks, double share) {
  auto const rows =
      std::max<std::size_t>(static_cast<std::size_t>(share * static_cast<double>(ranks.size())), 1);
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t i = 0; i + rows <= ranks.size(); ++i)
    least = std::min(least, ranks[i + rows - 1] - ranks[i]);
  return least;
}

}  // namespace

BlockSpread block_spread(std::span<const std::uint32_t> blocks, std::span<const std::uint32_t> ranks) {
  BlockSpread spread;
  double counted = 0;
  std::vector<std::uint32_t> inside;
  for (std::size_t first = 0, end = 0; first < blocks.size(); first = end) {
    while (end < blocks.size() && blocks[end] == blocks[first])
      ++end;
    if (end - first < kFewestRows) continue;
    inside.assign(ranks.begin() + static_cast<std::ptrdiff_t>(first),
                  ranks.begin() + static_cast<std::ptrdiff_t>(end));
    std::sort(inside.begin(), inside.end());
    spread.whole += inside.back() - inside.front();
    spread.usual += narrowest(inside, kUsualShare);
    ++counted;
  }
  if (counted == 0) return {};
  double const scale = counted * static_cast<double>(ranks.size());
  return {spread.whole / scale, spread.usual / scale};
}

bool has_outliers(const BlockSpread& spread) {
  return spread.whole > kWide && spread.whole > kStretched * spread.usual;
}

}  // namespace deal::index
