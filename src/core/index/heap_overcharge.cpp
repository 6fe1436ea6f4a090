#include "core/index/heap_overcharge.hpp"

#include <algorithm>
#include <cmath>

namespace deal::index {

namespace {

// As cost_bitmap_heap_scan charges them: the more of the table, the more they are read in order.
double scattered_cost(double found, double pages, const PageCosts& costs) {
  const double hit = std::ceil(std::min(pages, 2 * pages * found / (2 * pages + found)));
  if (hit < 2) return hit * costs.random;
  return hit * (costs.random - (costs.random - costs.sequential) * std::sqrt(hit / pages));
}

}  // namespace

double heap_overcharge(double found, double rows, double pages, const PageCosts& costs) {
  if (!(pages >= 1) || !(rows >= 1) || !(found > 0)) return 0;
  const double together = std::clamp(std::ceil(found / rows * pages), 1.0, pages);
  const double fair = costs.random + (together - 1) * costs.sequential;
  return std::max(0.0, scattered_cost(found, pages, costs) - fair);
}

}  // namespace deal::index
