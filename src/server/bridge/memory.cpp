#include "server/bridge/memory.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

extern "C" {
#include "utils/memutils.h"
}

namespace pg {

Memory::Memory(const char* name)
    : context_(call([&] {
        return AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES);
      })) {}

Memory::~Memory() {
  MemoryContextDelete(context_);
}

void Memory::reset() const {
  MemoryContextReset(context_);
}

void return_freed_memory() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  constexpr size_t kMuch = size_t{8} << 20;
  if (mallinfo2().fordblks > kMuch) malloc_trim(0);
#endif
}

}  // namespace pg
