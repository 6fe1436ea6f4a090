#include "core/base/json.hpp"
#include "core/partition/move.hpp"

namespace deal::partition {

namespace {

template <class T, class Make>
Json array_of(const std::vector<T>& items, Make make) {
  Json out = Json::array();
  for (const T& item : items)
    out.push_back(make(item));
  return out;
}

template <class T, class Read>
std::vector<T> vector_of(const Json& array, Read read) {
  std::vector<T> out;
  out.reserve(array.size());
  for (const Json& item : array)
    out.push_back(read(item));
  return out;
}

Json key_json(const MoveKey& key) {
  return {{"column", key.column}, {"equality", key.equality}, {"nullable", key.nullable}};
}
MoveKey read_key(const Json& json) {
  return {json.at("column"), json.at("equality"), json.at("nullable")};
}

Json source_json(const MoveSource& source) {
  return {{"oid", source.oid},
          {"file", source.file},
          {"schema", source.schema},
          {"name", source.name},
          {"blocks", source.blocks},
          {"key_numbers", source.key_numbers},
          {"own_triggers", source.own_triggers}};
}
MoveSource read_source(const Json& json) {
  MoveSource source;
  source.oid = json.at("oid");
  source.file = json.at("file");
  source.schema = json.at("schema");
  source.name = json.at("name");
  source.blocks = json.at("blocks");
  source.key_numbers = json.at("key_numbers").get<std::vector<int>>();
  source.own_triggers = json.at("own_triggers").get<std::vector<std::string>>();
  return source;
}

Json index_json(const MoveIndexName& index) {
  return {{"parent_index", index.parent_index}, {"name", index.name}, {"form", index.form}};
}
MoveIndexName read_index(const Json& json) {
  return {json.at("parent_index"), json.at("name"), json.at("form")};
}

Json target_json(const MoveTarget& target) {
  return {{"name", target.name},
          {"working", target.working},
          {"like", target.like},
          {"storage", target.storage},
          {"unlogged", target.unlogged},
          {"lower", target.lower},
          {"upper", target.upper},
          {"check", target.check},
          {"dress", target.dress},
          {"indexes", target.indexes},
          {"finish", target.finish},
          {"replica_index", target.replica_index},
          {"index_names", array_of(target.index_names, index_json)}};
}
MoveTarget read_target(const Json& json) {
  MoveTarget target;
  target.name = json.at("name");
  target.working = json.at("working");
  target.like = json.at("like");
  target.storage = json.at("storage");
  target.unlogged = json.at("unlogged");
  target.lower = json.at("lower");
  target.upper = json.at("upper");
  target.check = json.at("check");
  target.dress = json.at("dress").get<std::vector<std::string>>();
  target.indexes = json.at("indexes").get<std::vector<std::string>>();
  target.finish = json.at("finish").get<std::vector<std::string>>();
  target.replica_index = json.at("replica_index");
  target.index_names = vector_of<MoveIndexName>(json.at("index_names"), read_index);
  return target;
}

Json foreign_key_json(const MoveForeignKey& key) {
  return {{"name", key.name}, {"definition", key.definition}, {"valid", key.valid}};
}
MoveForeignKey read_foreign_key(const Json& json) {
  return {json.at("name"), json.at("definition"), json.at("valid")};
}

MoveKind read_kind(const std::string& name) {
  for (const MoveKind kind : {MoveKind::drain, MoveKind::split})
    if (name == name_of(kind)) return kind;
  return MoveKind::merge;
}

}  // namespace

Json to_json(const Move& move) {
  return {{"kind", std::string(name_of(move.kind))},
          {"parent", move.parent},
          {"schema", move.schema},
          {"table", move.table},
          {"target_schema", move.target_schema},
          {"shape", move.shape},
          {"partition_key", move.partition_key},
          {"columns", move.columns},
          {"key", array_of(move.key, key_json)},
          {"key_indexed", move.key_indexed},
          {"sources", array_of(move.sources, source_json)},
          {"targets", array_of(move.targets, target_json)},
          {"foreign_keys", array_of(move.foreign_keys, foreign_key_json)},
          {"default_table", move.default_table},
          {"default_check", move.default_check},
          {"keep_old", move.keep_old},
          {"analyze", move.analyze}};
}

Move move_from_json(const Json& json) {
  Move move;
  move.kind = read_kind(json.at("kind"));
  move.parent = json.at("parent");
  move.schema = json.at("schema");
  move.table = json.at("table");
  move.target_schema = json.at("target_schema");
  move.shape = json.at("shape");
  move.partition_key = json.at("partition_key");
  move.columns = json.at("columns").get<std::vector<std::string>>();
  move.key = vector_of<MoveKey>(json.at("key"), read_key);
  move.key_indexed = json.at("key_indexed");
  move.sources = vector_of<MoveSource>(json.at("sources"), read_source);
  move.targets = vector_of<MoveTarget>(json.at("targets"), read_target);
  move.foreign_keys = vector_of<MoveForeignKey>(json.at("foreign_keys"), read_foreign_key);
  move.default_table = json.at("default_table");
  move.default_check = json.at("default_check");
  move.keep_old = json.at("keep_old");
  move.analyze = json.at("analyze");
  return move;
}

}  // namespace deal::partition
