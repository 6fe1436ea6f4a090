#include "core/audit/seal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <tuple>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal::audit {

namespace {

constexpr std::string_view kFormat = "deal_advisor audit seal 1";
constexpr auto kEpoch = std::chrono::sys_days(
    std::chrono::year_month_day(std::chrono::year(2000), std::chrono::January, std::chrono::day(1)));

[[noreturn]] void refuse(const std::string& what) {
  throw Error("22023", "the audit log's seals can't be read: " + what);
}

int nibble(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  refuse("a digest is no hexadecimal number");
}

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool earlier(const LoggedRow& one, const LoggedRow& other) {
  return std::tie(one.xid, one.order, one.hash) < std::tie(other.xid, other.order, other.hash);
}

Json numbers_json(const SealedNumbers& numbers) {
  return {{"up_to", numbers.up_to}, {"digest", hex_of(numbers.digest)}};
}

SealedNumbers numbers_of(const Json& json) {
  return {json.at("up_to").get<std::int64_t>(), digest_of_hex(json.at("digest").get<std::string>())};
}

}  // namespace

std::string hex_of(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::uint8_t const byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

Digest digest_of_hex(const std::string& hex) {
  Digest digest;
  if (hex.size() != 2 * digest.size()) refuse("a digest has not 64 digits");
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  return digest;
}

std::int64_t day_of(std::int64_t at) {
  std::int64_t const day = at / kDayLength;
  return at % kDayLength < 0 ? day - 1 : day;
}

std::string day_text(std::int64_t day) {
  std::chrono::year_month_day const date(kEpoch + std::chrono::days(day));
  char text[40];
  (void)std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::int64_t parse_day(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (std::sscanf(text.c_str(), "%d-%u-%u", &year, &month, &day) != 3) refuse("\"" + text + "\" is no day");
  std::chrono::year_month_day const date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok()) refuse("\"" + text + "\" is no day");
  return (std::chrono::sys_days(date) - kEpoch).count();
}

std::int64_t Seal::rows() const {
  std::int64_t sum = 0;
  for (SealPart const& part : parts)
    sum += part.rows;
  return sum;
}

void append_field(std::string& bytes, std::string_view text) {
  bytes += std::to_string(text.size());
  bytes += ':';
  bytes += text;
}

std::string seal_bytes(const Seal& seal) {
  std::string bytes;
  auto const number = [&](auto value) { append_field(bytes, std::to_string(value)); };
  append_field(bytes, kFormat);
  number(seal.number);
  number(seal.system);
  number(seal.began);
  number(seal.from_xid);
  number(seal.to_xid);
  number(seal.after);
  number(seal.parts.size());
  for (SealPart const& part : seal.parts) {
    append_field(bytes, part.relation);
    number(part.day);
    number(part.rows);
    append_field(bytes, view(part.digest));
  }
  number(seal.layouts.size());
  for (int const layout : seal.layouts)
    number(layout);
  append_field(bytes, view(seal.layouts_digest));
  for (SealedNumbers const& numbers : {seal.erased, seal.pruned}) {
    number(numbers.up_to);
    append_field(bytes, view(numbers.digest));
  }
  number(seal.sealed_at);
  append_field(bytes, seal.sealed_by);
  append_field(bytes, view(seal.previous));
  return bytes;
}

std::string seal_content(const Seal& seal) {
  Json parts = Json::array();
  for (SealPart const& part : seal.parts)
    parts.push_back({{"relation", part.relation},
                     {"day", day_text(part.day)},
                     {"rows", part.rows},
                     {"digest", hex_of(part.digest)}});
  return Json{{"parts", std::move(parts)},
              {"layouts", {{"numbers", seal.layouts}, {"digest", hex_of(seal.layouts_digest)}}},
              {"erased", numbers_json(seal.erased)},
              {"pruned", numbers_json(seal.pruned)}}
      .dump();
}

void parse_seal_content(const std::string& json, Seal& seal) {
  try {
    Json const content = Json::parse(json);
    for (Json const& part : content.at("parts"))
      seal.parts.push_back({part.at("relation").get<std::string>(),
                            parse_day(part.at("day").get<std::string>()), part.at("rows").get<std::int64_t>(),
                            digest_of_hex(part.at("digest").get<std::string>())});
    seal.layouts = content.at("layouts").at("numbers").get<std::vector<int>>();
    seal.layouts_digest = digest_of_hex(content.at("layouts").at("digest").get<std::string>());
    seal.erased = numbers_of(content.at("erased"));
    seal.pruned = numbers_of(content.at("pruned"));
  } catch (const Json::exception& error) {
    refuse(error.what());
  }
}

Digest digest_of_rows(std::vector<LoggedRow>& rows, Hasher hasher) {
  // Mostly they were written in order.
  if (!std::ranges::is_sorted(rows, earlier)) std::ranges::sort(rows, earlier);
  std::string bytes;
  bytes.reserve(rows.size() * sizeof(Digest));
  for (LoggedRow const& row : rows)
    bytes += view(row.hash);
  return hasher(bytes);
}

}  // namespace deal::audit
