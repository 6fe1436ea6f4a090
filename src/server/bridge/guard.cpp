#include "server/bridge/guard.hpp"

#include <climits>
#include <new>

#include "core/base/error.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace pg::detail {

namespace {

/// What is known of the last exception. One is enough: nothing happens between noting and raising it.
struct Report {
  ErrorData* server_error;  ///< set when a ServerError arrived: re-thrown as it was
  int sqlerrcode;
  char message[4096];
  char detail[4096];
  char hint[4096];
};
static_assert(std::is_trivially_default_constructible_v<Report> && std::is_trivially_destructible_v<Report>);
Report report;

/// Copies text into a fixed buffer, cut where a character of the database's encoding ends.
template <size_t N>
void copy_cut(char (&to)[N], std::string_view from) noexcept {
  size_t length = from.size();
  if (length >= N) {
    int const size = from.size() > INT_MAX ? INT_MAX : static_cast<int>(from.size());
    length = static_cast<size_t>(pg_mbcliplen(from.data(), size, static_cast<int>(N) - 1));
  }
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

int encode_sqlstate(std::string_view state) noexcept {
  if (state.size() != 5 || state == "00000") return ERRCODE_INTERNAL_ERROR;
  return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
}

/// Raises the server's error again as it was. The server goes on to use some of our copy's strings (the names
/// of file and function), so the copy is freed when the next error is raised.
[[noreturn]] void rethrow(ErrorData* error) {
  static ErrorData* previous = nullptr;
  if (previous != nullptr) free_error(previous);
  previous = error;
  ReThrowError(error);
}

}  // namespace

void describe_current_exception() noexcept {
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

void raise_described() {
  if (report.server_error != nullptr) rethrow(report.server_error);
  ereport(ERROR, (errcode(report.sqlerrcode), errmsg_internal("%s", report.message),
                  report.detail[0] != '\0' ? errdetail_internal("%s", report.detail) : 0,
                  report.hint[0] != '\0' ? errhint("%s", report.hint) : 0));
  pg_unreachable();
}

}  // namespace pg::detail
