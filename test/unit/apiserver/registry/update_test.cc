// Updates while the cache lags behind the store: every answer is true of what the store holds.
#include <gtest/gtest.h>

#include "apimachinery/json.h"
#include "unit/apiserver/registry/registry_fixture.h"

namespace apiserver::registry {
namespace {

using apimachinery::Value;
using apimachinery::patch::PatchType;

constexpr char kObject[] = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":"1"}})";

class UpdateTest : public RegistryFixture {
 protected:
  static pipeline::RequestContext Request(const char* verb, const char* resource = "configmaps") {
    pipeline::RequestContext context;
    context.info.is_resource_request = true;
    context.info.verb = verb;
    context.info.version = "v1";
    context.info.resource = resource;
    context.info.ns = "ns";
    if (std::string(verb) != "create") context.info.name = "c";
    context.options.field_manager = "test";
    return context;
  }
};

class LaggingCacheTest : public UpdateTest {
 protected:
  void SetUp() override {
    UpdateTest::SetUp();
    pipeline::RequestContext context = Request("create");
    ASSERT_TRUE(registry_->Create(context, {BodyFormat::kJson, kObject}).ok());
    ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(10)).ok());
    store_.HoldEvents();  // the cache shows {"k":"1"} from now on
    context = Request("patch");
    const auto changed = registry_->Patch(context, PatchType::kMerge, {BodyFormat::kJson, R"({"data":{"k":"2"}})"});
    ASSERT_TRUE(changed.ok()) << changed.status();
    now_ = changed->object->revision;
  }

  int64_t now_ = 0;
};

TEST_F(LaggingCacheTest, AnUpdateThatOnlyTheCacheFindsEqualIsWritten) {
  pipeline::RequestContext context = Request("patch");
  const auto answer = registry_->Patch(context, PatchType::kMerge, {BodyFormat::kJson, R"({"data":{"k":"1"}})"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_GT(answer->object->revision, now_);
}

TEST_F(LaggingCacheTest, AnUpdateThatChangesNothingAnswersWhatTheStoreHolds) {
  pipeline::RequestContext context = Request("patch");
  const auto answer = registry_->Patch(context, PatchType::kMerge, {BodyFormat::kJson, R"({"data":{"k":"2"}})"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->object->revision, now_);
}

TEST_F(LaggingCacheTest, ARefusalIsTrueOfWhatTheStoreHolds) {
  pipeline::RequestContext context = Request("patch");
  EXPECT_TRUE(registry_->Patch(context, PatchType::kJson,
                               {BodyFormat::kJson, R"([{"op":"test","path":"/data/k","value":"2"}])"}).ok());
  context = Request("patch");
  EXPECT_FALSE(registry_->Patch(context, PatchType::kJson,
                                {BodyFormat::kJson, R"([{"op":"test","path":"/data/k","value":"1"}])"}).ok());
}

TEST_F(LaggingCacheTest, ADryRunTriesOnWhatTheStoreHolds) {
  pipeline::RequestContext context = Request("patch");
  context.options.dry_run = true;
  const auto answer = registry_->Patch(context, PatchType::kMerge, {BodyFormat::kJson, R"({"data":{"other":"x"}})"});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer->object->Decode()->At("data.k"), Value("2"));
}

TEST_F(LaggingCacheTest, AVersionThatOnlyTheCacheKnowsIsAConflictAndTheStoresOneIsNot) {
  for (const bool latest : {false, true}) {
    Value object = *apimachinery::ParseJson(kObject);
    object["metadata"].Set("resourceVersion", std::to_string(latest ? now_ : now_ - 1));
    pipeline::RequestContext context = Request("update");
    const auto answer = registry_->Update(context, {BodyFormat::kJson, apimachinery::WriteJson(object)});
    EXPECT_EQ(answer.ok(), latest) << answer.status();
  }
}

// What the server changes for itself (a binding, a budget, a quota) is refused or found done by what the store holds.
TEST_F(LaggingCacheTest, AModificationThatOnlyTheCacheMakesNeedlessIsMade) {
  int asked = 0;
  const auto answer = registry_->Modify({"", "configmaps"}, "ns", "c", [&](Value& object) {
    ++asked;
    if (*object.At("data.k") == Value("1")) return false;
    object["data"].Set("k", "3");
    return true;
  });
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(*(*answer)->At("data.k"), Value("3"));
}

TEST_F(UpdateTest, AModificationThatChangesNothingIsDecidedOnce) {
  pipeline::RequestContext context = Request("create");
  ASSERT_TRUE(registry_->Create(context, {BodyFormat::kJson, kObject}).ok());
  ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(10)).ok());
  int asked = 0;
  const auto answer = registry_->Modify({"", "configmaps"}, "ns", "c", [&](Value&) { return ++asked == 0; });
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(asked, 1);
}

// The last finalizer goes by an update, which is answered with the version that was stored last.
TEST_F(UpdateTest, AnUpdateThatEndsADeletionKeepsTheVersion) {
  pipeline::RequestContext context = Request("create");
  ASSERT_TRUE(registry_->Create(context, {BodyFormat::kJson, R"({"apiVersion":"v1","kind":"ConfigMap",
    "metadata":{"name":"c","finalizers":["example.com/f"]}})"}).ok());
  ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(10)).ok());
  context = Request("delete");
  const auto marked = registry_->Delete(context, Value::MakeObject());
  ASSERT_TRUE(marked.ok()) << marked.status();
  ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(10)).ok());
  const auto version = (*cache_).revision();
  context = Request("patch");
  const auto gone = registry_->Patch(context, PatchType::kMerge, {BodyFormat::kJson, R"({"metadata":{"finalizers":null}})"});
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(gone->object->Decode()->GetString("metadata.resourceVersion"), std::to_string(version));
  EXPECT_FALSE((*store_.Get("/registry/configmaps/ns/c", nullptr)).has_value());
}

// Deletion without grace marks first and removes then.
TEST_F(UpdateTest, APodThatIsWrittenBetweenItsMarkAndItsRemovalGoesAllTheSame) {
  pipeline::RequestContext context = Request("create", "pods");
  ASSERT_TRUE(registry_->Create(context, {BodyFormat::kJson, R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"},
    "spec":{"nodeName":"n","terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"i"}]}})"}).ok());
  ASSERT_TRUE(cache_->WaitFresh(absl::Seconds(10)).ok());
  store_.after_update = [&] {
    pipeline::RequestContext other = Request("patch", "pods");
    EXPECT_TRUE(registry_->Patch(other, PatchType::kMerge, {BodyFormat::kJson, R"({"metadata":{"labels":{"a":"b"}}})"}).ok());
  };
  context = Request("delete", "pods");
  const auto answer = registry_->Delete(context, Value::MakeObject());
  EXPECT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE((*store_.Get("/registry/pods/ns/c", nullptr)).has_value());
}

}  // namespace
}  // namespace apiserver::registry
