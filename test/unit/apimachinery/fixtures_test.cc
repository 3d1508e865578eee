// Every published wire fixture, in every direction. The files are upstream's test data (Apache License 2.0).
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apimachinery/schema.h"
#include "apimachinery/transcode_memo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apimachinery {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> Stems() {
  const char* folder = std::getenv("SKIFF_FIXTURES");
  std::vector<std::string> stems;
  for (const auto& entry : std::filesystem::directory_iterator(
           folder != nullptr ? folder : SKIFF_SOURCE_DIR "/test/golden/k8s-1.35")) {
    if (entry.path().extension() == ".pb") stems.push_back((entry.path().parent_path() / entry.path().stem()).string());
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

class FixtureTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    json_ = ReadFile(GetParam() + ".json");
    wire_ = ReadFile(GetParam() + ".pb");
    absl::StatusOr<Value> plain = ParseJson(json_);
    ASSERT_TRUE(plain.ok()) << plain.status();
    plain_ = *plain;
    absl::StatusOr<Envelope> envelope = DecodeEnvelope(wire_);
    ASSERT_TRUE(envelope.ok()) << envelope.status();
    envelope_ = *envelope;
    const std::string file = std::filesystem::path(GetParam()).filename().string();
    message_ = Schema::Builtin().FindMessage(envelope_.api_version, envelope_.kind);
    if (message_ == nullptr && absl::EndsWith(file, "WatchEvent")) {
      message_ = Schema::Builtin().FindMessage("meta.v1.WatchEvent");
    }
    ASSERT_NE(message_, nullptr) << envelope_.api_version << " " << envelope_.kind;
  }

  std::string json_, wire_;
  Value plain_;
  Envelope envelope_;
  const Message* message_ = nullptr;
};

TEST_P(FixtureTest, JsonThroughTreeToJson) {
  absl::StatusOr<Decoded> decoded = DecodeJson(*message_, json_);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(decoded->strict_errors, testing::IsEmpty());
  std::string again;
  EncodeJson(*message_, decoded->value, &again);
  EXPECT_EQ(again, WriteJson(plain_));  // member order included
}

TEST_P(FixtureTest, JsonThroughTreeToWire) {
  absl::StatusOr<Decoded> decoded = DecodeJson(*message_, json_);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  std::string raw;
  EncodeWire(*message_, decoded->value, &raw);
  EXPECT_TRUE(raw == envelope_.raw) << "sizes " << raw.size() << " and " << envelope_.raw.size();
  EXPECT_TRUE(EncodeEnvelope(envelope_.api_version, envelope_.kind, raw) == wire_);
}

TEST_P(FixtureTest, WireThroughTreeToJson) {
  absl::StatusOr<Value> object = DecodeObject(*message_, wire_);
  ASSERT_TRUE(object.ok()) << object.status();
  std::string json;
  EncodeJson(*message_, *object, &json);
  EXPECT_EQ(json, WriteJson(plain_));
  absl::StatusOr<Decoded> decoded = DecodeJson(*message_, json_);
  EXPECT_TRUE(decoded->value == *object) << "both decoders give one normal form";
}

TEST_P(FixtureTest, TranscoderPrintsWhatTheTreePrints) {
  std::string json;
  ASSERT_TRUE(TranscodeWireToJson(*message_, envelope_.raw, envelope_.api_version, envelope_.kind, &json).ok());
  EXPECT_EQ(json, WriteJson(plain_));
}

// Every prefix of the bytes and a flipped bit here and there: refused or read alike by both readers, never a crash.
TEST_P(FixtureTest, DamagedWireIsReadAlikeByTreeAndTranscoder) {
  const std::string raw(envelope_.raw);
  TranscodeMemo memo;  // of what all the others had in common
  for (size_t i = 0; i < raw.size(); i += 1 + raw.size() / 200) {
    std::string flipped = raw;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    for (const std::string& bytes : {raw.substr(0, i), flipped}) {
      std::string by_tree, direct, remembered;
      absl::StatusOr<Value> tree = DecodeWire(*message_, bytes);
      const absl::Status transcoded = TranscodeWireToJson(*message_, bytes, "", "", &direct);
      EXPECT_EQ(TranscodeWireToJson(*message_, bytes, &memo, &remembered), transcoded) << i;
      EXPECT_EQ(remembered, direct) << i;
      // The transcoder does not look into a value that a later occurrence of the field replaces.
      EXPECT_TRUE(!tree.ok() || transcoded.ok()) << i << " " << transcoded;
      if (!tree.ok() || !transcoded.ok()) continue;
      EncodeJson(*message_, *tree, &by_tree);
      EXPECT_EQ(by_tree, direct) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(K8s, FixtureTest, testing::ValuesIn(Stems()), [](const auto& info) {
  std::string name;
  for (char c : std::filesystem::path(info.param).filename().string()) name += isalnum(c) ? c : '_';
  return name;
});

}  // namespace
}  // namespace apimachinery
