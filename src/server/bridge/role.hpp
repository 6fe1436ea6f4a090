/// Running other people's code with their rights, never the caller's.
#pragma once

#include "server/bridge/call.hpp"

namespace pg {

/// Acts as another role for a scope: security-restricted (no SET ROLE, no new cursors or temporary objects,
/// no deferred triggers that outlive it). Whatever the scope runs, such as IMMUTABLE functions that the
/// planner folds, has that role's rights. Open it inside a subtransaction: an abort restores the caller too.
class AsRole {
 public:
  explicit AsRole(Oid role);
  ~AsRole();
  AsRole(const AsRole&) = delete;
  AsRole& operator=(const AsRole&) = delete;

 private:
  Oid outer_role_;
  int outer_context_;
};

/// Acts as a table's owner for a scope, in the way of the server's foreign keys: no row security, not even a
/// forced one, and no SET ROLE. For what a right of the caller's on the table entails; deferred triggers may
/// outlive it.
class AsOwner {
 public:
  explicit AsOwner(Oid owner);
  ~AsOwner();
  AsOwner(const AsOwner&) = delete;
  AsOwner& operator=(const AsOwner&) = delete;

 private:
  Oid outer_role_;
  int outer_context_;
};

/// Makes the current (sub)transaction read only for a scope.
class ReadOnly {
 public:
  ReadOnly();
  ~ReadOnly();
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  bool outer_;
};

/// The role that is running now.
Oid current_role();
/// True when `member` may act as `role` (SET ROLE would be allowed, or it is a superuser).
bool may_assume(Oid member, Oid role);
/// Oid of a role by name; InvalidOid when there is none.
Oid role_oid(const std::string& name);
/// Name of a role; empty when it is gone.
std::string role_name(Oid role);

}  // namespace pg
