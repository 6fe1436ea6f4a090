/// Fewer statements for the same workload.
#pragma once

#include <span>
#include <vector>

namespace deal::index {

/// One of several statements that differ in constants only.
struct Alike {
  double cost = 0;   ///< of one execution today
  double calls = 0;  ///< >= 0
};

/// Positions of at most `most` of the statements that stand for all of them, ascending: sorted by cost, the
/// calls are cut into as many equal shares, and the statement in the middle of each share stands for it; so
/// cheap, usual and dear ones are all there. Each once: fewer when one has most of the calls. Everything if
/// there are no more than `most`. After ISUM (Siddiqui et al., SIGMOD 2022): weight moves to the ones kept.
std::vector<int> representatives(std::span<const Alike> statements, int most);

}  // namespace deal::index
