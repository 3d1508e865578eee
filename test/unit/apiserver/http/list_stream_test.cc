// Lists in pieces: the pieces are small and make the same list as one piece would.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "apiserver/http/present.h"

namespace apiserver::http {
namespace {

using apimachinery::Schema;
using apimachinery::Value;

constexpr size_t kLargestPiece = 80 << 10;

class ListStreamTest : public testing::Test {
 protected:
  ListStreamTest() {
    resource_.kind = resource_.storage = Schema::Builtin().FindKind("v1", "ConfigMap");
    list_.resource = registry::ResourcePtr(registry::ResourcePtr(), &resource_);  // the test keeps it
    list_.revision = 77;
    list_.continue_token = "next";
    list_.remaining = 5;
  }
  void Add(int count, size_t data_bytes) {
    for (int i = 0; i < count; ++i) {
      auto entry = std::make_shared<cache::Entry>();
      entry->kind = resource_.kind;
      Value object = Value::MakeObject();
      object.Ensure("metadata").Set("name", absl::StrCat("map-", i));
      object["metadata"].Set("resourceVersion", absl::StrCat(i + 1));
      object.Ensure("data").Set("text", std::string(data_bytes, 'x'));
      apimachinery::EncodeWire(*resource_.kind->message, object, &entry->bytes);
      list_.items.push_back(std::move(entry));
    }
  }
  std::string Read(const Negotiated& form, int* pieces) {
    ListStream stream(list_, form, tables::IncludeObject::kMetadata);
    std::string all;
    for (bool more = true; more; ++*pieces) {
      std::string piece;
      more = stream.Next(&piece);
      EXPECT_LE(piece.size(), kLargestPiece);
      all += piece;
    }
    return all;
  }

  registry::Resource resource_;
  registry::ListAnswer list_;
};

TEST_F(ListStreamTest, ProtobufSaysItsLengthInFrontAndComesInPieces) {
  for (const As as : {As::kObject, As::kPartial}) {
    for (const int count : {0, 1, 700}) {
      SCOPED_TRACE(absl::StrCat(count, as == As::kPartial ? " partial" : ""));
      list_.items.clear();
      Add(count, as == As::kPartial ? 10 : 1000);
      Negotiated form;
      form.format = Format::kProtobuf;
      form.as = as;
      int pieces = 0;
      const std::string bytes = Read(form, &pieces);
      EXPECT_EQ(pieces > 1, count == 700 && as == As::kObject);
      const auto envelope = apimachinery::DecodeEnvelope(bytes);
      ASSERT_TRUE(envelope.ok()) << envelope.status();
      EXPECT_EQ(envelope->kind, as == As::kPartial ? "PartialObjectMetadataList" : "ConfigMapList");
      const apimachinery::Message* message =
          as == As::kPartial ? Schema::Builtin().FindMessage("meta.v1.PartialObjectMetadataList") : resource_.kind->list_message;
      const auto tree = apimachinery::DecodeWire(*message, envelope->raw);
      ASSERT_TRUE(tree.ok()) << tree.status();
      EXPECT_EQ(tree->GetString("metadata.resourceVersion"), "77");
      EXPECT_EQ(tree->GetArray("items").size(), static_cast<size_t>(count));
      if (count > 0) {
        EXPECT_EQ(tree->GetArray("items").back().GetString("metadata.name"), absl::StrCat("map-", count - 1));
      }
      EXPECT_EQ(bytes, apimachinery::EncodeEnvelope(envelope->api_version, envelope->kind, envelope->raw));
    }
  }
}

TEST_F(ListStreamTest, JsonComesInPiecesAndPrettyInOne) {
  Add(700, 1000);
  int pieces = 0;
  const auto plain = apimachinery::ParseJson(Read(Negotiated(), &pieces));
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_GT(pieces, 5);
  EXPECT_EQ(plain->GetArray("items").size(), 700u);
  EXPECT_EQ(plain->GetString("metadata.continue"), "next");
  EXPECT_EQ(plain->GetArray("items")[699].GetString("metadata.name"), "map-699");
}

}  // namespace
}  // namespace apiserver::http
