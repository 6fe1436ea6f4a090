#include "server/index/block_choice.hpp"

extern "C" {
#include "common/hashfn.h"
#include "utils/fmgrprotos.h"
}

namespace deal::server {

namespace {

constexpr double kSeed = 20250101;
constexpr double kDecimals = 1e6;  ///< of the percentage, as the export writes it

}  // namespace

BlockChoice::BlockChoice(BlockNumber blocks, double wanted)
    : blocks_(blocks), seed_(DatumGetUInt32(DirectFunctionCall1(hashfloat8, Float8GetDatum(kSeed)))) {
  double const percent = blocks > 0 ? std::fmin(100.0, 100.0 * wanted / blocks) : 100.0;
  auto const written = static_cast<float4>(std::round(percent * kDecimals) / kDecimals);
  limit_ = static_cast<uint64>(std::rint((static_cast<double>(PG_UINT32_MAX) + 1) * written / 100));
}

BlockNumber BlockChoice::next() {
  while (at_ < blocks_) {
    uint32 const key[2] = {at_++, seed_};
    if (hash_bytes(reinterpret_cast<const unsigned char*>(key), sizeof key) < limit_) return key[0];
  }
  return InvalidBlockNumber;
}

}  // namespace deal::server
