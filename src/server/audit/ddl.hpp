/// Recording what DDL does to audited tables: who changed which table, when and how. Layouts are recorded at
/// once, and new parts of audited tables get the triggers that the server doesn't clone.
#pragma once

#include <string>

namespace deal::server {

/// What an event trigger calls, for the command that fires it. `event`: ddl_command_start, ddl_command_end or
/// sql_drop; `tag`: the command's. What can't be recorded is told in a WARNING. Errors: 39P03 outside of an
/// event trigger.
void record_ddl(const std::string& event, const std::string& tag);

/// For a scope: commands that are auditing's own are no events. Dropping a trigger is one all the same.
class OwnDdl {
 public:
  OwnDdl();
  ~OwnDdl();
  OwnDdl(const OwnDdl&) = delete;
  OwnDdl& operator=(const OwnDdl&) = delete;

 private:
  bool outer_;
};

/// Makes the event triggers, and the function that they call: ordinary objects. Errors: 42501 where the
/// caller may make none.
std::string enable_ddl();
/// Drops them. Errors: 42704 there are none; 42501 the caller doesn't own them.
std::string disable_ddl();

}  // namespace deal::server
