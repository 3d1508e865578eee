// ObjectMeta, on create and on update.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/checks.h"

namespace apiserver::validation {
namespace {

void OwnerReferences(FieldErrors& e, const Path& p, const Value& metadata) {
  std::string controller;
  for (const Value& ref : Items(metadata, "ownerReferences")) {
    const absl::string_view version = Text(ref, "apiVersion"), kind = Text(ref, "kind");
    const size_t slash = version.find('/');
    const bool no_version = version.empty() || version == "/" ||
                            (slash != absl::string_view::npos &&
                             (slash + 1 == version.size() || version.find('/', slash + 1) != absl::string_view::npos));
    if (no_version) e.Invalid(p / "apiVersion", Value(version), "version must not be empty");
    if (kind.empty()) e.Invalid(p / "kind", Value(kind), "must not be empty");
    if (Text(ref, "name").empty()) e.Invalid(p / "name", "", "must not be empty");
    if (Text(ref, "uid").empty()) e.Invalid(p / "uid", "", "must not be empty");
    if (version == "v1" && kind == "Event") {
      e.Invalid(p, ref, "/v1, Kind=Event is disallowed from being an owner");
    }
    if (!Flag(ref, "controller")) continue;
    const std::string name = absl::StrCat(kind, "/", Text(ref, "name"));
    if (!controller.empty()) {
      e.Invalid(p, Get(metadata, "ownerReferences"),
                absl::StrCat("Only one reference can have Controller set to true. Found \"true\" in references for ",
                             controller, " and ", name));
    } else {
      controller = name;
    }
  }
}

void Finalizers(FieldErrors& e, const Path& p, const Value& metadata) {
  bool orphan = false, foreground = false;
  for (const Value& item : Items(metadata, "finalizers")) {
    Named(e, p, item.as_string(), apimachinery::IsQualifiedName(item.as_string()));
    orphan = orphan || item.as_string() == "orphan";
    foreground = foreground || item.as_string() == "foregroundDeletion";
  }
  if (orphan && foreground) {
    e.Invalid(p, Get(metadata, "finalizers"), "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

void FieldManager(FieldErrors& e, const Path& p, absl::string_view manager) {
  if (manager.size() > 128) e.TooLong(p, 128);
}

void ManagedFields(FieldErrors& e, const Path& p, const Value& metadata) {
  const Array& items = Items(metadata, "managedFields");
  for (size_t i = 0; i < items.size(); ++i) {
    const Path at = p[i];
    const absl::string_view operation = Text(items[i], "operation");
    if (operation != "Apply" && operation != "Update") {
      e.Invalid(at / "operation", Value(operation), "must be `Apply` or `Update`");
    }
    const absl::string_view type = Text(items[i], "fieldsType");
    if (!type.empty() && type != "FieldsV1") e.Invalid(at / "fieldsType", Value(type), "must be `FieldsV1`");
    FieldManager(e, at / "manager", Text(items[i], "manager"));
    if (Text(items[i], "subresource").size() > 256) e.TooLong(at / "subresource", 256);
  }
}

// What create and update have in common.
void Common(FieldErrors& e, const Path& p, const Value& metadata) {
  NonNegative(e, p, metadata, "generation");
  Labels(e, p / "labels", metadata.Find("labels"));
  Annotations(e, p / "annotations", metadata.Find("annotations"));
  OwnerReferences(e, p / "ownerReferences", metadata);
}

void KubeFinalizers(FieldErrors& e, const Path& p, const Value& metadata) {
  const Path finalizers = p / "finalizers";
  const Array& items = Items(metadata, "finalizers");
  for (size_t i = 0; i < items.size(); ++i) KubeFinalizer(e, finalizers[i], items[i].as_string());
}

}  // namespace

void KubeFinalizer(FieldErrors& e, const Path& p, absl::string_view name) {
  if (absl::StrContains(name, "/") || In(name, {"kubernetes", "orphan", "foregroundDeletion"})) return;
  e.Invalid(p, Value(name), "name is neither a standard finalizer name nor is it fully qualified");
}

// What holds for the metadata of every kind (apimachinery's part).
void AnyMetadata(FieldErrors& e, const Value& object, bool namespaced, NameRule rule, const Path& p) {
  const Value& metadata = Sub(object, "metadata");
  const absl::string_view name = Text(metadata, "name"), generate = Text(metadata, "generateName"),
                          ns = Text(metadata, "namespace");
  if (!generate.empty()) Named(e, p / "generateName", generate, rule(generate, true));
  if (name.empty()) {
    e.Required(p / "name", "name or generateName is required");
  } else {
    Named(e, p / "name", name, rule(name, false));
  }
  if (namespaced && ns.empty()) {
    e.Required(p / "namespace");
  } else if (namespaced) {
    Named(e, p / "namespace", ns, apimachinery::IsDns1123Label(ns));
  } else if (!ns.empty()) {
    e.Forbidden(p / "namespace", "not allowed on this type");
  }
  Common(e, p, metadata);
  Finalizers(e, p / "finalizers", metadata);
  ManagedFields(e, p / "managedFields", metadata);
}

void AnyMetadataUpdate(FieldErrors& e, const Value& object, const Value& old_object, const Path& p) {
  const Value& metadata = Sub(object, "metadata");
  const Value& old = Sub(old_object, "metadata");
  if (old.Has("deletionTimestamp")) {
    std::set<std::string> fresh;
    for (const Value& item : Items(metadata, "finalizers")) fresh.insert(item.as_string());
    for (const Value& item : Items(old, "finalizers")) fresh.erase(item.as_string());
    if (!fresh.empty()) {
      std::string list;
      for (const std::string& name : fresh) absl::StrAppend(&list, list.empty() ? "" : ", ", apimachinery::GoQuote(name));
      e.Forbidden(p / "finalizers",
                  absl::StrCat("no new finalizers can be added if the object is being deleted, found new finalizers "
                               "[]string{", list, "}"));
    }
  }
  if (Text(metadata, "resourceVersion").empty()) {
    e.Invalid(p / "resourceVersion", "", "must be specified for an update");
  }
  if (Int(metadata, "generation") < Int(old, "generation")) {
    e.Invalid(p / "generation", Int(metadata, "generation"), "must not be decremented");
  }
  for (const char* member : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                             "deletionGracePeriodSeconds"}) {
    const Value* now = metadata.Find(member);
    if (!SameValue(now, old.Find(member))) {
      const bool text = std::string(member) == "name" || std::string(member) == "namespace" || std::string(member) == "uid";
      e.Invalid(p / member, now == nullptr ? (text ? Value("") : Value()) : *now, kImmutable);
    }
  }
  Labels(e, p / "labels", metadata.Find("labels"));
  Annotations(e, p / "annotations", metadata.Find("annotations"));
  OwnerReferences(e, p / "ownerReferences", metadata);
  ManagedFields(e, p / "managedFields", metadata);
}

void Metadata(FieldErrors& e, const Value& object, bool namespaced, NameRule rule, const Path& p) {
  AnyMetadata(e, object, namespaced, rule, p);
  KubeFinalizers(e, p, Sub(object, "metadata"));
}

void MetadataUpdate(FieldErrors& e, const Value& object, const Value& old, const Path& p) {
  AnyMetadataUpdate(e, object, old, p);
  KubeFinalizers(e, p, Sub(object, "metadata"));
}

void CommonCreate(FieldErrors& e, const Value& object, bool namespaced) {
  AnyMetadata(e, object, namespaced, PathSegmentName, Path("metadata"));
}

void CommonUpdate(FieldErrors& e, const Value& object, const Value& old, bool namespaced) {
  AnyMetadata(e, object, namespaced, PathSegmentName, Path("metadata"));
  AnyMetadataUpdate(e, object, old, Path("metadata"));
}

void Conditions(FieldErrors& e, const Path& p, const Array& conditions) {
  std::set<std::string> seen;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    const Value& c = conditions[i];
    const absl::string_view type = Text(c, "type"), reason = Text(c, "reason");
    if (!seen.insert(std::string(type)).second) e.Duplicate(at / "type", Value(type));
    LabelName(e, at / "type", type);
    OneOf(e, at / "status", Text(c, "status"), {"False", "True", "Unknown"});
    if (Int(c, "observedGeneration") < 0) {
      e.Invalid(at / "observedGeneration", Int(c, "observedGeneration"), "must be greater than or equal to zero");
    }
    Required(e, at, c, "lastTransitionTime");
    if (reason.empty()) {
      e.Required(at / "reason");
    } else {
      const auto word = [](char ch) { return absl::ascii_isalnum(ch) || ch == '_'; };
      const bool ok = absl::ascii_isalpha(reason[0]) && word(reason.back()) &&
                      std::all_of(reason.begin(), reason.end(),
                                  [&](char ch) { return word(ch) || ch == ',' || ch == ':'; });
      if (!ok) {
        e.Invalid(at / "reason", Value(reason),
                  "a condition reason must start with alphabetic character, optionally followed by a string of "
                  "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. "
                  "'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for "
                  "validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
      }
      if (reason.size() > 1024) e.TooLong(at / "reason", 1024);
    }
    if (Text(c, "message").size() > 32768) e.TooLong(at / "message", 32768);
  }
}

}  // namespace apiserver::validation
