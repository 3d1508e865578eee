#include "apiserver/openapi/openapi.h"

#include <openssl/sha.h>

#include <algorithm>
#include <fstream>

#include "absl/strings/escaping.h"
#include "apimachinery/json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Member;
using apimachinery::Value;

// Removes what is prose and may differ from upstream's.
void StripDescriptions(Value* value) {
  if (value->is_array()) {
    for (Value& each : value->array()) StripDescriptions(&each);
  } else if (value->is_object()) {
    auto& members = value->object();
    members.erase(std::remove_if(members.begin(), members.end(),
                                 [](const Member& m) { return m.key == "description" && m.value.is_string(); }),
                  members.end());
    for (Member& member : members) StripDescriptions(&member.value);
  }
}

// Hash of a document's structure: without descriptions, members sorted.
std::string Structure(const std::string& document) {
  Value value = apimachinery::ParseJson(document).value();
  StripDescriptions(&value);
  apimachinery::SortKeys(&value);
  const std::string text = apimachinery::WriteJson(value);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

// Every document has the structure that upstream's has: paths, operations, parameters, types, defaults, extensions.
TEST(OpenApiTest, StructureIsUpstreams) {
  std::ifstream in(SKIFF_SOURCE_DIR "/test/golden/openapi/structure.txt");
  std::string path, hash;
  int documents = 0;
  while (in >> path >> hash) {
    const auto document = path == "v2" ? V2Json() : V3Document(path);
    ASSERT_NE(document, nullptr) << path;
    EXPECT_EQ(Structure(*document), hash) << path;
    ++documents;
  }
  EXPECT_GT(documents, 40);
}

TEST(OpenApiTest, IndexNamesEveryDocument) {
  const Value index = apimachinery::ParseJson(V3Index(discovery::Builtin(), [](absl::string_view) { return std::string(); })).value();
  std::ifstream in(SKIFF_SOURCE_DIR "/test/golden/openapi/structure.txt");
  std::string path, hash;
  size_t documents = 0;
  while (in >> path >> hash) {
    if (path == "v2") continue;
    EXPECT_TRUE(index.Find("paths")->Has(path)) << path;
    ++documents;
  }
  EXPECT_EQ(index.Find("paths")->size(), documents);
}

TEST(OpenApiTest, UnknownDocumentsAreAbsent) {
  EXPECT_EQ(V3Document("apis/nonsense/v1"), nullptr);
  EXPECT_EQ(V3Document("api/v2"), nullptr);
  EXPECT_EQ(V3Document(""), nullptr);
}

TEST(OpenApiTest, EveryPropertyIsDescribed) {
  const Value document = apimachinery::ParseJson(*V2Json()).value();
  for (const Member& definition : document.Find("definitions")->object()) {
    if (definition.key == "io.k8s.apimachinery.pkg.version.Info") continue;
    EXPECT_FALSE(definition.value.GetString("description").empty()) << definition.key;
    for (const Member& property : definition.value.GetObject("properties")) {
      const bool described = !property.value.GetString("description").empty();
      const bool bare = property.value.size() == 1 && property.value.Has("$ref");
      EXPECT_TRUE(described || bare) << definition.key << " " << property.key;
    }
  }
}

}  // namespace
}  // namespace apiserver::openapi
