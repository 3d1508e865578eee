// What upstream's API server answered to odd and ordinary requests, recorded in test/golden/apimachinery/upstream.json.
#include <fstream>
#include <sstream>

#include "apimachinery/api_error.h"
#include "apimachinery/apply/apply.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/labels.h"
#include "apimachinery/patch/patch.h"
#include "apimachinery/quantity.h"
#include "apimachinery/schema.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

const Value& Recorded() {
  static const Value* const recorded = [] {
    std::ifstream in(SKIFF_SOURCE_DIR "/test/golden/apimachinery/upstream.json", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    absl::StatusOr<Value> parsed = ParseJson(text.str());
    return new Value(parsed.ok() ? *std::move(parsed) : Value());
  }();
  return *recorded;
}

const Message& TypeOf(const Value& object) {
  return *Schema::Builtin().FindMessage(object.GetString("apiVersion"), object.GetString("kind"));
}

Value Typed(const Value& plain) { return DecodeTree(TypeOf(plain), plain)->value; }

TEST(UpstreamTest, DecodingRefusalsHaveGoWords) {
  const Message& pod = *Schema::Builtin().FindMessage("v1", "Pod");
  ASSERT_FALSE(Recorded().GetArray("decode").empty());
  for (const Value& one : Recorded().GetArray("decode")) {
    const std::string json = one.GetString("json");
    SCOPED_TRACE(json);
    absl::StatusOr<Decoded> decoded = DecodeJson(pod, json);
    std::string message(decoded.status().message());
    if (decoded.ok()) {
      message = "strict decoding error: ";
      for (size_t i = 0; i < decoded->strict_errors.size(); ++i) {
        message += (i > 0 ? ", " : "") + decoded->strict_errors[i];
      }
    }
    EXPECT_EQ(message, one.GetString("message"));
  }
}

TEST(UpstreamTest, PatchesGiveTheSameObjectOrTheSameRefusal) {
  ASSERT_FALSE(Recorded().GetArray("patches").empty());
  for (const Value& one : Recorded().GetArray("patches")) {
    SCOPED_TRACE(one.GetString("patch"));
    const Value& plain = Recorded().GetArray("objects")[one.GetInt("object")];
    const Message& type = TypeOf(plain);
    patch::PatchType patch_type;
    ASSERT_TRUE(patch::PatchTypeFromMediaType(one.GetString("type"), &patch_type));
    absl::StatusOr<patch::Patched> patched = patch::PatchObject(patch_type, &type, Typed(plain), one.GetString("patch"));
    if (one.GetInt("code") == 200) {
      ASSERT_TRUE(patched.ok()) << patched.status();
      EXPECT_THAT(patched->strict_errors, testing::IsEmpty());
      std::string json;
      EncodeJson(type, patched->object, &json);
      EXPECT_TRUE(*ParseJson(json) == *one.Find("result")) << json;
      continue;
    }
    const ApiStatus refusal = patched.ok() ? patched->StrictError() : ApiStatus::From(patched.status());
    EXPECT_EQ(refusal.code, one.GetInt("code"));
    std::string wanted = one.GetString("message");
    EXPECT_EQ(refusal.message, wanted);
  }
}

TEST(UpstreamTest, LabelSelectorsAreReadOrRefusedAlike) {
  for (const Value& one : Recorded().GetArray("labels")) {
    SCOPED_TRACE(one.GetString("text"));
    EXPECT_EQ(LabelSelector::Parse(one.GetString("text")).status().message(), one.GetString("message"));
  }
}

TEST(UpstreamTest, QuantitiesHaveTheSameCanonicalText) {
  for (const Value& one : Recorded().GetArray("quantities")) {
    std::string text = one.GetString("text");
    SCOPED_TRACE(text);
    text.erase(0, text.find_first_not_of(' '));
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StatusOr<std::string> canonical = CanonicalQuantity(text);
    EXPECT_EQ(canonical.ok() ? *canonical : "", one.GetString("canonical"));
    EXPECT_EQ(canonical.status().message(), one.GetString("message"));
  }
}

Value WithoutTimes(const Value& object) {
  Value list = Value(object.GetArray("metadata.managedFields"));
  for (Value& entry : list.array()) entry.Erase("time");
  return list;
}

// Each recorded step: what was there, what was asked, who owned what afterwards.
TEST(UpstreamTest, OwnershipIsRecordedAlike) {
  ASSERT_FALSE(Recorded().GetArray("ownership").empty());
  for (const Value& flow : Recorded().GetArray("ownership")) {
    for (const Value& step : flow.GetArray("steps")) {
      SCOPED_TRACE(WriteJson(step.Has("applied") ? *step.Find("applied") : Value(step.GetString("manager"))));
      const Value* live = step.Find("live");
      const Value& shape = live != nullptr && !live->is_null() ? *live : *step.Find("after");
      const Message& type = TypeOf(shape);
      const Value before = live == nullptr || live->is_null() ? Value() : Typed(*live);
      const apply::Manager manager{step.GetString("manager"), "", shape.GetString("apiVersion"), "2026-01-01T00:00:00Z"};
      const Value* after = step.Find("after");
      absl::StatusOr<Value> outcome;
      if (step.GetBool("apply")) {
        outcome = apply::Apply(&type, before, *step.Find("applied"), manager, step.GetBool("force"));
      } else {
        Value updated = Typed(*after);
        if (!before.is_null() && before.At("metadata.managedFields") != nullptr) {
          updated.Ensure("metadata.managedFields") = *before.At("metadata.managedFields");
        } else {
          updated.EraseAt("metadata.managedFields");
        }
        outcome = apply::TrackUpdate(&type, before, updated, manager);
      }
      if (after == nullptr) {
        const ApiStatus refusal = ApiStatus::From(outcome.status());
        EXPECT_EQ(refusal.message, step.GetString("message"));
        continue;
      }
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      std::string json;
      EncodeJson(type, *outcome, &json);
      // Not by place: upstream's order follows the seconds of its run.
      const Value wanted_list = WithoutTimes(*after);
      const Array& wanted = wanted_list.array();
      const Value got = WithoutTimes(*ParseJson(json));
      EXPECT_EQ(got.size(), wanted.size());
      for (const Value& entry : got.array()) {
        EXPECT_TRUE(std::find(wanted.begin(), wanted.end(), entry) != wanted.end()) << WriteJson(entry);
      }
    }
  }
}

}  // namespace
}  // namespace apimachinery
