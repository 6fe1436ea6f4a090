#include "core/partition/set.hpp"

#include <array>
#include <utility>

namespace deal::partition {

namespace {

constexpr std::array<std::pair<Retire, std::string_view>, 4> kRetires{{{Retire::drop, "drop"},
                                                                       {Retire::detach, "detach"},
                                                                       {Retire::archive, "archive"},
                                                                       {Retire::export_, "export"}}};

}  // namespace

std::string_view name_of(Retire retire) {
  for (const auto& [known, name] : kRetires) {
    if (known == retire) return name;
  }
  return "";
}

std::optional<Retire> retire_of(std::string_view name) {
  for (const auto& [retire, known] : kRetires) {
    if (known == name) return retire;
  }
  return {};
}

}  // namespace deal::partition
