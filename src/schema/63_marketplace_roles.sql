-- Database roles of a marketplace, made on request: what each one needs, and no more.

create table deal_advisor.marketplace_role (
  schema_name name,
  purpose text,
  role_name name not null,
  created_at timestamptz not null default pg_catalog.now(),
  primary key (schema_name, purpose)
);
comment on table deal_advisor.marketplace_role is
'The database roles that marketplace_create_roles made, so that it knows them again. They stay when the marketplace goes, until marketplace_drop_roles. Written by these two only; nobody has rights on it. Example: select role_name, purpose, state from deal_advisor.marketplace_create_roles(''shop'');';
select pg_catalog.pg_extension_config_dump('deal_advisor.marketplace_role', '');

create function deal_advisor.marketplace_role_grants()
returns table (purpose text, privilege text, object text, columns text[], unless text)
  language sql immutable parallel safe rows 250 set search_path = pg_catalog, deal_advisor, pg_temp as $$
select w.purpose, w.privilege, w.object, g.columns, g.unless from (values
  -- Things, prices and figures, by tenant where they have one.
  ('{application,worker,analyst,support}'::text[], '{SELECT}'::text[], '{retailers,categories,brands,attribute_definitions,products,listings}'::text[], null::text[], null::text),
  ('{application,worker,analyst}', '{SELECT}', '{price_history,price_daily,listing_scores,deals,tenant_stats,dashboard_stats,statistic_deltas}', null, null),
  -- Not what the application keeps in a tenant's settings.
  ('{worker,analyst,support}', '{SELECT}', '{tenants}', '{id,public_id,name,slug,currency,created_at,updated_at,created_by,updated_by,deleted_at}', null),
  ('{application}', '{SELECT}', '{tenants}', null, null),
  -- People: masked for who only looks.
  ('{application,analyst,support}', '{SELECT}', '{public_profiles}', null, null),
  ('{analyst,support}', '{SELECT}', '{users_masked}', null, null),
  ('{application,worker}', '{SELECT}', '{users,user_profiles}', null, null),
  ('{application}', '{INSERT,UPDATE}', '{user_profiles}', null, null),
  ('{application}', '{UPDATE}', '{users}', '{display_name,buys,sells,locale,last_seen_at}', null),
  -- Module auth has functions for these, which check more.
  ('{application}', '{INSERT}', '{users}', null, 'register_user'),
  ('{application}', '{UPDATE}', '{users}', '{email,email_encrypted,email_blind,key_id,status,email_verified_at,deleted_at}', 'register_user'),
  ('{application,support}', '{EXECUTE}', '{user_of_email,users_of_phone}', null, null),
  ('{application}', '{EXECUTE}', '{export_user}', null, null),
  -- What sellers do. A listing that goes changes its product's best price.
  ('{application}', '{INSERT}', '{products}', null, null),
  ('{application}', '{UPDATE}', '{products}', '{name,description,brand_id,category_id,attrs,currency,deleted_at,best_price_minor,best_listing_id,updated_by}', null),
  ('{application}', '{INSERT}', '{listings}', '{tenant_id,id,product_id,retailer_id,condition,url,currency,created_by,updated_by}', null),
  ('{application}', '{UPDATE}', '{listings}', '{product_id,condition,url,deleted_at,updated_by}', null),
  -- Conversations: as the head of their tables says.
  ('{application}', '{SELECT,INSERT}', '{conversations,participants,messages,message_edits,reactions,attachments,offers}', null, null),
  ('{application}', '{DELETE}', '{reactions}', null, null),
  ('{application}', '{UPDATE}', '{conversations}', '{state,subject,last_seq,last_message_at,updated_at,updated_by}', null),
  ('{application}', '{UPDATE}', '{participants}', '{role,joined_at,left_at,last_read_seq,own_since_read,muted_until,pinned}', null),
  ('{application}', '{UPDATE}', '{messages}', '{body,edited_at,deleted_at}', null),
  ('{application}', '{UPDATE}', '{attachments}', '{deleted_at}', null),
  ('{application}', '{UPDATE}', '{offers}', '{state,decided_at,decided_by,updated_at,updated_by}', null),
  -- Watches, and what came of them.
  ('{application,worker}', '{SELECT}', '{watches,user_products,alerts,notifications,notification_preferences,notification_log}', null, null),
  ('{application}', '{INSERT,UPDATE}', '{watches,notification_preferences}', null, null),
  ('{application}', '{UPDATE}', '{notifications}', '{read_at}', null),
  ('{application}', '{SELECT,INSERT}', '{user_activity_log}', null, null),
  ('{application}', '{INSERT}', '{outbox}', null, null),
  ('{support}', '{SELECT}', '{watches,user_products,alerts,notification_preferences}', null, null),
  -- Not payloads and details, which hold what the application or a provider put there.
  ('{support}', '{SELECT}', '{notifications}', '{tenant_id,id,user_id,kind,template,created_at,read_at}', null),
  ('{support}', '{SELECT}', '{notification_log}', '{tenant_id,sent_at,id,user_id,channel,outcome,alert_id,message_id}', null),
  ('{support}', '{SELECT}', '{user_activity_log}', '{tenant_id,at,id,user_id,action,object_kind,object_id}', null),
  -- Sign-in: by functions; tables with hashes are nobody's.
  ('{application}', '{SELECT}', '{sessions,login_attempts,auth_settings}', null, null),
  ('{application,support}', '{SELECT}', '{permissions,roles,role_permissions,user_roles}', null, null),
  ('{application}', '{INSERT,UPDATE,DELETE}', '{roles}', null, null),
  ('{application}', '{INSERT,DELETE}', '{role_permissions}', null, null),
  ('{application}', '{EXECUTE}', '{acts_as_application,register_user,verify_email,renew_verification,request_password_reset,reset_password,verify_password,throttled,user_of_identity,create_session,refresh_session,check_session,sign_in_session,check_api_token,sign_in_api_token,set_password,link_identity,unlink_identity,my_identities,my_sessions,revoke_session,revoke_all_sessions,create_api_token,my_api_tokens,revoke_api_token,grant_role,revoke_role}', null, null),
  ('{application,support}', '{EXECUTE}', '{has_permission}', null, null),
  -- Recording prices. Past the executor it goes with rights on whole tables only, so these have no columns.
  ('{worker}', '{UPDATE}', '{products,listings}', null, null),
  ('{worker}', '{INSERT,UPDATE}', '{price_history,price_daily}', null, null),
  ('{worker}', '{DELETE}', '{price_history}', null, null),
  ('{worker}', '{SELECT,INSERT,DELETE}', '{price_feed,price_feed_rejects}', null, null),
  ('{worker}', '{UPDATE}', '{price_feed}', null, null),
  -- Deals and figures.
  ('{worker}', '{INSERT,UPDATE,DELETE}', '{listing_scores}', null, null),
  ('{worker}', '{INSERT,UPDATE}', '{deals,deal_refreshes,tenant_stats,dashboard_stats}', null, null),
  ('{worker}', '{SELECT}', '{deal_refreshes}', null, null),
  ('{worker}', '{INSERT,DELETE}', '{statistic_deltas}', null, null),
  -- Alerts and messages out.
  ('{worker}', '{SELECT,INSERT,DELETE}', '{price_changes}', null, null),
  ('{worker}', '{UPDATE}', '{watches}', null, null),
  ('{worker}', '{INSERT,UPDATE,DELETE}', '{alerts,notifications}', null, null),
  ('{worker}', '{INSERT}', '{notification_log}', null, null),
  ('{worker}', '{SELECT,INSERT,UPDATE,DELETE}', '{outbox}', null, null)
  ) g (purposes, privileges, objects, columns, unless)
  cross join lateral (select p, v, o from unnest(g.purposes) p, unnest(g.privileges) v, unnest(g.objects) o) w (purpose, privilege, object)
$$;
comment on function deal_advisor.marketplace_role_grants() is
'What marketplace_create_roles gives: for each purpose of a role (application, worker, analyst, support) privilege, object (a table, view or function of the marketplace, by name), columns (null: all) and unless (only where the marketplace has no function of that name). What a marketplace lacks is passed over; all roles have USAGE on its schema, and may call what PUBLIC may. Errors: none. Example: select object, privilege, columns from deal_advisor.marketplace_role_grants() where purpose = ''support'';';

create type deal_advisor.marketplace_role_state as (
  role_name text,
  purpose text,
  may text,
  state text,
  granted integer
);
comment on type deal_advisor.marketplace_role_state is
'A database role of a marketplace. purpose: application, worker, analyst or support; may: what that is, in words; state: created, found (it was there), dropped, gone (somebody else had dropped it); granted: how many rights it got or lost by this call. Example: select role_name, may, state from deal_advisor.marketplace_create_roles(''shop'');';

create function deal_advisor.marketplace_create_roles(schema name default 'marketplace', prefix name default null)
returns setof deal_advisor.marketplace_role_state
  language c volatile parallel unsafe rows 4
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_create_roles';
comment on function deal_advisor.marketplace_create_roles(name, name) is
'Makes four database roles for a marketplace, without login, each with the rights that it needs (marketplace_role_grants() lists them): prefix_app for application servers, prefix_worker for background jobs, prefix_analyst and prefix_support for people who only look. The first two are put into the marketplace''s table database_roles with kind application; members of the others see nothing until a row there says for whom they act. Called again it gives what is missing, as after marketplace_install has added modules, and takes nothing away. schema: where the marketplace is; prefix: what the names begin with; null: the schema''s name, or as the first time. Errors: 42704 no marketplace there; 42501 unless the caller owns it, and may create roles where some are missing; 42710 a role of that name was not made for this; 55000 the schema is gone, or its roles have another prefix; 42939 names of the system. Example: select * from deal_advisor.marketplace_create_roles(''shop'');';

create function deal_advisor.marketplace_drop_roles(schema name default 'marketplace')
returns setof deal_advisor.marketplace_role_state
  language c volatile strict parallel unsafe rows 4
  as 'MODULE_PATHNAME', 'deal_advisor_marketplace_drop_roles';
comment on function deal_advisor.marketplace_drop_roles(name) is
'Takes back what marketplace_create_roles has made: all rights of these roles on the marketplace''s schema and what is in it, their rows in database_roles, the roles. Their members lose what they had by them. It works after marketplace_uninstall too. schema: where the marketplace is, or was. Errors: 42704 no such roles; 42501 unless the caller owns the marketplace and may drop the roles; 2BP01 a role has rights or objects elsewhere: revoke them, or DROP OWNED; 42710 a role was replaced by another one. Example: select role_name, state from deal_advisor.marketplace_drop_roles(''shop'');';
