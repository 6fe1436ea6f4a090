#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace deal {

/// An error meant for the user, in the server's terms: a five-character SQLSTATE, a message, and optionally a
/// DETAIL and a HINT. The bridge turns it into the server's ERROR report unchanged.
///
///   throw Error{"22023", "budget must not be negative"}.hint("Leave it out for no limit.");
class Error : public std::exception {
 public:
  /// `sqlstate` is one of the server's codes, e.g. "22023"; `message` follows the server's message style.
  Error(std::string_view sqlstate, std::string message) : sqlstate_(sqlstate), message_(std::move(message)) {}

  /// Sets the DETAIL: facts about what went wrong, whole sentences.
  Error& detail(std::string text) {
    detail_ = std::move(text);
    return *this;
  }

  /// Sets the HINT: what the user may do about it, whole sentences.
  Error& hint(std::string text) {
    hint_ = std::move(text);
    return *this;
  }

  const std::string& sqlstate() const noexcept { return sqlstate_; }
  const std::string& message() const noexcept { return message_; }
  /// Empty if there is none.
  const std::string& detail_text() const noexcept { return detail_; }
  /// Empty if there is none.
  const std::string& hint_text() const noexcept { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string sqlstate_;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

}  // namespace deal
