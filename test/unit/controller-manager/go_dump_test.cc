#include "controller-manager/framework/go_dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>

#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "controller-manager/framework/template_hash.h"
#include "controller-manager/history/revisions.h"
#include "k8s/core/v1/pod.pb.h"

namespace controller_manager {
namespace {

using apimachinery::Value;

// Each line of the golden file is a template, the collisions (if any) and the hash that upstream gives it.
TEST(TemplateHashTest, EqualsUpstreamsForEveryRecordedTemplate) {
  std::ifstream file(SKIFF_SOURCE_DIR "/test/golden/hashes/templates.jsonl");
  ASSERT_TRUE(file.is_open());
  const auto* message = apimachinery::Schema::Builtin().FindMessage("core.v1.PodTemplateSpec");
  int rows = 0;
  for (std::string line; std::getline(file, line); ++rows) {
    absl::StatusOr<Value> row = apimachinery::ParseJson(line);
    ASSERT_TRUE(row.ok()) << row.status();
    auto decoded = apimachinery::DecodeTree(*message, *row->Find("template"));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    std::string wire;
    apimachinery::EncodeWire(*message, decoded->value, &wire);
    k8s::core::v1::PodTemplateSpec pod_template;
    ASSERT_TRUE(pod_template.ParsePartialFromString(wire));
    const Value* collisions = row->Find("collisions");
    EXPECT_EQ(TemplateHash(pod_template, collisions == nullptr ? std::nullopt
                                                               : std::optional<int>(collisions->as_int())),
              row->GetString("hash"))
        << line << "\n" << row->GetString("dump") << "\n"
        << GoDump("core.v1.PodTemplateSpec", pod_template);
    if (HasFailure()) return;
  }
  EXPECT_GT(rows, 100);
}

TEST(GoDumpTest, QuantitiesKeepTheirTextOnlyWhenItIsCanonical) {
  EXPECT_EQ(GoDumpQuantity("100m"),
            "{i:(resource.int64Amount){value:(int64)100 scale:(resource.Scale)-3} d:(resource.infDecAmount)"
            "{Dec:(*inf.Dec)<nil>} s:(string)100m Format:(resource.Format)DecimalSI}");
  EXPECT_EQ(GoDumpQuantity("64Mi"),
            "{i:(resource.int64Amount){value:(int64)67108864 scale:(resource.Scale)0} d:(resource.infDecAmount)"
            "{Dec:(*inf.Dec)<nil>} s:(string) Format:(resource.Format)BinarySI}");
}

TEST(RevisionNameTest, HashesDataAndCollisions) {
  const std::string data = R"({"spec":{"template":{"$patch":"replace","spec":{}}}})";
  EXPECT_EQ(StatefulSetRevisionName(data, 3).hash, "559ccffb7b");
}

}  // namespace
}  // namespace controller_manager
