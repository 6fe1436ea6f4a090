-- Index, elsewhere: advice for a server that admits no C code, from what was exported there.

create table deal_advisor.imported (
  kind text not null,
  schema_name text not null,
  relation_name text not null,
  part text not null,
  body jsonb not null,
  primary key (kind, schema_name, relation_name, part)
);
comment on table deal_advisor.imported is
'What index_import took in: one row for each line of the export. kind: export, setting, relation, column, sample, statement ...; part: the column, setting or number. Written by index_import only; nobody has rights on it, and a dump leaves it out: import again. Example: select * from deal_advisor.index_import(:''document'');';

create function deal_advisor.index_import(
  document text,
  out object_class text,
  out object text,
  out status text,
  out reason text)
returns setof record
  language c volatile strict parallel unsafe
  as 'MODULE_PATHNAME', 'deal_advisor_index_import';
comment on function deal_advisor.index_import(text) is
'Takes in what deal_advisor_export.sql wrote on another server: creates its tables and indexes, empty, and keeps its sizes, statistics, settings and statements, in place of those of an earlier import. From then on index_advice, index_what_if, index_size and workload answer in this database as they would there. document: the whole file; its definitions run with the caller''s rights, as those of a dump would. Result: a row for each object: status created, present, imported, skipped or failed, and the reason. Tables that hold rows here keep their own figures. Errors: 22023 for what is no whole export; 42501 for others than the database''s owner. Example: \set document `cat shop.jsonl` select * from deal_advisor.index_import(:''document'') where status in (''skipped'', ''failed'');';
