/// Memory contexts as C++ values.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// A memory context of our own, deleted with the object. Deleting never fails.
class Memory {
 public:
  /// `name` must be a string literal (the server keeps the pointer). The parent is the current context.
  explicit Memory(const char* name);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  MemoryContext context() const { return context_; }
  void reset() const;

 private:
  MemoryContext context_;
};

/// Makes a context current for a scope.
class InContext {
 public:
  explicit InContext(MemoryContext context) : outer_(MemoryContextSwitchTo(context)) {}
  ~InContext() { MemoryContextSwitchTo(outer_); }
  InContext(const InContext&) = delete;
  InContext& operator=(const InContext&) = delete;

 private:
  MemoryContext outer_;
};

/// Gives memory that C++ objects have freed back to the operating system, if it is much; else the C library
/// keeps it for the process's next objects, which may be smaller.
void return_freed_memory();

}  // namespace pg
