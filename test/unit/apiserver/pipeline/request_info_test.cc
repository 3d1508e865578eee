#include "apiserver/pipeline/request_info.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "apimachinery/api_error.h"

namespace apiserver::pipeline {
namespace {

std::string Describe(const RequestInfo& i) {
  if (!i.is_resource_request) return absl::StrCat(i.verb, " path");
  return absl::StrCat(i.verb, " ", i.group, "/", i.version, " ", i.ns, " ", i.resource, " ", i.name, " ", i.subresource);
}

TEST(RequestInfoTest, SaysWhatUpstreamSays) {
  struct Case { const char *method, *path; Query query; const char* want; };
  const Case cases[] = {
      {"GET", "/api/v1/namespaces/ns/pods", {}, "list /v1 ns pods  "},
      {"GET", "/api/v1/namespaces/ns/pods", {{"watch", "true"}}, "watch /v1 ns pods  "},
      {"GET", "/api/v1/namespaces/ns/pods", {{"watch", "0"}}, "list /v1 ns pods  "},
      {"GET", "/api/v1/watch/namespaces/ns/pods/p", {}, "watch /v1 ns pods p "},
      {"GET", "/api/v1/namespaces/ns/pods/p", {}, "get /v1 ns pods p "},
      {"HEAD", "/api/v1/namespaces/ns/pods/p/log", {}, "get /v1 ns pods p log"},
      {"POST", "/apis/apps/v1/namespaces/ns/deployments", {}, "create apps/v1 ns deployments  "},
      {"PUT", "/apis/apps/v1/namespaces/ns/deployments/d/status", {}, "update apps/v1 ns deployments d status"},
      {"PATCH", "/api/v1/nodes/n", {}, "patch /v1  nodes n "},
      {"DELETE", "/api/v1/nodes/n", {}, "delete /v1  nodes n "},
      {"DELETE", "/api/v1/namespaces/ns/pods", {}, "deletecollection /v1 ns pods  "},
      {"GET", "/api/v1/namespaces/ns", {}, "get /v1 ns namespaces ns "},
      {"PUT", "/api/v1/namespaces/ns/finalize", {}, "update /v1 ns namespaces ns finalize"},
      {"GET", "/api/v1/pods", {{"fieldSelector", "metadata.name=p"}}, "list /v1  pods p "},
      {"GET", "/apis/apps/v1", {}, "get path"},
      {"GET", "/healthz", {}, "get path"},
      {"GET", "/", {}, "get path"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.method, " ", c.path));
    EXPECT_EQ(Describe(ParseRequestInfo(c.method, c.path, c.query)), c.want);
  }
}

TEST(RequestInfoTest, OptionsAreReadAndRefused) {
  const RequestInfo create = ParseRequestInfo("POST", "/api/v1/namespaces/ns/pods", {});
  const auto good = ParseOptions(create, {{"dryRun", "All"}, {"fieldValidation", "Strict"}, {"fieldManager", "m"}});
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->dry_run);
  EXPECT_EQ(good->field_validation, FieldValidation::kStrict);
  EXPECT_EQ(good->field_manager, "m");
  EXPECT_EQ(apimachinery::ApiStatus::From(ParseOptions(create, {{"dryRun", "Some"}}).status()).code, 422);
  const RequestInfo list = ParseRequestInfo("GET", "/api/v1/pods", {});
  EXPECT_EQ(ParseOptions(list, {{"limit", "7"}})->limit, 7);
  EXPECT_EQ(apimachinery::ApiStatus::From(ParseOptions(list, {{"limit", "x"}}).status()).message,
            "strconv.ParseInt: parsing \"x\": invalid syntax");
}

TEST(RequestInfoTest, WatchesOfAnyVersionBeginWithTheState) {
  const auto of = [](absl::string_view path, const Query& query) {
    return *ParseOptions(ParseRequestInfo("GET", std::string(path), query), query);
  };
  for (const char* version : {"", "0"}) {
    const RequestOptions o = of("/api/v1/pods", {{"watch", "1"}, {"resourceVersion", version}});
    EXPECT_TRUE(o.send_initial_events);
    EXPECT_EQ(o.resource_version_match, "NotOlderThan");
  }
  EXPECT_FALSE(of("/api/v1/pods", {{"watch", "1"}, {"resourceVersion", "7"}}).has_send_initial_events);
  EXPECT_FALSE(of("/api/v1/pods", {{"watch", "1"}, {"sendInitialEvents", "false"}}).send_initial_events);
  EXPECT_FALSE(of("/api/v1/watch/pods", {}).has_send_initial_events);
  EXPECT_FALSE(of("/api/v1/pods", {}).has_send_initial_events);
}

}  // namespace
}  // namespace apiserver::pipeline
