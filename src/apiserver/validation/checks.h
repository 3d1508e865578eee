// The checks that every kind's rules are made of. All append to `e`, in upstream's words.
#pragma once
#include <initializer_list>
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "apimachinery/field_error.h"
#include "apimachinery/names.h"
#include "apimachinery/quantity.h"
#include "apimachinery/value.h"
#include "apiserver/validation/path.h"

namespace apiserver::validation {

using apimachinery::Array;
using apimachinery::FieldErrors;
using apimachinery::Object;
using apimachinery::Problems;
using apimachinery::Quantity;
using apimachinery::Value;
using Strings = std::initializer_list<absl::string_view>;

inline constexpr char kImmutable[] = "field is immutable";
inline constexpr char kNegative[] = "must be greater than or equal to 0";
inline constexpr char kNotPositive[] = "must be greater than zero";

// Direct members of `v` (no dotted paths); "" , 0, false, empty when absent.
absl::string_view Text(const Value& v, absl::string_view key);
int64_t Int(const Value& v, absl::string_view key);
bool Flag(const Value& v, absl::string_view key);
const Array& Items(const Value& v, absl::string_view key);
const Object& Entries(const Value& v, absl::string_view key);
// The member as an object, or an empty one.
const Value& Sub(const Value& v, absl::string_view key);
// The member's value, hollow when that was set, or null: to be shown.
const Value& Get(const Value& v, absl::string_view key);
Quantity QuantityOf(const Value& v);

// Nothing in it: absent, null, "", 0, false, [] or {}, or an object of such members.
bool IsUnset(const Value* v);
// Equal as upstream's semantic equality. In trees in normal form (codec.h) what is present is set: an empty object stands
// for a pointer that is not nil.
bool SameValue(const Value* a, const Value* b);
bool SameMember(const Value& a, const Value& b, absl::string_view dotted);
// The same as Go's reflection has it: a list or map set to an empty one differs from one that is not set.
bool IdenticalMember(const Value& a, const Value& b, absl::string_view key);

bool In(absl::string_view text, Strings set);
std::string RangeText(int64_t low, int64_t high);  // must be between 1 and 255, inclusive

void Required(FieldErrors& e, const Path& p, const Value& v, absl::string_view key);  // of a string member
void Named(FieldErrors& e, const Path& p, absl::string_view text, const Problems& problems);
void OneOf(FieldErrors& e, const Path& p, absl::string_view text, Strings allowed);
void RequiredOneOf(FieldErrors& e, const Path& p, absl::string_view text, Strings allowed);
void NonNegative(FieldErrors& e, const Path& p, const Value& v, absl::string_view key);
void InRange(FieldErrors& e, const Path& p, int64_t number, int64_t low, int64_t high);
void Immutable(FieldErrors& e, const Path& p, const Value* now, const Value* old);
// The same of a plain string, which is "" when it is absent.
void ImmutableText(FieldErrors& e, const Path& p, absl::string_view now, absl::string_view old);
void PortNumber(FieldErrors& e, const Path& p, int64_t port);
void PortNumberOrName(FieldErrors& e, const Path& p, const Value& port);

void Labels(FieldErrors& e, const Path& p, const Value* labels);
void LabelName(FieldErrors& e, const Path& p, absl::string_view name);
void Annotations(FieldErrors& e, const Path& p, const Value* annotations);
// One requirement of a selector. `known`: its operator must be one that this server knows.
void SelectorOperator(FieldErrors& e, const Path& p, const Value& requirement, bool known);
void LabelRequirement(FieldErrors& e, const Path& p, const Value& requirement, bool known = true);
void LabelSelectorObject(FieldErrors& e, const Path& p, const Value* selector);
bool EmptySelector(const Value* selector);  // no matchLabels, no matchExpressions

void RelativePath(FieldErrors& e, const Path& p, absl::string_view path);     // not absolute, no '..'
void NoBacksteps(FieldErrors& e, const Path& p, absl::string_view path);
void LocalPath(FieldErrors& e, const Path& p, absl::string_view path);        // RelativePath, does not start with '..'

// IP addresses and CIDRs; leading zeros pass, as upstream's legacy fields.
int IpFamily(absl::string_view ip);  // 4, 6 or 0 when it is none
bool ParseCidr(absl::string_view cidr, int* family = nullptr, std::string* canonical = nullptr);
void LegacyIp(FieldErrors& e, const Path& p, absl::string_view ip);
void LegacyCidr(FieldErrors& e, const Path& p, absl::string_view cidr);
void StrictIp(FieldErrors& e, const Path& p, absl::string_view ip);           // canonical text only
void StrictCidr(FieldErrors& e, const Path& p, absl::string_view cidr);
void EndpointIp(FieldErrors& e, const Path& p, absl::string_view ip);         // no loopback, link-local, ...
std::string CanonicalIp(absl::string_view ip);
bool HasLeadingZeros(absl::string_view ip_or_cidr);  // of IPv4 numbers or the prefix length

// Names. `prefix`: of a generateName, whose tail is still to come.
using NameRule = absl::FunctionRef<Problems(absl::string_view name, bool prefix)>;
Problems SubdomainName(absl::string_view name, bool prefix);
Problems LabelNameRule(absl::string_view name, bool prefix);
Problems Dns1035Name(absl::string_view name, bool prefix);
Problems PathSegmentName(absl::string_view name, bool prefix);

// metadata
void Metadata(FieldErrors& e, const Value& object, bool namespaced, NameRule rule, const Path& p = Path("metadata"));
// The same without core/v1's rule for finalizers: what upstream's extension servers check.
void AnyMetadata(FieldErrors& e, const Value& object, bool namespaced, NameRule rule, const Path& p = Path("metadata"));
void AnyMetadataUpdate(FieldErrors& e, const Value& object, const Value& old, const Path& p = Path("metadata"));
// What the server checks of every object itself: after the kind's rules of create, before those of update.
void CommonCreate(FieldErrors& e, const Value& object, bool namespaced);
void CommonUpdate(FieldErrors& e, const Value& object, const Value& old, bool namespaced);
void MetadataUpdate(FieldErrors& e, const Value& object, const Value& old, const Path& p = Path("metadata"));
void KubeFinalizer(FieldErrors& e, const Path& p, absl::string_view name);
void Conditions(FieldErrors& e, const Path& p, const Array& conditions);  // meta.v1.Condition lists

// Resource names and amounts (resources.cc)
bool IsNativeResource(absl::string_view name);
bool IsExtendedResource(absl::string_view name);
bool IsHugePage(absl::string_view name);
bool IsStandardQuotaResource(absl::string_view name);
void ResourceName(FieldErrors& e, const Path& p, absl::string_view name);
void ContainerResourceName(FieldErrors& e, const Path& p, absl::string_view name);
void QuotaResourceName(FieldErrors& e, const Path& p, absl::string_view name);
void ResourceAmount(FieldErrors& e, const Path& p, absl::string_view name, const Value& amount);
// A ResourceRequirements; `claims` are the names of the pod's resourceClaims. `pod_level`: spec.resources of a pod.
void ResourceRequirements(FieldErrors& e, const Path& p, const Value* resources, const std::set<std::string>& claims,
                          bool pod_level = false);

}  // namespace apiserver::validation
