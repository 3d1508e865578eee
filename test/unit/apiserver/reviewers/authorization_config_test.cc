#include "apiserver/reviewers/authorization_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"
#include "apiserver/reviewers/access_reviewer.h"
#include "base/clock.h"

namespace apiserver::reviewers {
namespace {

using apimachinery::Value;

TEST(AuthorizationConfigTest, MistakesAreToldInUpstreamsWords) {
  std::ifstream in(absl::StrCat(SKIFF_SOURCE_DIR, "/test/golden/config_files/authorization.json"));
  std::stringstream text;
  text << in.rdbuf();
  const Value rows = *apimachinery::ParseJson(text.str());
  ASSERT_GT(rows.array().size(), 7u);
  for (const Value& row : rows.array()) {
    SCOPED_TRACE(apimachinery::WriteJson(row));
    EXPECT_EQ(ReadAuthorizationConfig(apimachinery::WriteJson(*row.Find("file"))).status().message(), row.GetString("error"));
  }
}

TEST(AuthorizationConfigTest, ModesOfFlagsAreChecked) {
  const struct {
    AuthorizationFlags flags;
    const char* error;
  } cases[] = {
      {{.modes = {}}, "at least one authorization-mode must be passed"},
      {{.modes = {"Foo"}}, "authorization-mode \"Foo\" is not a valid mode"},
      {{.modes = {"RBAC", "RBAC"}}, "authorization-mode [\"RBAC\" \"RBAC\"] has mode specified more than once"},
      {{.modes = {"Webhook"}}, "authorization-mode Webhook's authorization config file not passed"},
      {{.modes = {"RBAC"}, .webhook_config_file = "/x"}, "cannot specify --authorization-webhook-config-file without mode Webhook"},
      {{.modes = {"RBAC"}, .config_file = "/x"},
       "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined"},
  };
  for (const auto& c : cases) EXPECT_EQ(MakeModes(c.flags, base::SystemClock()).status().message(), c.error);
  EXPECT_EQ(MakeModes({.modes = {"Node", "RBAC"}}, base::SystemClock())->size(), 2u);
}

// Answers what it is told to, and counts.
class FakeClient final : public ReviewClient {
 public:
  explicit FakeClient(int* asked) : asked_(asked) {}
  absl::StatusOr<Value> Ask(const Value& review) override {
    ++*asked_;
    if (review.GetString("spec.user") == "lost") return absl::UnavailableError("gone");
    return *apimachinery::ParseJson(R"({"status":{"allowed":true,"reason":"why not"}})");
  }

 private:
  int* const asked_;
};

TEST(AccessReviewerTest, AnswersAreRememberedAsLongAsTheyAreGood) {
  base::FakeClock clock;
  int asked = 0;
  AccessOptions options;
  options.deny_on_failure = true;
  const auto mode = NewAccessReviewer(options, std::make_unique<FakeClient>(&asked), clock);
  pipeline::UserInfo ann{.name = "ann"}, lost{.name = "lost"};
  pipeline::RequestInfo request;
  request.path = "/x";
  request.verb = "get";
  EXPECT_TRUE(mode->Authorize({ann, request}).allowed());
  EXPECT_EQ(mode->Authorize({ann, request}).reason, "why not");
  EXPECT_EQ(asked, 1);
  clock.Advance(absl::Minutes(6));
  EXPECT_TRUE(mode->Authorize({ann, request}).allowed());
  EXPECT_EQ(asked, 2);
  const auth::Decision failed = mode->Authorize({lost, request});
  EXPECT_EQ(failed.kind, auth::Decision::Kind::kDeny);
  EXPECT_EQ(failed.error, "gone");
}

}  // namespace
}  // namespace apiserver::reviewers
