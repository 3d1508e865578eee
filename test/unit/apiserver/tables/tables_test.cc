#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apimachinery/time.h"
#include "apiserver/tables/table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apiserver::tables {
namespace {

using ::testing::AnyOf;
using ::testing::StrEq;

std::string Cells(const apimachinery::Value& recorded, absl::Duration late) {
  const absl::Time now = apimachinery::ParseTime(recorded.GetString("now")).value() + late;
  return apimachinery::WriteJson(
      TableRow(recorded.GetString("apiVersion"), recorded.GetString("kind"), *recorded.Find("object"), now));
}

// Rows that upstream's API server printed, with the objects they were printed from. The answer's Date may be a second
// off the time the row was made.
TEST(TablesTest, RowsAreUpstreams) {
  std::ifstream in(absl::StrCat(SKIFF_SOURCE_DIR, "/test/golden/tables/rows.jsonl"));
  std::string line;
  int rows = 0;
  while (std::getline(in, line)) {
    const apimachinery::Value recorded = apimachinery::ParseJson(line).value();
    const std::string wanted = apimachinery::WriteJson(*recorded.Find("cells"));
    EXPECT_THAT(wanted, AnyOf(StrEq(Cells(recorded, absl::ZeroDuration())), StrEq(Cells(recorded, absl::Seconds(1))),
                              StrEq(Cells(recorded, absl::Seconds(-1)))))
        << recorded.GetString("kind") << " " << recorded.GetString("object.metadata.name");
    const absl::Time now = apimachinery::ParseTime(recorded.GetString("now")).value();
    const apimachinery::Value row = Row(recorded.GetString("apiVersion"), recorded.GetString("kind"),
                                        *recorded.Find("object"), IncludeObject::kNone, now);
    const apimachinery::Value* conditions = row.Find("conditions");
    const apimachinery::Value* wanted_conditions = recorded.Find("conditions");
    ASSERT_EQ(conditions == nullptr, wanted_conditions == nullptr);
    if (conditions != nullptr) {
      EXPECT_EQ(apimachinery::WriteJson(*conditions), apimachinery::WriteJson(*wanted_conditions));
    }
    ++rows;
  }
  EXPECT_GT(rows, 150);
}

TEST(TablesTest, EveryRowHasACellForEachColumn) {
  std::ifstream in(absl::StrCat(SKIFF_SOURCE_DIR, "/test/golden/tables/rows.jsonl"));
  std::string line;
  while (std::getline(in, line)) {
    const apimachinery::Value recorded = apimachinery::ParseJson(line).value();
    const std::string api_version = recorded.GetString("apiVersion"), kind = recorded.GetString("kind");
    if (kind == "IPAddress") continue;  // upstream prints an age that has no column
    const apimachinery::Value empty = apimachinery::Value::MakeObject();
    EXPECT_EQ(TableColumns(api_version, kind).size(), TableRow(api_version, kind, empty, absl::Now()).size()) << kind;
    EXPECT_EQ(TableColumns(api_version, kind).size(), recorded.Find("cells")->size()) << kind;
  }
}

TEST(TablesTest, KindsWithoutPrinterShowNameAndCreation) {
  const apimachinery::Value widget = apimachinery::ParseJson(
      R"({"metadata":{"name":"w","creationTimestamp":"2026-01-02T03:04:05Z"}})").value();
  EXPECT_EQ(apimachinery::WriteJson(TableRow("example.com/v1", "Widget", widget, absl::Now())),
            R"(["w","2026-01-02T03:04:05Z"])");
  ASSERT_EQ(TableColumns("example.com/v1", "Widget").size(), 2u);
  EXPECT_EQ(TableColumns("example.com/v1", "Widget")[1].name, "Created At");
}

TEST(TablesTest, WatchesSendColumnsOnce) {
  const apimachinery::Value pod = apimachinery::ParseJson(R"({"metadata":{"name":"p"}})").value();
  const apimachinery::Value* pods[] = {&pod};
  const apimachinery::Value table =
      MakeTable("v1", "Pod", pods, apimachinery::Value(), IncludeObject::kMetadata, false, absl::Now());
  EXPECT_TRUE(table.Find("columnDefinitions")->is_null());
  EXPECT_EQ(table.GetArray("rows")[0].GetString("object.kind"), "PartialObjectMetadata");
}

}  // namespace
}  // namespace apiserver::tables
