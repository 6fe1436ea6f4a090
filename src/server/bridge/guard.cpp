#include "server/bridge/guard.hpp"

#include <new>

#include "core/base/error.hpp"

namespace pg::detail {

namespace {

/// Copies text into a fixed buffer, cut where a UTF-8 character ends.
template <size_t N>
void copy_cut(char (&to)[N], std::string_view from) noexcept {
  size_t length = from.size();
  if (length >= N) {
    length = N - 1;
    while (length > 0 && (static_cast<unsigned char>(from[length]) & 0xC0) == 0x80)
      --length;
  }
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

int encode_sqlstate(std::string_view state) noexcept {
  if (state.size() != 5) return ERRCODE_INTERNAL_ERROR;
  return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
}

}  // namespace

void describe_current_exception(Report& report) noexcept {
  report.server_error = nullptr;
  report.sqlerrcode = ERRCODE_INTERNAL_ERROR;
  report.message[0] = report.detail[0] = report.hint[0] = '\0';
  try {
    throw;
  } catch (ServerError& error) {
    report.server_error = error.take();
  } catch (const deal::Error& error) {
    report.sqlerrcode = encode_sqlstate(error.sqlstate());
    copy_cut(report.message, error.message());
    copy_cut(report.detail, error.detail_text());
    copy_cut(report.hint, error.hint_text());
  } catch (const std::bad_alloc&) {
    report.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
    copy_cut(report.message, "out of memory");
  } catch (const std::exception& error) {
    copy_cut(report.message, error.what());
  } catch (...) {
    copy_cut(report.message, "deal_advisor: an exception of unknown type was thrown");
  }
}

void raise(const Report& report) {
  if (report.server_error != nullptr) ReThrowError(report.server_error);
  ereport(ERROR, (errcode(report.sqlerrcode), errmsg_internal("%s", report.message),
                  report.detail[0] != '\0' ? errdetail_internal("%s", report.detail) : 0,
                  report.hint[0] != '\0' ? errhint("%s", report.hint) : 0));
  pg_unreachable();
}

}  // namespace pg::detail
