#include "server/bridge/role.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/acl.h"
}

namespace pg {

AsRole::AsRole(Oid role) : outer_role_(InvalidOid), outer_context_(0) {
  GetUserIdAndSecContext(&outer_role_, &outer_context_);
  SetUserIdAndSecContext(role, outer_context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

AsRole::~AsRole() {
  SetUserIdAndSecContext(outer_role_, outer_context_);
}

AsOwner::AsOwner(Oid owner) : outer_role_(InvalidOid), outer_context_(0) {
  GetUserIdAndSecContext(&outer_role_, &outer_context_);
  SetUserIdAndSecContext(owner, outer_context_ | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
}

AsOwner::~AsOwner() {
  SetUserIdAndSecContext(outer_role_, outer_context_);
}

ReadOnly::ReadOnly() : outer_(XactReadOnly) {
  XactReadOnly = true;
}
ReadOnly::~ReadOnly() {
  XactReadOnly = outer_;
}

Oid current_role() {
  return GetUserId();
}

bool may_assume(Oid member, Oid role) {
  return call([&] {
#if PG_VERSION_NUM >= 160000
    return member_can_set_role(member, role);
#else
    return is_member_of_role(member, role);
#endif
  });
}

Oid role_oid(const std::string& name) {
  return call([&] { return get_role_oid(name.c_str(), true); });
}

std::string role_name(Oid role) {
  const char* const name = call([&]() -> const char* { return GetUserNameFromId(role, true); });
  return name != nullptr ? name : "";
}

}  // namespace pg
