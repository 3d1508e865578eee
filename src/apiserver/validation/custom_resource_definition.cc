// CustomResourceDefinition: group, scope, names, the list of versions, conversion, approval of community groups.
#include "apiserver/validation/custom_resource_definition.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "apimachinery/go_quote.h"
#include "apiserver/validation/go_json.h"
#include "apiserver/validation/go_url.h"
#include "apiserver/validation/kinds.h"
#include "apiserver/validation/webhook_client.h"

namespace apiserver::validation {
namespace {

using apimachinery::FieldError;
using apimachinery::FieldPath;

bool HasStatus(const Value& holder) { return Sub(holder, "subresources").Has("status"); }

bool IsEstablished(const Value& definition) {
  for (const Value& condition : Items(Sub(definition, "status"), "conditions")) {
    if (Text(condition, "type") == "Established") return Text(condition, "status") == "True";
  }
  return false;
}

// The schemas of the spec and of its versions, in the internal form.
template <typename Each>
bool AnyVersionSchema(const Value& spec, Each each) {
  const auto one = [&](const Value& holder, absl::string_view member) {
    const Value* schema = Sub(holder, member).Find("openAPIV3Schema");
    return schema != nullptr && each(*schema);
  };
  if (one(spec, "validation")) return true;
  const Array& versions = Items(spec, "versions");
  return std::any_of(versions.begin(), versions.end(), [&](const Value& v) { return one(v, "schema"); });
}

bool AnySchemaOf(const Value& spec, absl::FunctionRef<bool(const Value&)> wanted) {
  return AnyVersionSchema(spec, [&](const Value& schema) { return AnySchema(&schema, wanted); });
}

bool HasExtensions(const Value& schema) {
  return schema.Has("x-kubernetes-embedded-resource") || schema.Has("x-kubernetes-preserve-unknown-fields") ||
         schema.Has("x-kubernetes-int-or-string") || schema.Has("x-kubernetes-list-map-keys") ||
         schema.Has("x-kubernetes-list-type") || schema.Has("x-kubernetes-validations");
}

void JoinedName(FieldErrors& e, const Path& p, absl::string_view text, absl::string_view before,
                const Problems& problems) {
  if (!problems.empty()) e.Invalid(p, Value(text), absl::StrCat(before, absl::StrJoin(problems, ",")));
}

void Names(FieldErrors& e, const Path& p, const Value& names) {
  for (const char* key : {"plural", "singular"}) {
    const absl::string_view name = Text(names, key);
    if (!name.empty()) JoinedName(e, p / key, name, "", apimachinery::IsDns1035Label(name));
  }
  for (const char* key : {"kind", "listKind"}) {
    const absl::string_view name = Text(names, key);
    if (name.empty()) continue;
    JoinedName(e, p / key, name, "may have mixed case, but should otherwise match: ",
               apimachinery::IsDns1035Label(absl::AsciiStrToLower(name)));
  }
  const auto list = [&](absl::string_view key) {
    const Path at = p / key;
    const Array& items = Items(names, key);
    for (size_t i = 0; i < items.size(); ++i) {
      JoinedName(e, at[i], items[i].as_string(), "", apimachinery::IsDns1035Label(items[i].as_string()));
    }
  };
  list("shortNames");
  const absl::string_view kind = Text(names, "kind");
  if (!kind.empty() && kind == Text(names, "listKind")) {
    e.Invalid(p / "listKind", Value(kind), "kind and listKind may not be the same");
  }
  list("categories");
}

bool IsReviewVersion(absl::string_view version) { return version == "v1" || version == "v1beta1"; }

void ReviewVersions(FieldErrors& e, const Path& p, const Value& conversion, bool known) {
  const Array& versions = Items(conversion, "conversionReviewVersions");
  if (versions.empty()) return e.Required(p);
  std::set<std::string> seen;
  bool accepted = false;
  for (size_t i = 0; i < versions.size(); ++i) {
    const std::string& version = versions[i].as_string();
    if (!seen.insert(version).second) {
      e.Invalid(p[i], version, "duplicate version");
      continue;
    }
    Named(e, p[i], version, apimachinery::IsDns1035Label(version));
    accepted = accepted || IsReviewVersion(version);
  }
  if (known && !accepted) {
    e.Invalid(p, Get(conversion, "conversionReviewVersions"), "must include at least one of v1, v1beta1");
  }
}

void Conversion(FieldErrors& e, const Path& p, const Value& conversion, const DefinitionRules& rules) {
  const absl::string_view strategy = Text(conversion, "strategy");
  const Path client_path = p / "webhookClientConfig", versions_path = p / "conversionReviewVersions";
  RequiredOneOf(e, p / "strategy", strategy, {"None", "Webhook"});
  const Value* client = conversion.Find("webhookClientConfig");
  if (strategy != "Webhook") {
    constexpr char kNotSet[] = "should not be set when strategy is not set to Webhook";
    if (client != nullptr) e.Forbidden(client_path, kNotSet);
    if (!Items(conversion, "conversionReviewVersions").empty()) e.Forbidden(versions_path, kNotSet);
    return;
  }
  if (client == nullptr) {
    e.Required(client_path, "required when strategy is set to Webhook");
  } else {
    if (client->Has("url") == client->Has("service")) {
      e.Required(client_path, "exactly one of url or service is required");
    } else if (client->Has("url")) {
      WebhookUrl(e, client_path / "url", Text(*client, "url"));
    } else {
      WebhookService(e, client_path / "service", Sub(*client, "service"));
    }
    if (!rules.any_ca_bundle) WebhookCaBundle(e, client_path / "caBundle", Text(*client, "caBundle"));
  }
  ReviewVersions(e, versions_path, conversion, rules.known_review_version);
}

void Versions(FieldErrors& e, const Path& p, const Value& spec, const DefinitionRules& rules) {
  const Array& versions = Items(spec, "versions");
  const bool own_subresources =
      std::any_of(versions.begin(), versions.end(), [](const Value& v) { return v.Has("subresources"); });
  std::set<std::string> names;
  bool unique = true;
  int stored = 0;
  for (size_t i = 0; i < versions.size(); ++i) {
    const Path at = p[i];
    const std::string name(Text(versions[i], "name"));
    stored += Flag(versions[i], "storage");
    unique = names.insert(name).second && unique;
    JoinedName(e, at / "name", name, "", apimachinery::IsDns1035Label(name));
    // Of versions with one name, upstream looks at the subresources of the first.
    const auto first =
        std::find_if(versions.begin(), versions.end(), [&](const Value& v) { return Text(v, "name") == name; });
    DefinitionVersion(e, at, versions[i], HasStatus(own_subresources ? *first : spec), rules);
  }
  const auto refuse = [&](absl::string_view why) {
    e.Add({FieldError::Type::kInvalid, FieldPath(p).ToString(),
           GoJson("[]apiextensions.CustomResourceDefinitionVersion", Get(spec, "versions")), std::string(why)});
  };
  if (!unique) refuse("must contain unique version names");
  if (stored != 1) refuse("must have exactly one version marked as storage version");
}

void SchemasPresent(FieldErrors& e, const Path& p, const Value& spec, const DefinitionRules& rules, bool preserve) {
  if (Sub(spec, "validation").Has("openAPIV3Schema")) return;
  const Path versions_path = p / "versions";
  const Array& versions = Items(spec, "versions");
  for (size_t i = 0; i < versions.size(); ++i) {
    const Path at = versions_path[i];
    if (Sub(versions[i], "schema").Has("openAPIV3Schema")) continue;
    if (rules.schema_required) {
      e.Required(at / "schema.openAPIV3Schema");
    } else if (!preserve && Flag(versions[i], "served")) {
      e.Required(at / "schema.openAPIV3Schema", "because otherwise all fields are pruned");
    }
  }
}

void Spec(FieldErrors& e, const Value& spec, DefinitionRules rules) {
  const Path p("spec");
  const absl::string_view group = Text(spec, "group");
  if (group.empty()) {
    e.Required(p / "group");
  } else if (const Problems problems = apimachinery::IsDns1123Subdomain(group); !problems.empty()) {
    JoinedName(e, p / "group", group, "", problems);
  } else if (!absl::StrContains(group, ".")) {
    e.Invalid(p / "group", Value(group), "should be a domain with at least one dot");
  }
  RequiredOneOf(e, p / "scope", Text(spec, "scope"), {"Cluster", "Namespaced"});

  const bool preserve = Flag(spec, "preserveUnknownFields");
  rules.structural = rules.structural || !preserve;
  SchemasPresent(e, p, spec, rules, preserve);
  if (AnySchemaOf(spec, [](const Value& schema) { return schema.Has("default"); })) {
    rules.structural = true;
    if (preserve) {
      e.Invalid(p / "preserveUnknownFields", true, "must be false in order to use defaults in the schema");
    }
  }
  rules.structural = rules.structural || AnySchemaOf(spec, HasExtensions);

  Versions(e, p / "versions", spec, rules);
  const absl::string_view version = Text(spec, "version");
  if (!version.empty()) JoinedName(e, p / "version", version, "", apimachinery::IsDns1035Label(version));
  const Value& names = Sub(spec, "names");
  const Path names_path = p / "names";
  for (const char* key : {"plural", "singular", "kind", "listKind"}) Required(e, names_path, names, key);
  Names(e, names_path, names);

  const Array& versions = Items(spec, "versions");
  const bool any_status = HasStatus(spec) || std::any_of(versions.begin(), versions.end(), HasStatus);
  DefinitionSchema(e, p / "validation", spec.Find("validation"), any_status, rules);
  DefinitionSubresources(e, p / "subresources", spec.Find("subresources"));
  DefinitionColumns(e, p / "additionalPrinterColumns", Items(spec, "additionalPrinterColumns"));
  if (const Array& fields = Items(spec, "selectableFields"); !fields.empty()) {
    if (!spec.Has("validation")) {
      e.Invalid(p / "selectableFields", "", "may only be set when validations.schema is included");
    } else {
      const Value& schema = Sub(Sub(spec, "validation"), "openAPIV3Schema");
      if (const std::string reason = UnstructuralReason(schema); !reason.empty()) {
        e.Invalid(p / "schema.openAPIV3Schema", "", reason);
      }
      DefinitionSelectableFields(e, p / "selectableFields", fields, schema, rules.many_selectable_fields.count("") > 0);
    }
  }
  const Value* conversion = spec.Find("conversion");
  if (conversion == nullptr) return;
  if (Text(*conversion, "strategy") != "None" && preserve) {
    e.Invalid(p / "conversion.strategy", Value(Text(*conversion, "strategy")),
              "must be None if spec.preserveUnknownFields is true");
  }
  Conversion(e, p / "conversion", *conversion, rules);
}

void StoredVersions(FieldErrors& e, const Value& definition) {
  const Path status("status");
  const Path p = status / "storedVersions";
  const Value& stored = Get(Sub(definition, "status"), "storedVersions");
  if (stored.empty()) return e.Invalid(p, Value(), "must have at least one stored version");
  const Array& versions = Items(Sub(definition, "spec"), "versions");
  const auto is = [](absl::string_view name) { return [name](const Value& v) { return Text(v, "name") == name; }; };
  std::set<std::string> left;  // a version counts once, however often it stands there
  for (const Value& name : stored.array()) left.insert(name.as_string());
  for (const Value& version : versions) {
    const std::string name(Text(version, "name"));
    if (left.erase(name) == 0 && Flag(version, "storage")) {
      e.Invalid(p, stored, absl::StrCat("must have the storage version ", name));
    }
  }
  for (size_t i = stored.size(); i-- > 0;) {
    const std::string& name = stored.array()[i].as_string();
    if (std::any_of(versions.begin(), versions.end(), is(name)) || left.erase(name) == 0) continue;
    e.Invalid(p[i], name,
              absl::StrCat("missing from spec.versions; ", name,
                           " was previously a storage version, and must remain in spec.versions until a storage "
                           "migration ensures no data remains persisted in ",
                           name, " and removes ", name, " from status.storedVersions"));
  }
}

// Groups of the Kubernetes community need a sign that their API was reviewed.
enum class Approval { kInvalid, kApproved, kBypassed, kMissing };
constexpr char kApproved[] = "api-approved.kubernetes.io";

Approval ApprovalOf(const Value& definition) {
  const std::string text(Text(Sub(Sub(definition, "metadata"), "annotations"), kApproved));
  if (text.empty()) return Approval::kMissing;
  if (absl::StartsWith(text, "unapproved")) return Approval::kBypassed;
  const GoUrl url = ParseGoRequestUri(text);
  return url.problem.empty() && !url.host.empty() && !url.scheme.empty() ? Approval::kApproved : Approval::kInvalid;
}

void CommunityApproval(FieldErrors& e, const Value& definition, const Value* old) {
  const absl::string_view group = Text(Sub(definition, "spec"), "group");
  const auto below = [&](absl::string_view domain) {
    return group == domain || absl::EndsWith(group, absl::StrCat(".", domain));
  };
  if (!below("k8s.io") && !below("kubernetes.io")) return;
  const Approval now = ApprovalOf(definition);
  if (old != nullptr && ApprovalOf(*old) == now) return;
  const Path annotations("metadata.annotations");
  constexpr char kSee[] = ", see https://github.com/kubernetes/enhancements/pull/1111";
  const std::string must = absl::StrCat("protected groups must have approval annotation \"", kApproved, "\"");
  if (now == Approval::kMissing) e.Required(annotations.Key(kApproved), absl::StrCat(must, kSee));
  if (now == Approval::kInvalid) {
    e.Invalid(annotations.Key(kApproved), Value(Text(Sub(Sub(definition, "metadata"), "annotations"), kApproved)),
              absl::StrCat(must, " with either a URL or a reason starting with \"unapproved\"", kSee));
  }
}

void Tail(FieldErrors& e, const Value& definition, const Value* old) {
  Names(e, Path("status.acceptedNames"), Sub(Sub(definition, "status"), "acceptedNames"));
  StoredVersions(e, definition);
  CommunityApproval(e, definition, old);
  const bool was = old != nullptr && Flag(Sub(*old, "spec"), "preserveUnknownFields");
  if (!was && Flag(Sub(definition, "spec"), "preserveUnknownFields")) {
    e.Invalid(Path("spec.preserveUnknownFields"), true,
              "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
  }
}

void Create(FieldErrors& e, const Value& definition) {
  const std::string wanted =
      absl::StrCat(definition.GetString("spec.names.plural"), ".", definition.GetString("spec.group"));
  AnyMetadata(e, definition, false, [&](absl::string_view name, bool prefix) {
    Problems problems = SubdomainName(name, prefix);
    if (name != wanted) problems.push_back("must be spec.names.plural+\".\"+spec.group");
    return problems;
  });
  Spec(e, InternalSpec(definition), DefinitionRules());
  Tail(e, definition, nullptr);
}

// What the stored definition already does wrong stays allowed.
DefinitionRules RulesFor(const Value& spec, const Value& old_definition, const Value& old) {
  DefinitionRules rules;
  const Array& versions = Items(old, "versions");
  const Value& conversion = Sub(old, "conversion");
  const Array& reviews = Items(conversion, "conversionReviewVersions");
  rules.known_review_version = reviews.empty() || std::any_of(reviews.begin(), reviews.end(), [](const Value& v) {
                                 return IsReviewVersion(v.as_string());
                               });
  rules.schema_required =
      Sub(old, "validation").Has("openAPIV3Schema") ||
      std::all_of(versions.begin(), versions.end(), [](const Value& v) { return Sub(v, "schema").Has("openAPIV3Schema"); });
  rules.known_types = !AnySchemaOf(old, HasUnknownType);
  rules.structural = !AnyVersionSchema(old, [](const Value& schema) {
    FieldErrors found;
    if (!UnstructuralReason(schema).empty()) return true;
    Structural(found, Path(), schema);
    return !found.empty();
  });
  rules.pruned_defaults = !AnyVersionSchema(old, [](const Value& schema) { return HasUnprunedDefaults(&schema); });
  rules.atomic_sets = !AnySchemaOf(old, HasOpenSet);
  rules.map_keys = !AnySchemaOf(old, [](const Value& schema) {
    FieldErrors found;
    MapListKeys(found, Path(), schema);
    return !found.empty();
  });
  if (IsEstablished(old_definition)) {
    const absl::string_view bundle = Text(Sub(conversion, "webhookClientConfig"), "caBundle");
    FieldErrors found;
    WebhookCaBundle(found, Path(), bundle);
    rules.any_ca_bundle = !bundle.empty() && !found.empty();
  }
  const auto keeps_many = [](const Value& now, const Value& was) {
    return Items(was, "selectableFields").size() > 8 && SameMember(now, was, "selectableFields");
  };
  if (keeps_many(spec, old)) rules.many_selectable_fields.insert("");
  for (const Value& version : Items(spec, "versions")) {
    for (const Value& was : versions) {
      if (Text(was, "name") == Text(version, "name") && keeps_many(version, was)) {
        rules.many_selectable_fields.insert(std::string(Text(version, "name")));
      }
    }
  }
  return rules;
}

void Update(FieldErrors& e, const Value& definition, const Value& old) {
  AnyMetadataUpdate(e, definition, old);
  const Value spec = InternalSpec(definition), old_spec = InternalSpec(old);
  Spec(e, spec, RulesFor(spec, old, old_spec));
  const Path p("spec");
  const auto fixed = [&](absl::string_view dotted) {
    const std::string now = spec.GetString(dotted);
    if (now != old_spec.GetString(dotted)) e.Invalid(p / dotted, now, kImmutable);
  };
  if (IsEstablished(old)) {
    fixed("scope");
    fixed("names.kind");
  }
  fixed("group");
  fixed("names.plural");
  Tail(e, definition, &old);
}

void Status(FieldErrors& e, const Value& definition, const Value& old) {
  AnyMetadataUpdate(e, definition, old);
  Names(e, Path("status.acceptedNames"), Sub(Sub(definition, "status"), "acceptedNames"));
}

// Formats of strings that values are checked for; any other is only a word.
bool KnownFormat(absl::string_view format) {
  static constexpr Strings kFormats = {
      "bsonobjectid", "uri",  "email",      "hostname", "ipv4",     "ipv6",     "cidr", "mac",      "uuid",     "uuid3",
      "uuid4",        "uuid5", "isbn",      "isbn10",   "isbn13",   "creditcard", "ssn", "hexcolor", "rgbcolor", "byte",
      "password",     "date", "duration",   "datetime", "k8sshortname", "k8slongname"};
  return In(absl::StrReplaceAll(format, {{"-", ""}}), kFormats);
}

Texts UnknownFormats(const Value& definition) {
  Texts formats;
  AnySchemaOf(InternalSpec(definition), [&](const Value& schema) {
    const absl::string_view format = Text(schema, "format");
    if (!format.empty() && Text(schema, "type") == "string" && !KnownFormat(format)) formats.emplace_back(format);
    return false;
  });
  return formats;
}

void Warn(Texts& out, const Value& definition, const Value* old, absl::string_view subresource) {
  if (!subresource.empty()) return;
  const Texts known = old == nullptr ? Texts() : UnknownFormats(*old);
  for (const std::string& format : UnknownFormats(definition)) {
    if (std::find(known.begin(), known.end(), format) != known.end()) continue;
    out.push_back(absl::StrCat("unrecognized format ", apimachinery::GoQuote(format)));
  }
}

}  // namespace

absl::Span<const KindRules> DefinitionKinds() {
  static constexpr KindRules kRules[] = {
      {"apiextensions.k8s.io", "CustomResourceDefinition", Create, Update, Status, Warn},
  };
  return kRules;
}

}  // namespace apiserver::validation
