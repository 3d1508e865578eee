// CertificateSigningRequest, APIService, FlowSchema and PriorityLevelConfiguration.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

// ---- CertificateSigningRequest

void SignerName(FieldErrors& e, const Path& p, absl::string_view name) {
  if (name.empty()) return e.Required(p);
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2) {
    return e.Invalid(p, Value(name),
                     "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (parts[0].size() > 253) e.TooLong(p, 253);
  const std::vector<absl::string_view> domain = absl::StrSplit(parts[0], '.');
  const auto labels = [&](absl::string_view whole, const std::vector<absl::string_view>& list, bool subdomain) {
    for (absl::string_view label : list) {
      const Problems problems =
          subdomain ? apimachinery::IsDns1123Subdomain(label) : apimachinery::IsDns1123Label(label);
      for (const std::string& problem : problems) {
        e.Invalid(p, Value(whole), absl::StrCat("validating label \"", label, "\": ", problem));
      }
      if (!problems.empty()) return;
    }
  };
  labels(parts[0], domain, false);
  if (domain.size() < 2) {
    e.Invalid(p, Value(parts[0]), "should be a domain with at least two segments separated by dots");
  }
  labels(parts[1], absl::StrSplit(parts[1], '.'), true);
  if (name.size() > 253 + 253 + 63 + 2) e.TooLong(p, 253 + 253 + 63 + 2);
}

// Empty: a signed request; else what is wrong with it.
std::string RequestProblem(const std::string& base64) {
  std::string pem;
  absl::Base64Unescape(base64, &pem);
  constexpr char kNot[] = "PEM block type must be CERTIFICATE REQUEST";
  if (!absl::StrContains(pem, "-----BEGIN CERTIFICATE REQUEST-----")) return kNot;
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_REQ* request = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (request == nullptr) return kNot;
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  const bool verified = key != nullptr && X509_REQ_verify(request, key) == 1;
  X509_REQ_free(request);
  return verified ? "" : "x509: signature verification failed";
}

// Empty: certificates in PEM, or nothing at all.
std::string CertificateProblem(const std::string& base64) {
  std::string pem;
  absl::Base64Unescape(base64, &pem);
  if (pem.empty()) return "";
  if (!absl::StrContains(pem, "-----BEGIN ")) return "must contain at least one CERTIFICATE PEM block";
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  int count = 0;
  std::string problem;
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  while (problem.empty() && PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
    ++count;
    const unsigned char* at = data;
    if (absl::string_view(name) != "CERTIFICATE") {
      problem = absl::StrCat("only CERTIFICATE PEM blocks are allowed, found \"", name, "\"");
    } else if (header[0] != '\0') {
      problem = "no PEM block headers are permitted";
    } else if (X509* certificate = d2i_X509(nullptr, &at, length)) {
      X509_free(certificate);
    } else {
      problem = "x509: malformed certificate";
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  BIO_free(bio);
  if (problem.empty() && count == 0) problem = "must contain at least one CERTIFICATE PEM block";
  return problem;
}

Problems AnyName(absl::string_view, bool) { return {}; }

void Request(FieldErrors& e, const Value& csr, const Value* old) {
  Metadata(e, csr, false, AnyName);
  const Path p("spec"), status_path("status");
  const Value& spec = Sub(csr, "spec");
  if (const std::string problem = RequestProblem(std::string(Text(spec, "request"))); !problem.empty()) {
    e.Invalid(p / "request", Value(Text(spec, "request")), problem);
  }
  const Path usages_path = p / "usages";
  const Array& usages = Items(spec, "usages");
  if (usages.empty()) e.Required(usages_path);
  for (size_t i = 0; i < usages.size(); ++i) {
    OneOf(e, usages_path[i], usages[i].as_string(),
          {"any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
           "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system",
           "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc",
           "ocsp signing", "s/mime", "server auth", "signing", "timestamping"});
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < usages.size(); ++i) {
    if (!seen.insert(usages[i].as_string()).second) e.Duplicate(usages_path[i], usages[i]);
  }
  const absl::string_view signer = Text(spec, "signerName");
  if (signer == "kubernetes.io/legacy-unknown" && old == nullptr) {
    e.Invalid(p / "signerName", Value(signer), "the legacy signerName is not allowed via this API version");
  } else {
    SignerName(e, p / "signerName", signer);
  }
  if (const Value* seconds = spec.Find("expirationSeconds"); seconds && seconds->as_int() < 600) {
    e.Invalid(p / "expirationSeconds", *seconds, "may not specify a duration less than 600 seconds (10 minutes)");
  }
  const Path conditions_path = status_path / "conditions";
  const Array& conditions = Items(Sub(csr, "status"), "conditions");
  bool approved = false, denied = false;
  std::set<std::string> types;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = conditions_path[i];
    const absl::string_view type = Text(conditions[i], "type"), status = Text(conditions[i], "status");
    if (type.empty()) e.Required(at / "type");
    if (In(type, {"Approved", "Denied", "Failed"})) {
      RequiredOneOf(e, at / "status", status, {"True"});
    } else {
      RequiredOneOf(e, at / "status", status, {"False", "True", "Unknown"});
    }
    approved = approved || type == "Approved";
    denied = denied || type == "Denied";
    if ((type == "Approved" && denied) || (type == "Denied" && approved)) {
      e.Invalid(conditions_path, Value(type), "Approved and Denied conditions are mutually exclusive");
    }
    if (!types.insert(std::string(type)).second) e.Duplicate(at / "type", Value(type));
  }
  const std::string certificate = csr.GetString("status.certificate");
  if (old == nullptr || old->GetString("status.certificate") != certificate) {
    if (const std::string problem = CertificateProblem(certificate); !problem.empty()) {
      e.Invalid(status_path / "certificate", "<certificate data>", problem);
    }
  }
}

int Count(const Value& csr, absl::string_view type) {
  const Array& conditions = Items(Sub(csr, "status"), "conditions");
  return static_cast<int>(std::count_if(conditions.begin(), conditions.end(),
                                        [&](const Value& c) { return Text(c, "type") == type; }));
}

void RequestChange(FieldErrors& e, const Value& csr, const Value& old, bool may_sign) {
  Request(e, csr, &old);
  const Path conditions("status.conditions"), certificate("status.certificate");
  for (const char* type : {"Approved", "Denied", "Failed"}) {
    if (Count(csr, type) < Count(old, type)) {
      e.Forbidden(conditions, absl::StrCat("updates may not remove a condition of type \"", type, "\""));
    }
  }
  for (const char* type : {"Approved", "Denied"}) {
    if (Count(csr, type) > Count(old, type)) {
      e.Forbidden(conditions, absl::StrCat("updates may not add a condition of type \"", type, "\""));
    }
  }
  const std::string now = csr.GetString("status.certificate"), was = old.GetString("status.certificate");
  if (now != was) {
    if (!may_sign) {
      e.Forbidden(certificate, "updates may not set certificate content");
    } else if (!was.empty()) {
      e.Forbidden(certificate, "updates may not modify existing certificate content");
    }
  }
  MetadataUpdate(e, csr, old);
}

void RequestCreate(FieldErrors& e, const Value& csr) { Request(e, csr, nullptr); }
void RequestUpdate(FieldErrors& e, const Value& csr, const Value& old) { RequestChange(e, csr, old, false); }
void RequestStatus(FieldErrors& e, const Value& csr, const Value& old) { RequestChange(e, csr, old, true); }

// ---- APIService

void ApiServiceBody(FieldErrors& e, const Value& object) {
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view group = Text(spec, "group"), version = Text(spec, "version");
  if (group.empty() && version != "v1") {
    e.Required(p / "group", "only v1 may have an empty group and it better be legacy kube");
  }
  if (!group.empty()) Named(e, p / "group", group, apimachinery::IsDns1123Subdomain(group));
  Named(e, p / "version", version, apimachinery::IsDns1035Label(version));
  const int64_t group_priority = Int(spec, "groupPriorityMinimum"), priority = Int(spec, "versionPriority");
  if (group_priority <= 0 || group_priority > 20000) {
    e.Invalid(p / "groupPriorityMinimum", group_priority, "must be positive and less than 20000");
  }
  if (priority <= 0 || priority > 1000) {
    e.Invalid(p / "versionPriority", priority, "must be positive and less than 1000");
  }
  const Value* service = spec.Find("service");
  const bool bundle = !Text(spec, "caBundle").empty(), insecure = Flag(spec, "insecureSkipTLSVerify");
  if (service == nullptr) {
    if (bundle) {
      std::string bytes;
      absl::Base64Unescape(Text(spec, "caBundle"), &bytes);
      e.Invalid(p / "caBundle", absl::StrCat(bytes.size(), " bytes"), "local APIServices may not have a caBundle");
    }
    if (insecure) {
      e.Invalid(p / "insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
    }
    return;
  }
  if (Text(*service, "namespace").empty()) e.Required(p / "service.namespace");
  if (Text(*service, "name").empty()) e.Required(p / "service.name");
  const Problems problems = apimachinery::IsValidPortNum(Int(*service, "port"));
  if (!problems.empty()) {
    e.Invalid(p / "service.port", Int(*service, "port"),
              absl::StrCat("port is not valid: ", absl::StrJoin(problems, ", ")));
  }
  if (insecure && bundle) e.Invalid(p / "insecureSkipTLSVerify", true, "may not be true if caBundle is present");
}

void ApiServiceCreate(FieldErrors& e, const Value& object) {
  FieldErrors metadata;
  Metadata(metadata, object, false, PathSegmentName);
  const std::string name = object.GetString("metadata.name");
  const std::string wanted = absl::StrCat(object.GetString("spec.version"), ".", object.GetString("spec.group"));
  const std::string text = absl::StrCat("must be `spec.version+\".\"+spec.group`: \"", wanted, "\"");
  if (const std::string generate = object.GetString("metadata.generateName"); !generate.empty() && generate != wanted) {
    e.Invalid(Path("metadata.generateName"), generate, text);
  }
  if (!name.empty() && name != wanted && PathSegmentName(name, false).empty()) e.Invalid(Path("metadata.name"), name, text);
  e.Append(std::move(metadata));
  ApiServiceBody(e, object);
}
void ApiServiceUpdate(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  ApiServiceCreate(e, object);
}
void ApiServiceStatus(FieldErrors& e, const Value& object, const Value& old) {
  MetadataUpdate(e, object, old);
  const Path p("status.conditions");
  const Array& conditions = Items(Sub(object, "status"), "conditions");
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    OneOf(e, at / "status", Text(conditions[i], "status"), {"True", "False", "Unknown"});
  }
}

// ---- Flow control

bool HasStar(const Array& items) {
  return std::any_of(items.begin(), items.end(), [](const Value& v) { return v.as_string() == "*"; });
}

void Verbs(FieldErrors& e, const Path& p, const Value& rule) {
  const Array& verbs = Items(rule, "verbs");
  static constexpr Strings kVerbs = {"create", "delete", "deletecollection", "get", "list",
                                     "patch",  "proxy",  "update",           "watch"};
  if (verbs.empty()) {
    e.Required(p / "verbs", "verbs must contain at least one value");
  } else if (HasStar(verbs)) {
    if (verbs.size() > 1) {
      e.Invalid(p / "verbs", Get(rule, "verbs"), "if '*' is present, must not specify other verbs");
    }
  } else if (!std::all_of(verbs.begin(), verbs.end(), [](const Value& v) { return In(v.as_string(), kVerbs); })) {
    e.NotSupported(p / "verbs", Get(rule, "verbs"), absl::MakeConstSpan(kVerbs.begin(), kVerbs.size()));
  }
}

void StarAlone(FieldErrors& e, const Path& p, const Value& rule, absl::string_view key, const char* none,
               const char* others) {
  const Array& items = Items(rule, key);
  if (items.empty()) {
    e.Required(p / key, none);
  } else if (items.size() > 1 && HasStar(items)) {
    e.Invalid(p / key, Get(rule, key), others);
  }
}

void UrlPath(FieldErrors& e, const Path& p, const std::string& path) {
  if (path.empty()) return e.Invalid(p, path, "must not be empty");
  if (path == "/") return;
  if (path[0] != '/') return e.Invalid(p, path, "must start with slash");
  if (absl::StrContains(path, " ")) return e.Invalid(p, path, "must not contain white-space");
  if (absl::StrContains(path, "//")) return e.Invalid(p, path, "must not contain double slash");
  const auto stars = std::count(path.begin(), path.end(), '*');
  if (stars > 1 || (stars == 1 && !absl::EndsWith(path, "/*"))) e.Invalid(p, path, "wildcard can only do suffix matching");
}

void FlowSubject(FieldErrors& e, const Path& p, const Value& subject) {
  const absl::string_view kind = Text(subject, "kind");
  const std::pair<const char*, const char*> members[] = {
      {"ServiceAccount", "serviceAccount"}, {"User", "user"}, {"Group", "group"}};
  if (!In(kind, {"ServiceAccount", "User", "Group"})) {
    return OneOf(e, p / "kind", kind, {"Group", "ServiceAccount", "User"});
  }
  for (const auto& [name, member] : members) {
    if (kind != name) continue;
    const Path at = p / member;
    const Value* value = subject.Find(member);
    if (value == nullptr) {
      e.Required(at, absl::StrCat(member, " is required when subject kind is '", name, "'"));
      break;
    }
    const absl::string_view who = Text(*value, "name");
    if (who.empty()) {
      e.Required(at / "name");
    } else if (kind == "ServiceAccount" && who != "*") {
      Named(e, at / "name", who, SubdomainName(who, false));
    }
    if (kind == "ServiceAccount") {
      const absl::string_view ns = Text(*value, "namespace");
      if (ns.empty()) {
        e.Required(at / "namespace", "must specify namespace for service account");
      } else {
        Named(e, at / "namespace", ns, apimachinery::IsDns1123Label(ns));
      }
    }
  }
  // The others, in upstream's order for each kind.
  const std::vector<int> order = kind == "ServiceAccount" ? std::vector<int>{1, 2}
                                 : kind == "User"         ? std::vector<int>{0, 2}
                                                          : std::vector<int>{0, 1};
  for (int i : order) {
    const auto& [name, member] = members[i];
    if (!subject.Has(member)) continue;
    e.Forbidden(p / member, absl::StrCat(member, " is forbidden when subject kind is not '", name, "'"));
  }
}

void FlowConditions(FieldErrors& e, const Value& object) {
  const Path p("status.conditions");
  const Array& conditions = Items(Sub(object, "status"), "conditions");
  std::set<std::string> seen;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Path at = p[i];
    const std::string type(Text(conditions[i], "type"));
    if (!seen.insert(type).second) e.Duplicate(at / "type", type);
    if (type.empty()) e.Required(at / "type");
  }
}

void FlowSchemaCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const int64_t precedence = Int(spec, "matchingPrecedence");
  if (precedence <= 0) e.Invalid(p / "matchingPrecedence", precedence, "must be a positive value");
  if (precedence > 10000) e.Invalid(p / "matchingPrecedence", precedence, "must not be greater than 10000");
  if (precedence == 1 && object.GetString("metadata.name") != "exempt") {
    e.Invalid(p / "matchingPrecedence", precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  if (const Value* method = spec.Find("distinguisherMethod")) {
    const absl::string_view type = Text(*method, "type");
    if (!In(type, {"ByNamespace", "ByUser"})) {
      Value shown = Value::MakeObject();  // as upstream prints its inner type
      shown.Set("Type", Value(type));
      e.NotSupported(p / "distinguisherMethod.type", shown, {"ByNamespace", "ByUser"});
    }
  }
  const absl::string_view level = Text(Sub(spec, "priorityLevelConfiguration"), "name");
  if (level.empty()) {
    e.Required(p / "priorityLevelConfiguration.name", "must reference a priority level");
  } else {
    Named(e, p / "priorityLevelConfiguration.name", level, SubdomainName(level, false));
  }
  const Path rules_path = p / "rules";
  const Array& rules = Items(spec, "rules");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = rules_path[i];
    const Path subjects = at / "subjects", resource_path = at / "resourceRules", other_path = at / "nonResourceRules";
    if (Items(rules[i], "subjects").empty()) e.Required(subjects, "subjects must contain at least one value");
    for (size_t k = 0; k < Items(rules[i], "subjects").size(); ++k) {
      FlowSubject(e, subjects[k], Items(rules[i], "subjects")[k]);
    }
    const Array& resource_rules = Items(rules[i], "resourceRules");
    const Array& other_rules = Items(rules[i], "nonResourceRules");
    if (resource_rules.empty() && other_rules.empty()) {
      e.Required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    for (size_t k = 0; k < resource_rules.size(); ++k) {
      const Path here = resource_path[k];
      const Value& rule = resource_rules[k];
      Verbs(e, here, rule);
      StarAlone(e, here, rule, "apiGroups", "resource rules must supply at least one api group",
                "if '*' is present, must not specify other api groups");
      StarAlone(e, here, rule, "resources", "resource rules must supply at least one resource",
                "if '*' is present, must not specify other resources");
      const Array& spaces = Items(rule, "namespaces");
      const Path spaces_path = here / "namespaces";
      if (spaces.empty() && !Flag(rule, "clusterScope")) {
        e.Required(spaces_path, "resource rules that are not cluster scoped must supply at least one namespace");
      } else if (HasStar(spaces)) {
        if (spaces.size() > 1) {
          e.Invalid(spaces_path, Get(rule, "namespaces"), "if '*' is present, must not specify other namespaces");
        }
      } else {
        for (size_t n = 0; n < spaces.size(); ++n) {
          for (const std::string& problem : apimachinery::IsDns1123Label(spaces[n].as_string())) {
            e.Invalid(spaces_path[n], spaces[n],
                      absl::StrCat("each member of this list must be '*' or a DNS-1123 label; ", problem));
          }
        }
      }
    }
    for (size_t k = 0; k < other_rules.size(); ++k) {
      const Path here = other_path[k];
      const Value& rule = other_rules[k];
      Verbs(e, here, rule);
      const Array& urls = Items(rule, "nonResourceURLs");
      const Path urls_path = here / "nonResourceURLs";
      if (urls.empty()) {
        e.Required(urls_path, "nonResourceURLs must contain at least one value");
      } else if (HasStar(urls)) {
        if (urls.size() > 1) {
          e.Invalid(urls_path, Get(rule, "nonResourceURLs"),
                    "if '*' is present, must not specify other non-resource URLs");
        }
      } else {
        for (size_t n = 0; n < urls.size(); ++n) UrlPath(e, urls_path[n], urls[n].as_string());
      }
    }
  }
  FlowConditions(e, object);
}
void FlowSchemaUpdate(FieldErrors& e, const Value& object, const Value&) { FlowSchemaCreate(e, object); }
void FlowStatus(FieldErrors& e, const Value& object, const Value&) { FlowConditions(e, object); }

void Percent(FieldErrors& e, const Path& p, const Value& level) {
  const Value* percent = level.Find("lendablePercent");
  if (percent != nullptr && (percent->as_int() < 0 || percent->as_int() > 100)) {
    e.Invalid(p / "lendablePercent", *percent, RangeText(0, 100));
  }
}

// Bits of hash that dealing `hand` cards from a deck of `deck` takes.
int EntropyBits(int64_t deck, int64_t hand) {
  double bits = 0;
  for (int64_t i = 0; i < hand; ++i) bits += std::log2(static_cast<double>(deck - i));
  return static_cast<int>(std::ceil(bits));
}

void PriorityLevelCreate(FieldErrors& e, const Value& object) {
  Metadata(e, object, false, SubdomainName);
  constexpr char kPreserve[] = "flowcontrol.k8s.io/preserve-zero-concurrency-shares";
  if (Sub(Sub(object, "metadata"), "annotations").Has(kPreserve)) {
    e.Forbidden(Path("metadata.annotations"), absl::StrCat("annotation '", kPreserve, "' is forbidden"));
  }
  const Path p("spec");
  const Value& spec = Sub(object, "spec");
  const absl::string_view type = Text(spec, "type");
  const Value* exempt = spec.Find("exempt");
  const Value* limited = spec.Find("limited");
  if ((object.GetString("metadata.name") == "exempt") != (type == "Exempt")) {
    e.Invalid(p / "type", Value(type), "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  if (type == "Exempt") {
    if (limited != nullptr) e.Forbidden(p / "limited", "must be nil if the type is not Limited");
    if (exempt != nullptr) {
      const Path at = p / "exempt";
      if (Int(*exempt, "nominalConcurrencyShares") < 0) {
        e.Invalid(at / "nominalConcurrencyShares", Int(*exempt, "nominalConcurrencyShares"),
                  "must be a non-negative integer");
      }
      Percent(e, at, *exempt);
    }
  } else if (type == "Limited") {
    if (exempt != nullptr) e.Forbidden(p / "exempt", "must be nil if the type is Limited");
    const Path at = p / "limited";
    if (limited == nullptr) {
      e.Required(at, "must not be empty when type is Limited");
    } else {
      if (Int(*limited, "nominalConcurrencyShares") < 0) {
        e.Invalid(at / "nominalConcurrencyShares", Int(*limited, "nominalConcurrencyShares"),
                  "must be a non-negative integer");
      }
      const Value& response = Sub(*limited, "limitResponse");
      const Path response_path = at / "limitResponse";
      const absl::string_view kind = Text(response, "type");
      const Value* queuing = response.Find("queuing");
      const Path queuing_path = response_path / "queuing";
      if (kind == "Reject") {
        if (queuing != nullptr) {
          e.Forbidden(queuing_path, "must be nil if limited.limitResponse.type is not Limited");
        }
      } else if (kind == "Queue") {
        if (queuing == nullptr) {
          e.Required(queuing_path, "must not be empty if limited.limitResponse.type is Limited");
        } else {
          const int64_t length = Int(*queuing, "queueLengthLimit"), queues = Int(*queuing, "queues"),
                        hand = Int(*queuing, "handSize");
          if (length <= 0) e.Invalid(queuing_path / "queueLengthLimit", length, "must be positive");
          if (queues <= 0) {
            e.Invalid(queuing_path / "queues", queues, "must be positive");
          } else if (queues > 10000000) {
            e.Invalid(queuing_path / "queues", queues, "must not be greater than 10000000");
          }
          if (hand <= 0) {
            e.Invalid(queuing_path / "handSize", hand, "must be positive");
          } else if (hand > queues) {
            e.Invalid(queuing_path / "handSize", hand, absl::StrCat("should not be greater than queues (", queues, ")"));
          } else if (EntropyBits(queues, std::min<int64_t>(hand, 1000)) > 60) {
            e.Invalid(queuing_path / "handSize", hand,
                      absl::StrCat("required entropy bits of deckSize ", queues, " and handSize ", hand,
                                   " should not be greater than 60"));
          }
        }
      } else {
        OneOf(e, response_path / "type", kind, {"Queue", "Reject"});
      }
      Percent(e, at, *limited);
      if (const Value* percent = limited->Find("borrowingLimitPercent"); percent && percent->as_int() < 0) {
        e.Invalid(at / "borrowingLimitPercent", *percent, "if specified, must be a non-negative integer");
      }
    }
  } else {
    OneOf(e, p / "type", type, {"Exempt", "Limited"});
  }
  FlowConditions(e, object);
}
void PriorityLevelUpdate(FieldErrors& e, const Value& object, const Value&) { PriorityLevelCreate(e, object); }

}  // namespace

void CertificateApproval(FieldErrors& e, const Value& csr, const Value& old) {
  Request(e, csr, &old);
  for (const char* type : {"Approved", "Denied", "Failed"}) {
    if (Count(csr, type) < Count(old, type)) {
      e.Forbidden(Path("status.conditions"), absl::StrCat("updates may not remove a condition of type \"", type, "\""));
    }
  }
  if (csr.GetString("status.certificate") != old.GetString("status.certificate")) {
    e.Forbidden(Path("status.certificate"), "updates may not set certificate content");
  }
  MetadataUpdate(e, csr, old);
}

absl::Span<const KindRules> ExtensionKinds() {
  static constexpr KindRules kRules[] = {
      {"certificates.k8s.io", "CertificateSigningRequest", RequestCreate, RequestUpdate, RequestStatus},
      {"apiregistration.k8s.io", "APIService", ApiServiceCreate, ApiServiceUpdate, ApiServiceStatus},
      {"flowcontrol.apiserver.k8s.io", "FlowSchema", FlowSchemaCreate, FlowSchemaUpdate, FlowStatus},
      {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", PriorityLevelCreate, PriorityLevelUpdate, FlowStatus},
  };
  return kRules;
}

}  // namespace apiserver::validation
