#include "server/bridge/notice.hpp"

namespace pg {

void warning(const std::string& message, const std::string& hint) {
  call([&] {
    ereport(WARNING,
            (errmsg_internal("%s", message.c_str()), hint.empty() ? 0 : errhint("%s", hint.c_str())));
  });
}

void notice(const std::string& message) {
  call([&] { ereport(NOTICE, (errmsg_internal("%s", message.c_str()))); });
}

}  // namespace pg
