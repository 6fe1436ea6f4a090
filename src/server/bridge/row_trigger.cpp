#include "server/bridge/row_trigger.hpp"

#include "core/base/error.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace pg {

const TriggerData& row_trigger(const Arguments& args, const char* function) {
  auto const* const context = args.fcinfo()->context;
  std::string const name = std::string("function \"") + function + "\" ";
  if (context == nullptr || !CALLED_AS_TRIGGER(args.fcinfo()))
    throw deal::Error("39P01", name + "was not called as a trigger");
  auto const& trigger = *reinterpret_cast<const TriggerData*>(context);
  if (!TRIGGER_FIRED_FOR_ROW(trigger.tg_event))
    throw deal::Error("39P01", name + "must be fired for each row");
  return trigger;
}

int trigger_depth() {
  return call([] { return DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, Datum{0})); });
}

const Trigger* trigger_with_columns(Relation relation, Oid function, const char* argument) {
  TriggerDesc const* const triggers = relation->trigdesc;
  if (triggers == nullptr) return nullptr;
  for (int i = 0; i < triggers->numtriggers; ++i) {
    Trigger const& trigger = triggers->triggers[i];
    if (trigger.tgfoid != function || trigger.tgnattr == 0) continue;
    if (argument == nullptr || (trigger.tgnargs > 0 && std::strcmp(trigger.tgargs[0], argument) == 0))
      return &trigger;
  }
  return nullptr;
}

}  // namespace pg
