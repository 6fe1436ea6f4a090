#include "server/bridge/notice.hpp"

namespace pg {

namespace {

void send(int level, const std::string& message, const std::string& hint) {
  call([&] {
    ereport(level, (errmsg_internal("%s", message.c_str()), hint.empty() ? 0 : errhint("%s", hint.c_str())));
  });
}

}  // namespace

void warning(const std::string& message, const std::string& hint) {
  send(WARNING, message, hint);
}

void notice(const std::string& message, const std::string& hint) {
  send(NOTICE, message, hint);
}

}  // namespace pg
