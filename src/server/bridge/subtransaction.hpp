/// Subtransactions: the only scope in which a server error may be swallowed.
#pragma once

#include "core/base/error.hpp"
#include "server/bridge/call.hpp"

namespace pg {

/// What went wrong inside a subtransaction, as plain text.
struct Failure {
  std::string sqlstate;
  std::string message;
};

namespace detail {
struct SubtransactionState {
  MemoryContext context;
  ResourceOwner owner;
  bool abort_due;
};
SubtransactionState begin_subtransaction();
void commit_subtransaction(const SubtransactionState& outer);
void roll_back_subtransaction(const SubtransactionState& outer);
/// Cancel, shutdown and a crashed peer are never swallowed.
bool may_be_swallowed(const ServerError& error);
}  // namespace detail

/// Runs `body` in a subtransaction that is rolled back in the end, whatever happens: locks, catalog changes
/// and settings made inside are gone afterwards. What `body` throws is thrown on.
template <class Body>
auto rolled_back(Body&& body) -> std::invoke_result_t<Body&> {
  auto const outer = detail::begin_subtransaction();
  auto const run = [&]() -> std::invoke_result_t<Body&> {
    try {
      return body();
    } catch (...) {
      detail::roll_back_subtransaction(outer);
      throw;
    }
  };
  if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
    run();
    detail::roll_back_subtransaction(outer);
  } else {
    auto result = run();
    detail::roll_back_subtransaction(outer);
    return result;
  }
}

/// How `attempt` ends the subtransaction when `body` succeeds.
enum class OnSuccess { commit, roll_back };

/// Runs `body` in a subtransaction. A server or advisor error rolls it back and is returned; cancel and
/// shutdown are thrown on.
template <class Body>
std::optional<Failure> attempt(OnSuccess on_success, Body&& body) {
  auto const outer = detail::begin_subtransaction();
  try {
    body();
    if (on_success == OnSuccess::commit) detail::commit_subtransaction(outer);
  } catch (const ServerError& error) {
    detail::roll_back_subtransaction(outer);
    if (!detail::may_be_swallowed(error)) throw;
    return Failure{error.sqlstate(), error.what()};
  } catch (const deal::Error& error) {
    detail::roll_back_subtransaction(outer);
    return Failure{error.sqlstate(), error.message()};
  } catch (...) {
    detail::roll_back_subtransaction(outer);
    throw;
  }
  if (on_success == OnSuccess::roll_back) detail::roll_back_subtransaction(outer);
  return std::nullopt;
}

}  // namespace pg
