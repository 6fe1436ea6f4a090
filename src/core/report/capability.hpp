/// The parts of the extension, by the names of its functions.
#pragma once

#include <string_view>

namespace deal::report {

/// The capability that a function of the extension belongs to: index_advice is of index, help of general.
std::string_view capability_of(std::string_view function);

}  // namespace deal::report
