#include "server/bridge/number_array.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "utils/array.h"
}

namespace pg {

std::vector<std::optional<int64_t>> number_array_of(Datum array) {
  struct Raw {
    Datum* values;
    bool* nulls;
    int count;
    int dimensions;
  };
  Raw const raw = call([&] {
    Raw found{};
    ArrayType* const plain = DatumGetArrayTypeP(array);
    found.dimensions = ARR_NDIM(plain);
    deconstruct_array(plain, ARR_ELEMTYPE(plain), 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &found.values,
                      &found.nulls, &found.count);
    return found;
  });
  if (raw.dimensions > 1)
    throw deal::Error("2202E", "an array of one dimension is needed").hint("Flatten it, as with unnest.");
  std::vector<std::optional<int64_t>> numbers(static_cast<size_t>(raw.count));
  for (size_t i = 0; i < numbers.size(); ++i)
    if (!raw.nulls[i]) numbers[i] = DatumGetInt64(raw.values[i]);
  return numbers;
}

}  // namespace pg
