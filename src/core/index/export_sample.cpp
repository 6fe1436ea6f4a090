#include "core/index/export_sample.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace deal::index {

namespace {

constexpr std::size_t kMostRows = 1'000'000;

[[noreturn]] void refuse(const char* what) {
  throw Error("22023", "an exported sample contradicts itself").detail(what);
}

/// A number of a sane size, whatever stands there.
std::int64_t number(const Json& value) {
  if (!value.is_number_integer()) refuse("A number is missing.");
  auto const read = value.get<std::int64_t>();
  if (read < -1'000'000 || read > 0xFFFFFFFFll) refuse("A number is out of range.");
  return read;
}

Json member(Json& body, const char* key) {
  auto const found = body.find(key);
  return found == body.end() ? Json() : std::move(*found);
}

/// The numbers of the values: each row says how many rows back its value was first seen.
void number_values(const Json& back, std::size_t rows, ExportedColumn& column) {
  std::uint32_t values = 0;
  column.value.resize(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    std::int64_t const step = back.is_null() ? 0 : number(back[row]);
    if (step > static_cast<std::int64_t>(row)) refuse("A value was first seen before the first row.");
    if (step < 0)
      column.value[row] = ExportedColumn::kNull;
    else
      column.value[row] = step == 0 ? values++ : column.value[row - static_cast<std::size_t>(step)];
  }
  column.bytes.resize(values);
  column.place.resize(values);
  column.alike.resize(values);
}

/// Sets `each` of the values; a single number stands for all.
template <class Set>
void for_each_value(const Json& given, std::size_t values, Set&& set) {
  if (given.is_array() && given.size() != values) refuse("Not every value is described.");
  for (std::size_t i = 0; i < values; ++i)
    set(i, given.is_null() ? 0 : number(given.is_array() ? given[i] : given));
}

void read_offsets(const Json& offsets, ExportedSample& sample) {
  if (offsets.is_null()) return;
  if (!offsets.is_array() || offsets.size() != sample.blocks.size()) refuse("Not every row has a place.");
  for (auto const& offset : offsets) {
    std::int64_t const read = number(offset);
    if (read < 1 || read > 0xFFFF) refuse("A row's place is out of range.");
    sample.offsets.push_back(static_cast<std::uint16_t>(read));
  }
}

}  // namespace

ValuePlace place_of(std::int32_t place) {
  ValuePlace out;
  if (place > 0) out.common = place - 1;
  if (place < 0) out.bucket = -1 - place;
  return out;
}

ExportedSample read_sample(const std::string& body) {
  Json line = Json::parse(body, nullptr, false);
  ExportedSample sample;
  sample.table_blocks = number(member(line, "table_blocks"));
  sample.wanted_blocks = number(member(line, "wanted_blocks"));
  for (auto const& pair : member(line, "blocks")) {
    if (!pair.is_array() || pair.size() != 2) refuse("A block has no count of rows.");
    auto const rows = number(pair[1]);
    if (rows < 0 || sample.blocks.size() + static_cast<std::size_t>(rows) > kMostRows)
      refuse("Too many rows.");
    sample.blocks.insert(sample.blocks.end(), static_cast<std::size_t>(rows),
                         static_cast<std::uint32_t>(number(pair[0])));
  }
  if (sample.wanted_blocks > sample.table_blocks || (sample.wanted_blocks <= 0 && !sample.blocks.empty()))
    refuse("More blocks were sampled than there are.");
  read_offsets(member(line, "offsets"), sample);
  return sample;
}

ExportedColumn read_sampled(const std::string& body, std::size_t rows) {
  Json line = Json::parse(body, nullptr, false);
  Json const back = member(line, "back");
  if (!back.is_null() && (!back.is_array() || back.size() != rows))
    refuse("A column has another number of rows.");
  ExportedColumn column;
  number_values(back, rows, column);
  std::size_t const values = column.bytes.size();
  for_each_value(member(line, "bytes"), values,
                 [&](std::size_t i, std::int64_t n) { column.bytes[i] = static_cast<std::uint32_t>(n); });
  for_each_value(member(line, "bins"), values,
                 [&](std::size_t i, std::int64_t n) { column.place[i] = static_cast<std::int32_t>(n); });
  for_each_value(member(line, "alike"), values,
                 [&](std::size_t i, std::int64_t n) { column.alike[i] = static_cast<std::int32_t>(n); });
  return column;
}

}  // namespace deal::index
