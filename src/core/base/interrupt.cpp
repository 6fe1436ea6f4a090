#include "core/base/interrupt.hpp"

namespace deal {

namespace {
InterruptCheck current_check = nullptr;
}

InterruptCheck set_interrupt_check(InterruptCheck check) noexcept {
  InterruptCheck previous = current_check;
  current_check = check;
  return previous;
}

void poll_interrupts() {
  if (current_check != nullptr) current_check();
}

}  // namespace deal
