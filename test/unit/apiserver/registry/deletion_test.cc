#include "apiserver/registry/deletion.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"
#include "apimachinery/time.h"

namespace apiserver::registry {
namespace {

using apimachinery::Kind;
using apimachinery::Schema;
using apimachinery::Value;

const absl::Time kNow = *apimachinery::ParseTime("2026-01-02T03:04:05Z");

Value Json(absl::string_view text) { return *apimachinery::ParseJson(text); }

struct Case {
  absl::string_view name, api_version, kind, object, options;
  bool store, remove;
  absl::string_view metadata;  // afterwards
};

TEST(DeletionTest, WhatHoldsAnObjectAndWhatItBecomes) {
  const Case cases[] = {
      {"nothing holds it", "v1", "ConfigMap", R"({"metadata":{"name":"a"}})", "{}", false, true, R"({"name":"a"})"},
      {"a finalizer", "v1", "ConfigMap", R"({"metadata":{"name":"a","finalizers":["x/y"]}})", "{}", true, false,
       R"({"name":"a","finalizers":["x/y"],"deletionTimestamp":"2026-01-02T03:04:05Z","deletionGracePeriodSeconds":0})"},
      {"foreground", "v1", "ConfigMap", R"({"metadata":{"name":"a"}})", R"({"propagationPolicy":"Foreground"})", true, false,
       R"({"name":"a","finalizers":["foregroundDeletion"],"deletionTimestamp":"2026-01-02T03:04:05Z","deletionGracePeriodSeconds":0})"},
      {"jobs orphan by default", "batch/v1", "Job", R"({"metadata":{"name":"a","generation":1}})", "{}", true, false,
       R"({"name":"a","generation":2,"finalizers":["orphan"],"deletionTimestamp":"2026-01-02T03:04:05Z","deletionGracePeriodSeconds":0})"},
      {"jobs in the background", "batch/v1", "Job", R"({"metadata":{"name":"a"}})", R"({"propagationPolicy":"Background"})",
       false, true, R"({"name":"a"})"},
      {"a pod without a node is marked, then gone", "v1", "Pod", R"({"metadata":{"name":"a"},"spec":{"terminationGracePeriodSeconds":30}})",
       "{}", true, true, R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:05Z","deletionGracePeriodSeconds":0})"},
      {"a running pod says goodbye", "v1", "Pod",
       R"({"metadata":{"name":"a"},"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}})", "{}", true, false,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:35Z","deletionGracePeriodSeconds":30})"},
      {"the request shortens the goodbye", "v1", "Pod",
       R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-02T03:04:30Z","deletionGracePeriodSeconds":30},"spec":{"nodeName":"n"}})",
       R"({"gracePeriodSeconds":10})", true, false,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:10Z","deletionGracePeriodSeconds":10})"},
      {"and does not make it longer, nor change finalizers", "v1", "Pod",
       R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-02T03:04:30Z","deletionGracePeriodSeconds":30},"spec":{"nodeName":"n"}})",
       R"({"gracePeriodSeconds":60,"propagationPolicy":"Foreground"})", false, false,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:30Z","deletionGracePeriodSeconds":30})"},
      {"no goodbye left: gone at last, whatever the request gives", "v1", "Pod",
       R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-02T03:04:00Z","deletionGracePeriodSeconds":0},"spec":{"nodeName":"n","terminationGracePeriodSeconds":30}})",
       R"({"gracePeriodSeconds":0})", false, true,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:00Z","deletionGracePeriodSeconds":0})"},
      {"no goodbye left, but a finalizer", "v1", "Pod",
       R"({"metadata":{"name":"a","finalizers":["x/y"],"deletionTimestamp":"2026-01-02T03:04:00Z","deletionGracePeriodSeconds":0},"spec":{"nodeName":"n"}})",
       "{}", false, false,
       R"({"name":"a","finalizers":["x/y"],"deletionTimestamp":"2026-01-02T03:04:00Z","deletionGracePeriodSeconds":0})"},
      {"a negative period is a second", "v1", "Pod", R"({"metadata":{"name":"a"},"spec":{"nodeName":"n"}})",
       R"({"gracePeriodSeconds":-1})", true, false,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:06Z","deletionGracePeriodSeconds":1})"},
      {"a namespace only begins to go", "v1", "Namespace", R"({"metadata":{"name":"a"},"spec":{}})", "{}", true, false,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:05Z"})"},
      {"a namespace that is empty goes", "v1", "Namespace",
       R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-02T03:04:00Z"},"spec":{}})", "{}", false, true,
       R"({"name":"a","deletionTimestamp":"2026-01-02T03:04:00Z"})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.name));
    const Kind* kind = Schema::Builtin().FindKind(c.api_version, c.kind);
    ASSERT_NE(kind, nullptr);
    Value object = Json(c.object);
    const DeletionPlan plan = PlanDeletion(*kind, Json(c.options), kNow, object);
    EXPECT_EQ(plan.store, c.store);
    EXPECT_EQ(plan.remove, c.remove);
    const Value wanted = Json(c.metadata);
    for (const apimachinery::Member& m : wanted.object()) {
      const Value* got = object["metadata"].Find(m.key);
      ASSERT_NE(got, nullptr) << std::string(m.key);
      EXPECT_EQ(apimachinery::WriteJson(*got), apimachinery::WriteJson(m.value)) << std::string(m.key);
    }
    EXPECT_EQ(object["metadata"].object().size(), wanted.object().size());
  }
}

TEST(DeletionTest, PreconditionsNameWhatDiffers) {
  const Kind& kind = *Schema::Builtin().FindKind("apps/v1", "Deployment");
  const Value object = Json(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"7"}})");
  EXPECT_TRUE(CheckPreconditions(kind, Json(R"({"preconditions":{"uid":"u","resourceVersion":"7"}})"), object).ok());
  EXPECT_EQ(CheckPreconditions(kind, Json(R"({"preconditions":{"resourceVersion":"1"}})"), object).message(),
            "Operation cannot be fulfilled on Deployment.apps \"a\": the ResourceVersion in the precondition (1) does not "
            "match the ResourceVersion in record (7). The object might have been modified");
  EXPECT_FALSE(CheckPreconditions(kind, Json(R"({"preconditions":{"uid":""}})"), object).ok());
}

}  // namespace
}  // namespace apiserver::registry
