#include "apiserver/cache/as_read.h"

#include "apimachinery/codec.h"
#include "apimachinery/json.h"
#include "gtest/gtest.h"

namespace apiserver::cache {
namespace {

using apimachinery::Kind;
using apimachinery::Schema;

TEST(AsReadTest, AddsWhatUpstreamsDefaultsAddAtEachReadingAndNothingElse) {
  struct Case { const char *api_version, *kind, *stored, *read; };
  const Case cases[] = {
      {"v1", "PersistentVolumeClaim", R"({"metadata":{"name":"n"}})", R"({"metadata":{"name":"n"},"status":{"phase":"Pending"}})"},
      {"v1", "PersistentVolumeClaim", R"({"status":{"capacity":{"storage":"1"}}})",
       R"({"status":{"phase":"Pending","capacity":{"storage":"1"}}})"},
      {"v1", "PersistentVolumeClaim", R"({"status":{"phase":"Bound"}})", R"({"status":{"phase":"Bound"}})"},
      {"batch/v1", "Job", R"({"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})",
       R"({"metadata":{"labels":{"a":"b"}},"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})"},
      {"batch/v1", "Job", R"({"metadata":{"labels":{"c":"d"}},"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})",
       R"({"metadata":{"labels":{"c":"d"}},"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})"},
      {"batch/v1", "Job", R"({"spec":{"suspend":true}})", R"({"spec":{"suspend":true}})"},
      {"v1", "PersistentVolume", R"({"metadata":{"name":"n"}})", R"({"metadata":{"name":"n"}})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.stored);
    const Kind& kind = *Schema::Builtin().FindKind(c.api_version, c.kind);
    std::string stored, want;
    apimachinery::EncodeWire(*kind.message, apimachinery::DecodeJson(*kind.message, c.stored)->value, &stored);
    apimachinery::EncodeWire(*kind.message, apimachinery::DecodeJson(*kind.message, c.read)->value, &want);
    EXPECT_EQ(AsRead(kind, stored), want);
  }
}

TEST(AsReadTest, DamagedBytesComeBack) {
  const Kind& claim = *Schema::Builtin().FindKind("v1", "PersistentVolumeClaim");
  EXPECT_TRUE(IsCompletedAtReading(claim));
  EXPECT_EQ(AsRead(claim, "\x0a\x7f"), "\x0a\x7f");
}

}  // namespace
}  // namespace apiserver::cache
