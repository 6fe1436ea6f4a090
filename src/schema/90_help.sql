-- Help: what there is to call.

create function deal_advisor.help(
  topic text default null,
  out capability text,
  out function text,
  out example text)
returns setof record
  language c stable parallel unsafe rows 100
  as 'MODULE_PATHNAME', 'deal_advisor_help';
comment on function deal_advisor.help(text) is
'Every function of the extension with its arguments and an example, by capability. topic: a capability or the beginning of a function''s name (null: all). Errors: 22023 unknown topic. Example: select function, example from deal_advisor.help(''index'');';
