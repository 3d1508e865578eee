#include "apimachinery/structural/stored_definition.h"

#include <gtest/gtest.h>

#include "apimachinery/json.h"

namespace apimachinery::structural {
namespace {

std::string Stored(const char* served) {
  Value v = *ParseJson(served);
  DefinitionToStored(&v);
  return WriteJson(v);
}

std::string Served(const std::string& stored) {
  Value v = *ParseJson(stored);
  DefinitionFromStored(&v);
  return WriteJson(v);
}

TEST(StoredDefinitionTest, WhatAllVersionsShareStandsOnceInUpstreamsOrder) {
  EXPECT_EQ(Stored(R"({"apiVersion":"apiextensions.k8s.io/v1","spec":{"group":"g","names":{"plural":"p"},"scope":"Cluster","versions":[
                 {"name":"v1","served":true,"storage":true,"schema":{"a":1},"additionalPrinterColumns":[{"name":"n","jsonPath":".x"}]},
                 {"name":"v2","served":true,"storage":false,"schema":{"a":1}}],
                 "conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"u"},"conversionReviewVersions":["v1"]}}}})"),
            R"({"apiVersion":"apiextensions.k8s.io/v1beta1","spec":{"group":"g","version":"v1","names":{"plural":"p"},"scope":"Cluster",)"
            R"("validation":{"a":1},"versions":[{"name":"v1","served":true,"storage":true,"additionalPrinterColumns":[{"name":"n","JSONPath":".x"}]},)"
            R"({"name":"v2","served":true,"storage":false}],)"
            R"("conversion":{"strategy":"Webhook","webhookClientConfig":{"url":"u"},"conversionReviewVersions":["v1"]},"preserveUnknownFields":false}})");
}

TEST(StoredDefinitionTest, ReadingBackGivesEveryVersionItsOwnAgain) {
  const std::string stored = Stored(
      R"({"apiVersion":"apiextensions.k8s.io/v1","spec":{"group":"g","versions":[{"name":"v1","schema":{"a":1},"subresources":{"status":{}}},)"
      R"({"name":"v2","schema":{"a":1},"subresources":{"status":{}}}],"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"u"},"conversionReviewVersions":["v1"]}}}})");
  const Value back = *ParseJson(Served(stored));
  EXPECT_EQ(back.GetString("apiVersion"), "apiextensions.k8s.io/v1");
  for (const Value& version : back.GetArray("spec.versions")) {
    EXPECT_TRUE(version.Has("schema"));
    EXPECT_TRUE(version.Has("subresources"));
  }
  EXPECT_EQ(back.GetString("spec.conversion.webhook.clientConfig.url"), "u");
  EXPECT_EQ(back.At("spec.preserveUnknownFields"), nullptr);
  EXPECT_EQ(back.At("spec.version"), nullptr);
}

TEST(StoredDefinitionTest, DefinitionsThatAnOlderServerLeftHaveOneVersion) {
  const Value back = *ParseJson(Served(
      R"({"apiVersion":"apiextensions.k8s.io/v1beta1","spec":{"group":"g","version":"v1","additionalPrinterColumns":[{"name":"n","JSONPath":".x"}],"preserveUnknownFields":true}})"));
  ASSERT_EQ(back.GetArray("spec.versions").size(), 1u);
  const Value& version = back.GetArray("spec.versions").front();
  EXPECT_EQ(version.GetString("name"), "v1");
  EXPECT_EQ(version.GetArray("additionalPrinterColumns").front().GetString("jsonPath"), ".x");
  EXPECT_TRUE(back.GetBool("spec.preserveUnknownFields"));
}

}  // namespace
}  // namespace apimachinery::structural
