#include "apiserver/conversion/review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apimachinery/json.h"

namespace apiserver::conversion {
namespace {

using apimachinery::ParseJson;
using apimachinery::Value;
using apimachinery::WriteJson;

TEST(ConversionReviewTest, TheFirstVersionThatIsKnownIsSpoken) {
  EXPECT_EQ(*ChooseReview({"v2", "v1beta1", "v1"}), "v1beta1");
  EXPECT_EQ(ChooseReview({"v2"}).status().message(), "no supported conversion review versions");
}

TEST(ConversionReviewTest, RequestHasUpstreamsForm) {
  EXPECT_EQ(WriteReview("v1", "u", "g/v2", {"{\"a\":1}", "{}"}),
            "{\"kind\":\"ConversionReview\",\"apiVersion\":\"apiextensions.k8s.io/v1\",\"request\":{\"uid\":\"u\","
            "\"desiredAPIVersion\":\"g/v2\",\"objects\":[{\"a\":1},{}]},\"response\":{\"uid\":\"\",\"convertedObjects\":null,"
            "\"result\":{\"metadata\":{}}}}");
}

TEST(ConversionReviewTest, AnswersAreJudgedInUpstreamsWords) {
  const std::string head = "{\"kind\":\"ConversionReview\",\"apiVersion\":\"apiextensions.k8s.io/v1\"";
  struct Case {
    const char* version;
    std::string review, want;
  };
  const Case cases[] = {
      {"v1", "{\"kind\":\"Foo\",\"apiVersion\":\"a/v1\"}",
       "failed: no kind \"Foo\" is registered for version \"a/v1\" in scheme \"pkg/runtime/scheme.go:111\""},
      {"v1", "{\"apiVersion\":\"apiextensions.k8s.io/v1\"}",
       "failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got apiextensions.k8s.io/v1, Kind="},
      {"v1", head + "}", "failed: no response provided"},
      {"v1", head + ",\"response\":{\"uid\":\"x\"}}", "failed: expected response.uid=\"u\", got \"x\""},
      {"v1", head + ",\"response\":{\"uid\":\"u\",\"result\":{\"status\":\"Failure\",\"message\":\"no way\"}}}", "failed: no way"},
      {"v1", head + ",\"response\":{\"uid\":\"u\",\"result\":{}}}", "failed: response.result.status was '', not 'Success'"},
      {"v1beta1", "{\"response\":{\"result\":{\"status\":\"Failed\"}}}",
       "failed: response.result.status was 'Failed', not 'Success'"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.review);
    EXPECT_EQ(ReadReview(c.version, "u", *ParseJson(c.review)).status().message(), c.want);
  }
  const auto good = ReadReview(
      "v1", "u", *ParseJson(head + ",\"response\":{\"uid\":\"u\",\"result\":{\"status\":\"Success\"},\"convertedObjects\":[{},{}]}}"));
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->size(), 2u);
}

constexpr char kOriginal[] =
    R"({"apiVersion":"g/v1","kind":"K","metadata":{"name":"n","namespace":"s","uid":"1","generation":3,"labels":{"a":"b"},"annotations":{"x":"y"}}})";

TEST(ConvertedObjectTest, OfTheMetadataOnlyLabelsAndAnnotationsAreTaken) {
  Value converted = *ParseJson(
      R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"s","uid":"1","generation":9,"labels":{"c":"d"}},"spec":{"y":1}})");
  ASSERT_TRUE(TakeConverted(*ParseJson(kOriginal), "g/v2", converted).ok());
  EXPECT_EQ(WriteJson(converted),
            R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"s","uid":"1","generation":3,"labels":{"c":"d"}},"spec":{"y":1}})");
}

TEST(ConvertedObjectTest, WhatMayNotChangeIsRefused) {
  struct Case {
    const char *converted, *want;
  };
  const Case cases[] = {
      {R"({"apiVersion":"g/v3","kind":"K"})", "returned invalid object at index 0: invalid groupVersion (expected g/v2, received g/v3)"},
      {R"({"apiVersion":"g/v2","kind":"L"})", "returned invalid object at index 0: invalid kind (expected K, received L)"},
      {R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"m","namespace":"s","uid":"1"}})",
       "returned invalid object: must have the same name: n != m"},
      {R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"t","uid":"1"}})",
       "returned invalid object: must have the same namespace: s != t"},
      {R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"s","uid":"2"}})",
       "returned invalid object: must have the same UID: 1 != 2"},
      {R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"s","uid":"1","labels":3}})",
       "returned invalid metadata: invalid metadata.labels of type int64 in converted object"},
      {R"({"apiVersion":"g/v2","kind":"K","metadata":{"name":"n","namespace":"s","uid":"1","annotations":{"a":1}}})",
       "returned invalid metadata: metadata.annotations[a] must be a string, but is int64 in converted object"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.converted);
    Value converted = *ParseJson(c.converted);
    EXPECT_EQ(TakeConverted(*ParseJson(kOriginal), "g/v2", converted).message(), c.want);
  }
}

}  // namespace
}  // namespace apiserver::conversion
