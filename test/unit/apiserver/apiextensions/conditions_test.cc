#include "apiserver/apiextensions/conditions.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "apimachinery/json.h"

namespace apiserver::apiextensions {
namespace {

using apimachinery::Value;

Value Definition(const std::string& plural, const std::string& kind) {
  return apimachinery::ParseJson(absl::StrCat(R"({"metadata":{"name":")", plural, R"(.example.com"},"spec":{"group":"example.com","names":{"plural":")",
                                              plural, R"(","singular":")", plural, R"(x","kind":")", kind, R"(","listKind":")", kind,
                                              R"(List","shortNames":["sn"]}}})"))
      .value();
}

std::string Condition(const Value& crd, absl::string_view type) {
  for (const Value& c : crd.GetArray("status.conditions")) {
    if (c.GetString("type") == type) return absl::StrCat(c.GetString("status"), " ", c.GetString("reason"), " ", c.GetString("message"));
  }
  return "";
}

TEST(AcceptNamesTest, TheFirstGetsItsNamesAndIsEstablished) {
  Value crd = Definition("widgets", "Widget");
  EXPECT_TRUE(AcceptNames({&crd}, crd, absl::UnixEpoch()));
  EXPECT_EQ(Condition(crd, "NamesAccepted"), "True NoConflicts no conflicts found");
  EXPECT_EQ(Condition(crd, "Established"), "True InitialNamesAccepted the initial names have been accepted");
  EXPECT_EQ(crd.GetString("status.acceptedNames.kind"), "Widget");
  EXPECT_FALSE(AcceptNames({&crd}, crd, absl::Now()));  // nothing to do a second time
}

TEST(AcceptNamesTest, TakenNamesAreNotAccepted) {
  Value first = Definition("widgets", "Widget"), second = Definition("gadgets", "Widget");
  AcceptNames({&first, &second}, first, absl::UnixEpoch());
  AcceptNames({&first, &second}, second, absl::UnixEpoch());
  EXPECT_EQ(Condition(second, "NamesAccepted"), R"(False ListKindConflict "WidgetList" is already in use)");
  EXPECT_EQ(Condition(second, "Established"), "False NotAccepted not all names are accepted");
  EXPECT_EQ(second.GetString("status.acceptedNames.plural"), "gadgets");
  EXPECT_EQ(second.GetString("status.acceptedNames.kind"), "");
}

TEST(MarkForDeletionTest, TheFinalizerHoldsTheDefinition) {
  Value crd = Definition("widgets", "Widget");
  MarkForDeletion(crd, absl::UnixEpoch());
  EXPECT_TRUE(HasCleanupFinalizer(crd));
  EXPECT_TRUE(ConditionIsTrue(crd, "Terminating"));
  DropCleanupFinalizer(crd);
  EXPECT_EQ(crd.At("metadata.finalizers"), nullptr);
}

TEST(JudgeApprovalTest, DefinitionsInKubernetesGroupsShowTheirApproval) {
  struct Case {
    const char *group, *annotation, *want;
  };
  const Case cases[] = {
      {"example.com", "", ""},
      {"notk8s.io", "", ""},
      {"x.k8s.io", "https://github.com/kubernetes/kubernetes/pull/1",
       "True ApprovedAnnotation approved in https://github.com/kubernetes/kubernetes/pull/1"},
      {"kubernetes.io", "ftp://x/y", "True ApprovedAnnotation approved in ftp://x/y"},
      {"x.kubernetes.io", "unapproved, experimental", R"(False UnapprovedAnnotation not approved: "unapproved, experimental")"},
      {"k8s.io", "",
       R"(False MissingAnnotation protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111)"},
      {"k8s.io", "http://",
       R"(False InvalidAnnotation protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.group);
    Value crd = Definition("widgets", "Widget");
    crd.Ensure("spec").Set("group", c.group);
    if (*c.annotation != 0) crd.Ensure("metadata.annotations").Set("api-approved.kubernetes.io", c.annotation);
    EXPECT_EQ(JudgeApproval(crd, absl::UnixEpoch()), *c.want != 0);
    EXPECT_EQ(Condition(crd, "KubernetesAPIApprovalPolicyConformant"), c.want);
    EXPECT_FALSE(JudgeApproval(crd, absl::UnixEpoch()));
  }
}

}  // namespace
}  // namespace apiserver::apiextensions
