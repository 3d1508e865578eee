// Inside validation: what the kinds of resource.k8s.io have in common.
#pragma once
#include <map>
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "apiserver/validation/checks.h"
#include "apiserver/validation/warnings.h"

namespace apiserver::validation::devices {

// The requests of a claim by name, with the names of their alternatives.
using RequestNames = std::map<std::string, std::set<std::string>, std::less<>>;
RequestNames RequestNamesOf(const Value& claim_spec);

void Label(FieldErrors& e, const Path& p, absl::string_view name);
void DriverName(FieldErrors& e, const Path& p, absl::string_view name);
void PoolName(FieldErrors& e, const Path& p, absl::string_view name);
void QualifiedName(FieldErrors& e, const Path& p, absl::string_view name);
// A RawExtension that holds a JSON object of at most `most` bytes.
void RawObject(FieldErrors& e, const Path& p, const Value* raw, int most);
// Names of requests that a constraint, a configuration or a result speaks of.
void RequestReference(FieldErrors& e, const Path& p, absl::string_view name, const RequestNames& known);
void RequestReferences(FieldErrors& e, const Path& p, const Array& names, const RequestNames& known);
void Configuration(FieldErrors& e, const Path& p, const Value& config);
void SelectorExpression(FieldErrors& e, const Path& p, absl::string_view expression);  // device_selectors.cc
void Selectors(FieldErrors& e, const Path& p, const Array& selectors);

using ItemCheck = absl::FunctionRef<void(const Path& at, const Value& item)>;
// Each item, unless there are too many (`most` < 0: there cannot be).
void List(FieldErrors& e, const Path& p, const Array& items, int most, ItemCheck check);
// The same, and then each key once.
void Set(FieldErrors& e, const Path& p, const Array& items, int most, ItemCheck check,
         absl::FunctionRef<Value(const Value& item)> key);
inline Value NameOf(const Value& item) { return Value(Text(item, "name")); }
inline Value Itself(const Value& item) { return item; }

// What status.devices and status.allocation know a device by, as upstream prints it.
Value DeviceId(const Value& device);

void ClaimStatus(FieldErrors& e, const Value& claim, const Value& old);
void SliceCreate(FieldErrors& e, const Value& slice);
void SliceUpdate(FieldErrors& e, const Value& slice, const Value& old);
void SliceWarn(Texts& out, const Value& slice, const Value* old, absl::string_view subresource);

}  // namespace apiserver::validation::devices
