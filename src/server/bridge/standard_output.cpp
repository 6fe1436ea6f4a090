#include "server/bridge/standard_output.hpp"

extern "C" {
#include "pgtime.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"
}

namespace pg {

namespace {

/// The variables behind the settings.
struct OutputVariables {
  pg_tz* zone;
  int date_style;
  int date_order;
  int interval_style;
  int bytea;
  int float_digits;
};

OutputVariables variables() {
  return {session_timezone, DateStyle, DateOrder, IntervalStyle, bytea_output, extra_float_digits};
}

void assign(const OutputVariables& to) {
  session_timezone = to.zone;
  DateStyle = to.date_style;
  DateOrder = to.date_order;
  IntervalStyle = to.interval_style;
  bytea_output = to.bytea;
  extra_float_digits = to.float_digits;
}

/// The server keeps a time zone that it has loaded until it ends.
pg_tz* utc() {
  static pg_tz* zone = nullptr;
  if (zone == nullptr) zone = pg_tzset("UTC");
  if (zone == nullptr) zone = pg_tzset("GMT");  // needs no file
  return zone;
}

void set_local(const char* name, const char* value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

}  // namespace

char* standard_output(FmgrInfo* output, Datum value) {
  OutputVariables const outer = variables();
  OutputVariables const standard = {utc(), USE_ISO_DATES, DATEORDER_MDY, INTSTYLE_POSTGRES, BYTEA_OUTPUT_HEX,
                                    1};
  char* volatile text = nullptr;
  PG_TRY();
  {
    assign(standard);
    text = OutputFunctionCall(output, value);
  }
  PG_FINALLY();
  { assign(outer); }
  PG_END_TRY();
  return text;
}

char* standard_output_with(FmgrInfo* output, Datum value, const char* setting, const char* to) {
  int const level = NewGUCNestLevel();  // an error's abort ends it, too
  set_local(setting, to);
  char* const text = standard_output(output, value);
  AtEOXact_GUC(true, level);
  return text;
}

NullableDatum call_with_standard_settings(FmgrInfo* function, Datum value) {
  int const level = NewGUCNestLevel();
  set_local("TimeZone", "UTC");
  set_local("DateStyle", "ISO, MDY");
  set_local("IntervalStyle", "postgres");
  set_local("bytea_output", "hex");
  set_local("extra_float_digits", "1");
  LOCAL_FCINFO(call, 1);
  InitFunctionCallInfoData(*call, function, 1, InvalidOid, nullptr, nullptr);
  call->args[0] = {value, false};
  NullableDatum const result = {FunctionCallInvoke(call), call->isnull};
  AtEOXact_GUC(true, level);
  return result;
}

}  // namespace pg
