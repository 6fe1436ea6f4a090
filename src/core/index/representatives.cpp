#include "core/index/representatives.hpp"

#include <algorithm>
#include <numeric>

namespace deal::index {

std::vector<int> representatives(std::span<const Alike> statements, int most) {
  std::vector<int> order(statements.size());
  std::iota(order.begin(), order.end(), 0);
  if (static_cast<int>(statements.size()) <= most) return order;
  auto const at = [&](int i) -> const Alike& { return statements[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return at(a).cost < at(b).cost; });
  // Without any calls every statement counts the same.
  double total = 0;
  for (auto const& one : statements)
    total += one.calls;
  auto const weight = [&](int i) { return total > 0 ? at(i).calls : 1.0; };
  double const share = (total > 0 ? total : static_cast<double>(statements.size())) / most;
  std::vector<int> chosen;
  double passed = 0;
  int next = 0;
  for (int const i : order) {
    passed += weight(i);
    bool const middle = next < most && passed >= (next + 0.5) * share;
    while (next < most && passed >= (next + 0.5) * share)
      ++next;
    if (middle) chosen.push_back(i);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace deal::index
