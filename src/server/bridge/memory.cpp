#include "server/bridge/memory.hpp"

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

}  // namespace pg
