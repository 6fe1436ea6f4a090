/// Which functions planning may run with a powerful role's rights.
#pragma once

namespace deal::server {

/// While it lives, a function does not run with the rights of a superuser (or of a role that may reach the
/// server's files and programs) unless its owner could act as that role anyway: 42501. Planning runs
/// IMMUTABLE and STABLE functions with constant arguments, and a read-only transaction does not stop a
/// superuser's COPY TO PROGRAM; so a superuser's harmless statement about somebody's view must not run what
/// its owner put there since. Functions that nothing runs do not matter, but such SQL functions are not
/// inlined.
class TrustedFunctions {
 public:
  TrustedFunctions();
  ~TrustedFunctions();
  TrustedFunctions(const TrustedFunctions&) = delete;
  TrustedFunctions& operator=(const TrustedFunctions&) = delete;
};

}  // namespace deal::server
