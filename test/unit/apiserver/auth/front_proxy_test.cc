#include "apiserver/auth/authenticator.h"
#include "base/clock.h"
#include "gtest/gtest.h"

namespace apiserver::auth {
namespace {

std::string Who(const std::vector<std::string>& names, const Credentials& credentials) {
  AuthenticatorConfig config;
  config.front_proxy_names = names;
  const auto authenticator = NewAuthenticator(config, nullptr, base::SystemClock());
  const absl::StatusOr<UserInfo> user = (*authenticator)->Authenticate(credentials);
  if (!user.ok()) return "nobody";
  std::string text = user->name;
  for (const std::string& group : user->groups) text += " " + group;
  for (const auto& [key, values] : user->extra) text += " " + key + "=" + values.front();
  return text;
}

Credentials Proxy() {
  Credentials c;
  c.front_proxy = true;
  c.front_proxy_name = "proxy";
  c.refused_certificate = true;  // it is not of the authority of clients
  c.asserted.name = "jane";
  c.asserted.groups = {"readers"};
  c.asserted.extra["scope"] = {"all"};
  return c;
}

TEST(FrontProxyTest, SpeaksForOthersUnderItsAllowedNames) {
  EXPECT_EQ(Who({"proxy"}, Proxy()), "jane readers system:authenticated scope=all");
  EXPECT_EQ(Who({}, Proxy()), "jane readers system:authenticated scope=all");
  EXPECT_EQ(Who({"other"}, Proxy()), "nobody");
}

TEST(FrontProxyTest, NamesCountOnlyFromAFrontProxy) {
  Credentials c = Proxy();
  c.front_proxy = false;
  EXPECT_EQ(Who({"proxy"}, c), "nobody");
  c.refused_certificate = false;
  EXPECT_EQ(Who({"proxy"}, c), "system:anonymous system:unauthenticated");
}

TEST(FrontProxyTest, ThatSpeaksForNobodyIsItself) {
  Credentials c = Proxy();
  c.asserted.name.clear();
  EXPECT_EQ(Who({"proxy"}, c), "nobody");
  c.has_certificate = true;
  c.common_name = "proxy";
  c.refused_certificate = false;
  EXPECT_EQ(Who({"proxy"}, c).substr(0, 26), "proxy system:authenticated");
}

TEST(FrontProxyTest, WhoProvesToBeAnonymousGainsNothing) {
  Credentials c = Proxy();
  c.asserted = {.name = "system:anonymous"};
  EXPECT_EQ(Who({"proxy"}, c), "system:anonymous");
  c = {};
  c.has_certificate = true;
  c.common_name = "system:anonymous";
  EXPECT_EQ(Who({}, c).substr(0, 17), "system:anonymous ");
  EXPECT_EQ(Who({}, c).find("system:authenticated"), std::string::npos);
}

}  // namespace
}  // namespace apiserver::auth
