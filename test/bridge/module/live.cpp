#include "module/live.hpp"

#include "server/bridge/bridge.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace deal_test {

namespace {
int64_t live = 0;
int64_t made = 0;
int64_t emptied = 0;
}  // namespace

Live::Live() : heap_(100, 'x') {
  ++live;
  ++made;
}
Live::~Live() {
  if (--live == 0) emptied = GetCurrentTimestamp();
}
int64_t Live::count() {
  return live;
}
int64_t Live::ever_made() {
  return made;
}
int64_t Live::emptied_at() {
  return emptied;
}

}  // namespace deal_test

DEAL_FUNCTION(deal_advisor_test_live) {
  return Int64GetDatum(deal_test::Live::count());
}
DEAL_FUNCTION(deal_advisor_test_made) {
  return Int64GetDatum(deal_test::Live::ever_made());
}
DEAL_FUNCTION(deal_advisor_test_emptied_at) {
  return TimestampTzGetDatum(deal_test::Live::emptied_at());
}
