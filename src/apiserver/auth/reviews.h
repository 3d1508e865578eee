// The kinds that are only ever asked: access, rules and token reviews. Each takes the validated request and answers
// it with its status filled in.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "apimachinery/value.h"
#include "apiserver/auth/authorizer.h"

namespace apiserver::auth {

apimachinery::Value ReviewSubjectAccess(const apimachinery::Value& review, const Authorizer& authorizer);
apimachinery::Value ReviewSelfSubjectAccess(const apimachinery::Value& review, const UserInfo& user,
                                            const Authorizer& authorizer);
// `ns` is the namespace of the request.
apimachinery::Value ReviewLocalSubjectAccess(const apimachinery::Value& review, absl::string_view ns,
                                             const Authorizer& authorizer);
apimachinery::Value ReviewSelfSubjectRules(const apimachinery::Value& review, const UserInfo& user,
                                           const Authorizer& authorizer);
apimachinery::Value ReviewToken(const apimachinery::Value& review, const Authenticator& authenticator);
apimachinery::Value ReviewSelfSubject(const apimachinery::Value& review, const UserInfo& user);

}  // namespace apiserver::auth
