#include "core/audit/row_key.hpp"

#include "core/base/random.hpp"

namespace deal::audit {

namespace {

constexpr std::uint64_t kRowMask = (std::uint64_t{1} << kRowBits) - 1;
/// Of a key of several values, the low bits that the last one keeps when it is an integer.
constexpr int kLastBits = 24;

std::uint64_t read_little_endian(const char* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i)
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return word;
}

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  std::uint64_t hash = mix64(bytes.size() + 1);
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8)
    hash = mix64(hash ^ read_little_endian(bytes.data() + at, 8));
  if (at < bytes.size()) hash = mix64(hash ^ read_little_endian(bytes.data() + at, bytes.size() - at));
  return hash;
}

}  // namespace

void RowKey::add_hash(std::uint64_t hash) noexcept {
  fold();
  hash_ = mix64(hash_ + 0x9e3779b97f4a7c15ULL) ^ hash;
  ++folded_;
}

void RowKey::fold() noexcept {
  if (!last_is_integer_) return;
  last_is_integer_ = false;
  hash_ = mix64(hash_ + 0x9e3779b97f4a7c15ULL) ^ mix64(static_cast<std::uint64_t>(last_));
  ++folded_;
}

void RowKey::add_uuid(const unsigned char* bytes) noexcept {
  std::uint64_t first = 0;
  for (int i = 0; i < 8; ++i)
    first = first << 8 | bytes[i];
  if (folded_ == 0 && !last_is_integer_) {
    hash_ = first >> (64 - kRowBits);
    ++folded_;
    return;
  }
  add_hash(hash_bytes({reinterpret_cast<const char*>(bytes), 16}));
}

void RowKey::add_bytes(std::string_view bytes) noexcept {
  add_hash(hash_bytes(bytes));
}

void RowKey::add_null() noexcept {
  add_hash(0x6e756c6cULL);
}

std::int64_t RowKey::value(std::int32_t table) const noexcept {
  std::uint64_t row = hash_;
  if (last_is_integer_) {
    auto const last = static_cast<std::uint64_t>(last_);
    row = folded_ == 0 ? last : mix64(hash_) << kLastBits | (last & ((1U << kLastBits) - 1));
  }
  return first_row_key(table) | static_cast<std::int64_t>(row & kRowMask);
}

}  // namespace deal::audit
