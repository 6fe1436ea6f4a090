#pragma once

namespace deal {

/// What the host wants called in long loops. It may throw to stop the work (the bridge throws on a cancel).
using InterruptCheck = void (*)();

/// Installs the host's check and returns the one it replaces; nullptr means none, which is the default.
InterruptCheck set_interrupt_check(InterruptCheck check) noexcept;

/// Runs the host's check now; does nothing if there is none. Throws whatever the check throws.
void poll_interrupts();

/// Counts the steps of a tight loop and polls at every 1024th, so that a loop stays both fast and
/// cancellable:
///
///   InterruptPoll poll;
///   for (...) { poll.step(); ... }
class InterruptPoll {
 public:
  void step() {
    if ((++steps_ & 1023u) == 0) poll_interrupts();
  }

 private:
  unsigned steps_ = 0;
};

}  // namespace deal
