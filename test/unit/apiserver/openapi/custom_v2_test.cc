#include "apimachinery/json.h"
#include "apimachinery/structural/definition.h"
#include "apiserver/openapi/custom.h"
#include "apiserver/openapi/document_v2.h"
#include "gtest/gtest.h"

namespace apiserver::openapi {
namespace {

using apimachinery::Value;

Value Json(absl::string_view text) { return *apimachinery::ParseJson(text); }

// A property of a kind as OpenAPI v2 has it; "" when it has none.
struct Case {
  absl::string_view schema, want;
};

std::string Published(absl::string_view schema) {
  Value crd = Json(R"({"metadata":{"name":"as.example.com"},"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"as","singular":"a","kind":"A","listKind":"AList"},
      "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{}}}}]},
      "status":{"acceptedNames":{"plural":"as","singular":"a","kind":"A","listKind":"AList"}}})");
  crd.Ensure("spec")["versions"].array()[0]["schema"]["openAPIV3Schema"]["properties"]["p"] = Json(schema);
  const auto definition = apimachinery::structural::MakeDefinition(crd);
  EXPECT_TRUE(definition.ok()) << definition.status();
  if (!definition.ok()) return "";
  CustomDefinitions definitions;
  AddCustomDefinitions(Form::kV2, *(*definition)->versions[0], &definitions);
  const Value* p = definitions.at("com.example.v1.A").At("properties.p");
  return p == nullptr ? "" : apimachinery::WriteJson(*p);
}

TEST(CustomV2Test, SaysWhatUpstreamSaysOfSchemas) {
  const Case cases[] = {
      {R"({"type":"string","default":"a","minLength":1})", R"({"type":"string","minLength":1})"},
      {R"({"type":"integer","nullable":true,"minimum":1})", R"({"minimum":1})"},
      {R"({"x-kubernetes-int-or-string":true})", R"({"x-kubernetes-int-or-string":true})"},
      {R"({"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"z":{"type":"string"}}})",
       R"({"x-kubernetes-preserve-unknown-fields":true})"},
      {R"({"type":"object","required":["a","n"],"properties":{"a":{"type":"string"},"n":{"type":"string","nullable":true}}})",
       R"({"type":"object","required":["a"],"properties":{"a":{"type":"string"},"n":{}}})"},
      {R"({"type":"object","properties":{"p":{"type":"string"}},"oneOf":[{"required":["p"]}]})", R"({"type":"object","properties":{"p":{"type":"string"}}})"},
      {R"({"type":"object","additionalProperties":{"type":"string","nullable":true}})", R"({"type":"object","additionalProperties":{}})"},
  };
  for (const Case& c : cases) EXPECT_EQ(Json(Published(c.schema)), Json(c.want)) << c.schema << "\n" << Published(c.schema);
}

TEST(MergeV2Test, WhatDiffersGetsANameOfItsOwnAndWhatIsTheSameDoesNot) {
  Value document = Json(R"({"paths":{"/a":{}},"definitions":{"Meta":{"type":"object","description":"ours"},"Same":{"type":"string","description":"x"}},"parameters":{}})");
  const Value other = Json(R"({"paths":{"/a":{"get":1},"/b":{"get":{"$ref":"#/definitions/Thing"}}},
      "definitions":{"Thing":{"properties":{"m":{"$ref":"#/definitions/Meta"},"s":{"$ref":"#/definitions/Same"}}},"Meta":{"type":"integer"},"Same":{"type":"string"}}})");
  MergeV2(other, &document);
  EXPECT_EQ(apimachinery::WriteJson(document),
            R"({"paths":{"/a":{},"/b":{"get":{"$ref":"#/definitions/Thing"}}},"definitions":{"Meta":{"type":"object","description":"ours"},)"
            R"("Meta_v2":{"type":"integer"},"Same":{"type":"string","description":"x"},)"
            R"("Thing":{"properties":{"m":{"$ref":"#/definitions/Meta_v2"},"s":{"$ref":"#/definitions/Same"}}}},"parameters":{}})");
}

}  // namespace
}  // namespace apiserver::openapi
