#include "server/index/block_choice.hpp"

#include <cmath>

extern "C" {
#include "common/hashfn.h"
#include "utils/fmgrprotos.h"
}

namespace deal::server {

namespace {

constexpr uint32 kSeed = 20250101;
constexpr double kDecimals = 1e6;  ///< of shares, as the export writes them
constexpr double kHashes = static_cast<double>(PG_UINT32_MAX) + 1;
constexpr double kUnknownDensity = 50;
constexpr double kFewestBlocks = 64;
constexpr double kMostBlocks = 8192;  ///< 64 MB
constexpr BlockNumber kPolledBlocks = 1 << 16;

double written(double number) {
  return std::round(number * kDecimals) / kDecimals;
}

}  // namespace

double blocks_holding(double density, BlockNumber blocks, int target_rows) {
  double const wanted = std::ceil(target_rows / std::fmax(density > 0 ? density : kUnknownDensity, 1.0));
  return std::fmin(std::fmin(std::fmax(wanted, kFewestBlocks), kMostBlocks), blocks);
}

BlockChoice::BlockChoice(BlockNumber blocks, double wanted)
    : blocks_(blocks), seed_(DatumGetUInt32(DirectFunctionCall1(hashfloat8, Float8GetDatum(kSeed)))) {
  double const percent = blocks > 0 ? std::fmin(100.0, 100.0 * wanted / blocks) : 100.0;
  limit_ = static_cast<uint64>(std::rint(kHashes * static_cast<float4>(written(percent)) / 100));
}

BlockNumber BlockChoice::next() {
  while (at_ < blocks_) {
    if (at_ % kPolledBlocks == 0) CHECK_FOR_INTERRUPTS();
    uint32 const key[2] = {at_++, seed_};
    if (hash_bytes(reinterpret_cast<const unsigned char*>(key), sizeof key) < limit_) return key[0];
  }
  return InvalidBlockNumber;
}

RowChoice::RowChoice(BlockNumber blocks, double density, double wanted) {
  double const rows = std::fmin(blocks, wanted) * (density > 0 ? density : kUnknownDensity);
  double const share = rows > 0 ? std::fmin(1.0, wanted / rows) : 1.0;
  limit_ = static_cast<uint64>(std::rint(kHashes * written(share)));
}

bool RowChoice::takes(const ItemPointerData& row) const {
  uint64 const hash = hash_bytes_extended(reinterpret_cast<const unsigned char*>(&row),
                                          sizeof(BlockIdData) + sizeof(OffsetNumber), kSeed);
  return (hash & PG_UINT32_MAX) < limit_;
}

}  // namespace deal::server
