#include "server/soft_delete/move.hpp"

extern "C" {
#include "utils/memutils.h"
}

namespace deal::server {

namespace {

/// The row updated last. The memory that the trigger's function lives in is that of the statement's
/// execution: it tells executions apart, and its end, however it ends, forgets the row.
struct Updated {
  MemoryContext execution;
  Oid relation;
  ItemPointerData row;
};
Updated updated;

void forget(void* execution) {
  if (updated.execution == execution) updated.execution = nullptr;
}

}  // namespace

void note_update(const TriggerData& data, FmgrInfo& function) {
  MemoryContext const execution = function.fn_mcxt;
  if (function.fn_extra == nullptr) {
    pg::call([&] {
      auto* const callback = static_cast<MemoryContextCallback*>(
          MemoryContextAllocZero(execution, sizeof(MemoryContextCallback)));
      callback->func = forget;
      callback->arg = execution;
      MemoryContextRegisterResetCallback(execution, callback);
      function.fn_extra = callback;
    });
  }
  updated = {execution, RelationGetRelid(data.tg_relation), data.tg_trigtuple->t_self};
}

bool is_moving(const TriggerData& data, const FmgrInfo& function) {
  return updated.execution != nullptr && updated.execution == function.fn_mcxt &&
         updated.relation == RelationGetRelid(data.tg_relation) &&
         ItemPointerEquals(&updated.row, &data.tg_trigtuple->t_self);
}

}  // namespace deal::server
