/// C++ values to and from Datums. Every function here converts a failing server call into an exception.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// A nullable Datum: the unit of result rows and SPI parameters.
struct Value {
  Datum datum = 0;
  bool null = true;
};

Datum text_datum(std::string_view text);
Datum text_array_datum(std::span<const std::string> elements);
/// `json` must be valid JSON text.
Datum jsonb_datum(std::string_view json);
/// Cut to the length of a name where the server would cut it.
Datum name_datum(std::string_view name);

Value value(std::string_view text);
inline Value value(const char* text) {
  return value(std::string_view(text));
}
inline Value value(const std::string& text) {
  return value(std::string_view(text));
}
inline Value value(bool flag) {
  return {BoolGetDatum(flag), false};
}
inline Value value(int32_t number) {
  return {Int32GetDatum(number), false};
}
inline Value value(int64_t number) {
  return {Int64GetDatum(number), false};
}
inline Value value(float number) {
  return {Float4GetDatum(number), false};
}
inline Value value(double number) {
  return {Float8GetDatum(number), false};
}
Value value(std::span<const std::string> elements);
inline Value value(const std::vector<std::string>& elements) {
  return value(std::span<const std::string>(elements));
}
/// An empty optional is NULL.
template <class T>
Value value(const std::optional<T>& maybe) {
  return maybe ? value(*maybe) : Value{};
}
/// JSON text as jsonb.
Value json_value(std::string_view json);
/// Seconds since the epoch as timestamptz.
Value timestamp_value(TimestampTz at);

std::string text_of(Datum text);
std::string name_of(Datum name);
/// The output function's text of any value of the type.
std::string output_of(Datum datum, Oid type);
/// Elements of a one-dimensional array of text or names. Errors: a NULL element 22004, more dimensions 2202E,
/// another element type 42804.
std::vector<std::string> text_array_of(Datum array);

}  // namespace pg
