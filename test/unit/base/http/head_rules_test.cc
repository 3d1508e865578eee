#include "base/http/head_rules.h"

#include <gtest/gtest.h>

#include "base/http/message.h"

namespace base::http {
namespace {

struct Case {
  const char* name;
  absl::string_view method, target;
  std::vector<HeadField> fields;
  absl::string_view first_line;  // "" when the head is fine
  int version = 11;
};

// Answers of Go's server, where it has an opinion.
TEST(HeadRules, AmbiguousAndSenselessHeadsAreRefusedInGosWords) {
  const Case cases[] = {
      {"plain", "GET", "/version", {{"Host", "x"}}, ""},
      {"no host", "GET", "/version", {}, "400 Bad Request: missing required Host header"},
      {"no host before 1.1", "GET", "/version", {}, "", 10},
      {"no host of CONNECT", "CONNECT", "x:443", {}, ""},
      {"two hosts", "GET", "/version", {{"Host", "a"}, {"host", "b"}}, "400 Bad Request"},
      {"odd host", "GET", "/version", {{"Host", "a b/"}}, "400 Bad Request: malformed Host header"},
      {"port and address", "GET", "/version", {{"Host", "[::1]:6443"}}, ""},
      {"chunked", "POST", "/a", {{"Host", "x"}, {"Transfer-Encoding", "Chunked"}}, ""},
      {"other encoding", "POST", "/a", {{"Host", "x"}, {"Transfer-Encoding", "xchunked"}}, "501 Not Implemented"},
      {"identity", "POST", "/a", {{"Host", "x"}, {"Transfer-Encoding", "identity"}}, "501 Not Implemented"},
      {"gzip, chunked", "POST", "/a", {{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}}, "501 Not Implemented"},
      {"twice", "POST", "/a", {{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "501 Not Implemented"},
      {"encoding before 1.1", "POST", "/a", {{"Transfer-Encoding", "chunked"}}, "400 Bad Request", 10},
      {"length list", "POST", "/a", {{"Host", "x"}, {"Content-Length", "2, 2"}}, "400 Bad Request"},
      {"length sign", "POST", "/a", {{"Host", "x"}, {"Content-Length", "+2"}}, "400 Bad Request"},
      {"expectation", "POST", "/a", {{"Host", "x"}, {"Expect", "something"}}, "417 Expectation Failed"},
      {"continue", "POST", "/a", {{"Host", "x"}, {"Expect", "100-Continue"}}, ""},
      {"no slash", "GET", "version", {{"Host", "x"}}, "400 Bad Request"},
      {"for proxies", "GET", "http://other/version", {{"Host", "x"}}, ""},
      {"bad escape", "GET", "/a/%zz", {{"Host", "x"}}, "400 Bad Request"},
      {"bad escape of the query", "GET", "/a?b=%zz", {{"Host", "x"}}, ""},
  };
  for (const Case& c : cases) {
    const HeadRefusal got = CheckHead(c.method, c.target, c.version, c.fields);
    const std::string text = got.status == 0 ? "" : RefusalText(got);
    const std::string want = c.first_line.empty() ? "" : "HTTP/1.1 " + std::string(c.first_line);
    EXPECT_EQ(text.substr(0, text.find("\r\n")), want) << c.name;
  }
}

TEST(HeadRules, PartsOfAQueryThatDoNotParseAreLeftOut) {
  EXPECT_EQ(ParseQuery("limit=%zz&a=b%20c&d;e=f&g=%4"), (QueryParams{{"a", "b c"}}));
}

}  // namespace
}  // namespace base::http
