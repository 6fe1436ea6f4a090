/// Typed access to the arguments of a SQL call.
#pragma once

#include "server/bridge/datum.hpp"

namespace pg {

/// The arguments of one call, by position from 0. A typed getter of a NULL argument raises 22004 and names
/// the position; `optional_*` getters give nothing instead.
class Arguments {
 public:
  explicit Arguments(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}

  FunctionCallInfo fcinfo() const { return fcinfo_; }
  bool is_null(int i) const { return i >= fcinfo_->nargs || fcinfo_->args[i].isnull; }
  Datum datum(int i) const;

  std::string text(int i) const { return text_of(datum(i)); }
  std::vector<std::string> text_array(int i) const { return text_array_of(datum(i)); }
  bool boolean(int i) const { return DatumGetBool(datum(i)); }
  int32_t int4(int i) const { return DatumGetInt32(datum(i)); }
  int64_t int8(int i) const { return DatumGetInt64(datum(i)); }
  double float8(int i) const { return DatumGetFloat8(datum(i)); }
  Oid oid(int i) const { return DatumGetObjectId(datum(i)); }
  /// A jsonb argument as JSON text.
  std::string json(int i) const;
  /// An interval argument in milliseconds, a started one counts; months count 30 days.
  int64_t milliseconds(int i) const;

  std::optional<std::string> optional_text(int i) const;
  std::vector<std::string> text_array_or_empty(int i) const;
  std::string json_or_empty(int i) const { return is_null(i) ? std::string("{}") : json(i); }

 private:
  FunctionCallInfo fcinfo_;
};

}  // namespace pg
