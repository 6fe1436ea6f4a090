-- General: identity of the installed build.

create function deal_advisor.build_info() returns text
  language c stable strict parallel safe
  as 'MODULE_PATHNAME', 'deal_advisor_build_info';
comment on function deal_advisor.build_info() is
'Version and build of the loaded module. Example: select deal_advisor.build_info();';

grant usage on schema deal_advisor to public;
