// What Go's packages accept and say: URLs, regular expressions, printable runes.
#include "apiserver/validation/go_regexp.h"
#include "apiserver/validation/go_text.h"
#include "apiserver/validation/go_url.h"
#include "gtest/gtest.h"

namespace apiserver::validation {
namespace {

TEST(GoUrl, ReadsPartsAsGoDoes) {
  struct Case {
    const char *text, *scheme, *host, *query, *fragment;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"HTTPS://host:443/a?b=c#d", "https", "host:443", "b=c", "d"},
           {"https://u@host", "https", "host", "", ""},
           {"/only/a/path", "", "", "", ""},
           {"", "", "", "", ""},
       }) {
    const GoUrl url = ParseGoUrl(c.text);
    EXPECT_EQ(url.problem, "") << c.text;
    EXPECT_EQ(url.scheme, c.scheme) << c.text;
    EXPECT_EQ(url.host, c.host) << c.text;
    EXPECT_EQ(url.query, c.query) << c.text;
    EXPECT_EQ(url.fragment, c.fragment) << c.text;
  }
  EXPECT_TRUE(ParseGoUrl("https://u@host").has_user);
}

TEST(GoUrl, RefusesInGosWords) {
  struct Case {
    const char *text, *problem;
  };
  for (const Case& c : std::initializer_list<Case>{
           {":", "parse \":\": missing protocol scheme"},
           {"a b:c", "parse \"a b:c\": first path segment in URL cannot contain colon"},
           {"https://[::1", "parse \"https://[::1\": missing ']' in host"},
           {"https://h:port", "parse \"https://h:port\": invalid port \":port\" after host"},
           {"https://h/%zz", "parse \"https://h/%zz\": invalid URL escape \"%zz\""},
       }) {
    EXPECT_EQ(ParseGoUrl(c.text).problem, c.problem);
  }
  EXPECT_EQ(ParseGoRequestUri("a").problem, "parse \"a\": invalid URI for request");
  EXPECT_EQ(ParseGoRequestUri("").problem, "parse \"\": empty url");
}

TEST(GoRegexp, NamesTheFirstFaultOfAnExpression) {
  for (const char* good : {"", "^[a-z]+$", "a{1,1000}", "(?P<name>x)", "(?<name>x)", "\\pL"}) {
    EXPECT_EQ(GoRegexpProblem(good), "") << good;
  }
  struct Case {
    const char *text, *problem;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"(a", "error parsing regexp: missing closing ): `(a`"},
           {"a)", "error parsing regexp: unexpected ): `a)`"},
           {"[a", "error parsing regexp: missing closing ]: `[a`"},
           {"*a", "error parsing regexp: missing argument to repetition operator: `*`"},
           {"a{2,1}", "error parsing regexp: invalid repeat count: `{2,1}`"},
           {"a\\", "error parsing regexp: trailing backslash at end of expression: ``"},
           {"(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
       }) {
    EXPECT_EQ(GoRegexpProblem(c.text), c.problem);
  }
  std::string slow;  // to compile
  while (slow.size() < 300000) slow += "a?";
  EXPECT_EQ(GoRegexpProblem(slow).rfind("error parsing regexp: expression too large: `a?a?", 0), 0u);
}

TEST(GoText, FindsTheFirstRuneThatDoesNotPrint) {
  EXPECT_EQ(FirstUnprintable("plain text, é 世界"), -1);
  EXPECT_EQ(FirstUnprintable("a\tb"), 1);
  EXPECT_EQ(FirstUnprintable("é\u00a0d"), 2);  // a blank that is no ASCII blank
}

}  // namespace
}  // namespace apiserver::validation
