#include <gtest/gtest.h>

#include <string>

#include "core/base/error.hpp"
#include "core/index/export_document.hpp"
#include "core/index/export_sample.hpp"

namespace {

using deal::Error;
using namespace deal::index;  // NOLINT(google-build-using-namespace)

const char* const kHeader =
    R"({"kind": "export", "format": 2, "server_version_num": 130011, "database": "shop"})";

std::string document(const std::string& lines) {
  return std::string(kHeader) + "\n" + lines + "{\"kind\": \"end\"}\n";
}

template <class Fn>
Error error_of(Fn&& fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {"00000", ""};
}

TEST(ExportDocument, SortsTheLines) {
  auto const read = read_export(document(
      "{\"kind\": \"setting\", \"name\": \"work_mem\", \"value\": \"64MB\"}\n"
      "{\"kind\": \"ddl\", \"class\": \"table\", \"object\": \"s.t\", \"sql\": \"create table s.t (a "
      "int)\"}\r\n"
      "\n"
      "{\"kind\": \"column\", \"schema\": \"s\", \"name\": \"t\", \"column\": \"a\", \"inherited\": false}\n"
      "{\"kind\": \"column\", \"schema\": \"s\", \"name\": \"t\", \"column\": \"a\", \"inherited\": true}\n"
      "{\"kind\": \"statement\", \"query\": \"select 1\"}\n"
      "{\"kind\": \"statement\", \"query\": \"select 1\"}\n"));
  EXPECT_EQ(read.server_version, 130011);
  EXPECT_EQ(read.body, kHeader);
  ASSERT_EQ(read.definitions.size(), 1u);
  EXPECT_EQ(read.definitions[0].object_class, "table");
  EXPECT_EQ(read.definitions[0].sql, "create table s.t (a int)");
  ASSERT_EQ(read.lines.size(), 5u);
  EXPECT_EQ(read.lines[0].part, "work_mem");
  EXPECT_TRUE(read.lines[0].schema.empty());
  EXPECT_TRUE(read.lines[0].relation.empty());
  EXPECT_EQ(read.lines[1].kind, "column");
  EXPECT_EQ(read.lines[1].relation, "t");
  EXPECT_EQ(read.lines[1].part, "a");
  EXPECT_EQ(read.lines[2].kind, "inherited");
  EXPECT_NE(read.lines[3].part, read.lines[4].part) << "two statements are two";
}

TEST(ExportDocument, KeepsOneLineOfAKind) {
  std::string const line = "{\"kind\": \"relation\", \"schema\": \"s\", \"name\": \"t\"}\n";
  EXPECT_EQ(read_export(document(line + line)).lines.size(), 1u);
}

TEST(ExportDocument, RefusesWhatIsNoExport) {
  EXPECT_EQ(error_of([] { read_export(""); }).message(), "this is no export of deal_advisor");
  EXPECT_EQ(error_of([] { read_export("{\"kind\": \"setting\"}\n"); }).message(),
            "this is no export of deal_advisor");
  EXPECT_EQ(error_of([] { read_export("create table t ();\n"); }).message(),
            "line 1 is not of an export: it is no JSON");
  EXPECT_EQ(error_of([] { read_export(document("[1]\n")); }).message(),
            "line 2 is not of an export: it has no kind");
  Error const other = error_of([] { read_export("{\"kind\": \"export\", \"format\": \"x\"}\n"); });
  EXPECT_EQ(other.sqlstate(), "22023");
  EXPECT_EQ(other.message(), "an export of format 0 cannot be read");
  Error const half = error_of([] { read_export(std::string(kHeader) + "\n{\"kind\": \"setting\"}\n"); });
  EXPECT_EQ(half.message(), "the export is cut off after line 2");
  EXPECT_FALSE(half.hint_text().empty());
}

TEST(ExportDocument, EveryCutIsNoticed) {
  std::string const whole = document("{\"kind\": \"relation\", \"schema\": \"s\", \"name\": \"t\"}\n");
  for (std::size_t length = 0; length + 2 < whole.size(); ++length)
    EXPECT_EQ(error_of([&] { read_export(whole.substr(0, length)); }).sqlstate(), "22023") << length;
}

TEST(ExportSample, SaysTheBlockOfEachRow) {
  auto const sample = read_sample(R"({"table_blocks": 100, "wanted_blocks": 3, "blocks": [[2, 3], [7, 1]]})");
  EXPECT_EQ(sample.table_blocks, 100);
  EXPECT_EQ(sample.wanted_blocks, 3);
  EXPECT_EQ(sample.blocks, (std::vector<std::uint32_t>{2, 2, 2, 7}));
  EXPECT_TRUE(sample.offsets.empty());
}

TEST(ExportSample, SaysWhereInTheBlockARowOfManyLies) {
  auto const sample = read_sample(
      R"({"table_blocks": 100, "wanted_blocks": 3, "blocks": [[2, 2], [7, 1]], "offsets": [1, 40, 65535]})");
  EXPECT_EQ(sample.offsets, (std::vector<std::uint16_t>{1, 40, 65535}));
}

TEST(ExportSample, NumbersTheValues) {
  auto const column =
      read_sampled(R"({"back": [0, 0, -1, 3, 0, 3], "bytes": [4, 5, 6], "bins": [1, -3, 0]})", 6);
  EXPECT_EQ(column.value,
            (std::vector<std::uint32_t>{0, 1, ExportedColumn::kNull, 0, 2, ExportedColumn::kNull}));
  EXPECT_EQ(column.bytes, (std::vector<std::uint32_t>{4, 5, 6}));
  EXPECT_EQ(place_of(column.place[0]).common, 0);
  EXPECT_LT(place_of(column.place[0]).bucket, 0);
  EXPECT_EQ(place_of(column.place[1]).bucket, 2);
  EXPECT_LT(place_of(column.place[1]).common, 0);
  EXPECT_LT(place_of(column.place[2]).bucket, 0);
}

TEST(ExportSample, SaysWhatAValueBeginsWith) {
  auto const column = read_sampled(R"({"bytes": 9, "bins": [-2, -3, -3], "alike": [2, -3, 0]})", 3);
  EXPECT_EQ(column.alike, (std::vector<std::int32_t>{2, -3, 0}));
  EXPECT_EQ(read_sampled(R"({"bytes": 9, "bins": [-2, -3]})", 2).alike, (std::vector<std::int32_t>{0, 0}));
}

TEST(ExportSample, OneFigureStandsForAll) {
  auto const column = read_sampled(R"({"back": null, "bytes": 8, "bins": null})", 3);
  EXPECT_EQ(column.value, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(column.bytes, (std::vector<std::uint32_t>{8, 8, 8}));
}

TEST(ExportSample, RefusesContradictions) {
  for (const char* const body : {R"({"back": [0, 2], "bytes": 8})",             // before the first row
                                 R"({"back": [0], "bytes": 8})",                // another number of rows
                                 R"({"back": [0, 0], "bytes": [1]})",           // a value without bytes
                                 R"({"back": [0, "x"], "bytes": 8})",           // no number
                                 R"({"bytes": 8, "alike": [1]})",               // a value without a beginning
                                 R"({"back": [0, 99999999999], "bytes": 8})"})  // no sane one
    EXPECT_EQ(error_of([&] { read_sampled(body, 2); }).sqlstate(), "22023") << body;
  for (const char* const body :
       {R"({"table_blocks": 1, "wanted_blocks": 2, "blocks": []})",
        R"({"table_blocks": 9, "wanted_blocks": 0, "blocks": [[1, 1]]})",
        R"({"table_blocks": 9, "wanted_blocks": 1, "blocks": [[1]]})",
        R"({"table_blocks": 9, "wanted_blocks": 1, "blocks": [[1, 4000000000]]})",
        R"({"table_blocks": 9, "wanted_blocks": 1, "blocks": [[1, 1]], "offsets": []})",
        R"({"table_blocks": 9, "wanted_blocks": 1, "blocks": [[1, 1]], "offsets": [0]})",
        R"({"wanted_blocks": 1})"})
    EXPECT_EQ(error_of([&] { read_sample(body); }).sqlstate(), "22023") << body;
}

}  // namespace
