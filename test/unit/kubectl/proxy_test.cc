// kubectl proxy's decisions, plugin names, KYAML.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubectl/cli/codec.h"
#include "kubectl/cmd/plugin.h"
#include "kubectl/cmd/proxy_filter.h"
#include "kubectl/cmd/static_files.h"
#include "kubectl/printers/kyaml.h"

namespace kubectl {
namespace {

TEST(ProxyFilter, LetsThroughLocalHostsAndKeepsExecOut) {
  const absl::StatusOr<ProxyFilter> filter = ProxyFilter::Make({});
  ASSERT_TRUE(filter.ok());
  struct Case {
    absl::string_view method, target, host;
    bool want;
  };
  for (const Case& c : {Case{"GET", "/api", "localhost", true}, Case{"GET", "/api", "127.0.0.1:8001", true},
                        Case{"GET", "/api", "[::1]:8001", true}, Case{"GET", "/api", "evil.example", false},
                        Case{"GET", "/api", "localhost.evil", false}, Case{"GET", "/api", "", false},
                        Case{"POST", "/api/v1/namespaces/a/pods/b/exec?command=sh", "localhost", false},
                        Case{"GET", "/api/v1/namespaces/a/pods/b/attach", "localhost", false},
                        Case{"DELETE", "/api/v1/namespaces/a/pods/b", "localhost", true}}) {
    SCOPED_TRACE(c.target);
    RequestHead head{std::string(c.method), std::string(c.target), "HTTP/1.1", {{"host", std::string(c.host)}}};
    EXPECT_EQ(filter->Accepts(head), c.want);
  }
  EXPECT_EQ(ProxyFilter::Make({.accept_hosts = "["}).status().message(),
            "Error compiling re: error parsing regexp: missing closing ]: `[`");
}

TEST(ForwardedHead, CarriesOurIdentityAndOneExchange) {
  const auto head = ParseRequestHead(
      "GET /api?x=1 HTTP/1.1\r\nHost: localhost:8001\r\nConnection: keep-alive\r\nAccept: */*\r\nTE: trailers");
  ASSERT_TRUE(head.ok());
  Connection connection;
  connection.server = "https://a:6443/prefix";
  connection.token = "t";
  EXPECT_EQ(ForwardedHead(*head, "/api?x=1", connection),
            "GET /api?x=1 HTTP/1.1\r\nHost: a:6443\r\nAccept: */*\r\nConnection: close\r\nAuthorization: Bearer t\r\n\r\n");
  const auto own = ParseRequestHead("GET / HTTP/1.1\r\nAuthorization: Bearer mine\r\nConnection: Upgrade\r\nUpgrade: websocket");
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(ForwardedHead(*own, "/", connection),
            "GET / HTTP/1.1\r\nHost: a:6443\r\nAuthorization: Bearer mine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

TEST(ParseRequestHead, RefusesWhatIsNoRequest) {
  for (const char* text : {"", "GET", "GET / HTTP/2", "GET http://a/ HTTP/1.1", "GET / HTTP/1.1\r\nnocolon", "GET / HTTP/1.1\r\n: x"})
    EXPECT_FALSE(ParseRequestHead(text).ok()) << text;
}

TEST(ServeFile, StaysBelowItsRoot) {
  EXPECT_THAT(ServeFile("/proc/self", "../../etc/passwd"), testing::HasSubstr("404"));
  EXPECT_THAT(ServeFile("/proc/self", "%2e%2e/%2e%2e/etc/passwd"), testing::HasSubstr("404"));
  EXPECT_THAT(ServeFile("/nope", ""), testing::HasSubstr("404 page not found"));
}

TEST(PluginNames, LongestFirstUpToTheFirstFlag) {
  std::vector<std::string> files;
  for (const PluginName& name : PluginNames({"foo", "bar-baz", "--flag", "x"})) files.push_back(name.file);
  EXPECT_THAT(files, testing::ElementsAre("kubectl-foo-bar_baz", "kubectl-foo"));
  EXPECT_TRUE(PluginNames({"--flag"}).empty());
}

TEST(Kyaml, QuotesStringsFoldsLinesAndSharesBrackets) {
  const absl::StatusOr<Value> value = ParseJson(
      R"({"a":"x","yes":1,"1.5":true,"1a":null,"a b":[],"list":["s",2],"objects":[{"k":"v"},{}],"text":"one\n two\n","tail":"a\nb"})");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(WriteKyaml(*value),
            "---\n{\n  a: \"x\",\n  \"yes\": 1,\n  \"1.5\": true,\n  1a: null,\n  \"a b\": [],\n  list: [\n    \"s\",\n    2,\n  ],\n"
            "  objects: [{\n    k: \"v\",\n  }, {}],\n"
            "  text: \"\\\n     one\\n\\\n    \\ two\\n\\\n    \",\n"
            "  tail: \"\\\n     a\\n\\\n     b\\\n    \",\n}\n");
}

}  // namespace
}  // namespace kubectl
