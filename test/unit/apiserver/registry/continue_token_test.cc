#include "apiserver/registry/continue_token.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace apiserver::registry {
namespace {

std::string Token(absl::string_view json) {
  std::string text = absl::WebSafeBase64Escape(json);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

TEST(ContinueTokenTest, WhatWasWrittenIsRead) {
  const auto token = DecodeContinue(EncodeContinue(42, absl::string_view("default/web\0", 12)));
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->revision, 42);
  EXPECT_EQ(token->start, std::string("default/web\0", 12));
  EXPECT_EQ(DecodeContinue(EncodeInconsistentContinue("web"))->revision, -1);
}

TEST(ContinueTokenTest, OthersAreRefusedInUpstreamsWords) {
  struct Case {
    std::string token;
    absl::string_view why;
  };
  const Case cases[] = {
      {"a b", "illegal base64 data at input byte 1"},
      {"x", "illegal base64 data at input byte 0"},
      {Token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"},
      {Token("{}"), "server does not recognize this encoded version "},
      {Token(R"({"v":"meta.k8s.io/v1","start":"a"})"), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"},
      {Token(R"({"v":"meta.k8s.io/v1","rv":5})"), "encoded start key empty (version meta.k8s.io/v1)"},
      {Token(R"({"v":"meta.k8s.io/v1","rv":"5","start":"a"})"),
       "json: cannot unmarshal string into Go struct field continueToken.rv of type int64"},
      {Token(R"({"v":"meta.k8s.io/v1","rv":5,"start":"../a"})"), "../a"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.token);
    EXPECT_EQ(DecodeContinue(c.token).status().message(),
              absl::StrCat("invalid continue token: continue key is not valid: ", c.why));
  }
}

}  // namespace
}  // namespace apiserver::registry
