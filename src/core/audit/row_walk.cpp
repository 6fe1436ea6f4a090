#include "core/audit/row_walk.hpp"

#include <algorithm>

namespace deal::audit {

void RowWalk::clear() {
  exists_ = false;
  std::ranges::fill(values_, nullptr);
}

void RowWalk::fill_unknown(std::span<const Field> image) {
  exists_ = true;
  for (Field const& field : image) {
    ValueRef& value = values_[static_cast<std::size_t>(field.slot)];
    if (value == nullptr) value = field.value;
  }
}

void RowWalk::start(std::span<const Field> current) {
  clear();
  fill_unknown(current);
}

void RowWalk::arrive(Op op, std::span<const Field> image) {
  switch (op) {
    case Op::insert:
    case Op::key_after:
    case Op::baseline:
      fill_unknown(image);
      break;
    case Op::update:
      exists_ = true;  // where it isn't, how it ended was not recorded
      break;
    case Op::remove:
    case Op::key_before:
    case Op::truncate:
      clear();
      break;
    case Op::alter:
      break;
  }
}

void RowWalk::leave(Op op, std::span<const Field> image) {
  switch (op) {
    case Op::insert:
    case Op::key_after:
    case Op::baseline:
    case Op::truncate:
      clear();
      break;
    case Op::update:
      for (Field const& field : image)
        values_[static_cast<std::size_t>(field.slot)] = field.value;
      break;
    case Op::remove:
    case Op::key_before:
      clear();
      fill_unknown(image);
      break;
    case Op::alter:
      break;
  }
}

}  // namespace deal::audit
