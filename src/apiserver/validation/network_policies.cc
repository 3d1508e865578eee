// NetworkPolicy.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apiserver/validation/kinds.h"

namespace apiserver::validation {
namespace {

void PolicyPort(FieldErrors& e, const Path& p, const Value& port) {
  if (port.Has("protocol") && !In(Text(port, "protocol"), {"TCP", "UDP", "SCTP"})) {
    OneOf(e, p / "protocol", Text(port, "protocol"), {"TCP", "UDP", "SCTP"});
  }
  const Value* number = port.Find("port");
  const Value* end = port.Find("endPort");
  if (number == nullptr) {
    if (end != nullptr) e.Invalid(p / "endPort", *end, "may not be specified when `port` is not specified");
  } else if (number->is_int()) {
    PortNumber(e, p / "port", number->as_int());
    if (end == nullptr) return;
    if (end->as_int() < number->as_int()) {
      e.Invalid(p / "endPort", *number, "must be greater than or equal to `port`");
    }
    PortNumber(e, p / "endPort", end->as_int());
  } else {
    if (end != nullptr) e.Invalid(p / "endPort", *end, "may not be specified when `port` is non-numeric");
    PortNumberOrName(e, p / "port", *number);
  }
}

void IpBlock(FieldErrors& e, const Path& p, const Value& block) {
  const absl::string_view cidr = Text(block, "cidr");
  if (cidr.empty()) return e.Required(p / "cidr");
  LegacyCidr(e, p / "cidr", cidr);
  int family = 0;
  std::string network;
  if (!ParseCidr(cidr, &family, &network)) return;
  const Path except = p / "except";
  const Array& items = Items(block, "except");
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string& text = items[i].as_string();
    LegacyCidr(e, except[i], text);
    int own_family = 0;
    if (!ParseCidr(text, &own_family)) continue;
    const auto bits = [](absl::string_view c) {
      int n = 0;
      return absl::SimpleAtoi(c.substr(c.find('/') + 1), &n) ? n : 0;
    };
    // Inside when the address, cut to the block's length, is the block.
    std::string cut;
    ParseCidr(absl::StrCat(text.substr(0, text.find('/')), "/", std::min(bits(cidr), own_family == 4 ? 32 : 128)),
              nullptr, &cut);
    if (own_family != family || cut != network || bits(cidr) >= bits(text)) {
      e.Invalid(except[i], text, "must be a strict subset of `cidr`");
    }
  }
}

void PolicyPeer(FieldErrors& e, const Path& p, const Value& peer) {
  int count = 0;
  for (const char* key : {"podSelector", "namespaceSelector"}) {
    if (!peer.Has(key)) continue;
    ++count;
    LabelSelectorObject(e, p / key, peer.Find(key));
  }
  const Value* block = peer.Find("ipBlock");
  if (block != nullptr) {
    ++count;
    IpBlock(e, p / "ipBlock", *block);
  }
  if (count == 0) {
    e.Required(p, "must specify a peer");
  } else if (count > 1 && block != nullptr) {
    e.Forbidden(p, "may not specify both ipBlock and another peer");
  }
}

void PolicySpec(FieldErrors& e, const Value& policy) {
  const Path p("spec");
  const Value& spec = Sub(policy, "spec");
  LabelSelectorObject(e, p / "podSelector", spec.Find("podSelector"));
  const std::pair<const char*, const char*> sides[] = {{"ingress", "from"}, {"egress", "to"}};
  for (const auto& [side, peers] : sides) {
    const Path rules = p / side;
    for (size_t i = 0; i < Items(spec, side).size(); ++i) {
      const Value& rule = Items(spec, side)[i];
      const Path at = rules[i];
      const Path ports_path = at / "ports", peers_path = at / peers;
      for (size_t k = 0; k < Items(rule, "ports").size(); ++k) PolicyPort(e, ports_path[k], Items(rule, "ports")[k]);
      for (size_t k = 0; k < Items(rule, peers).size(); ++k) PolicyPeer(e, peers_path[k], Items(rule, peers)[k]);
    }
  }
  const Path types_path = p / "policyTypes";
  const Array& types = Items(spec, "policyTypes");
  if (types.size() > 2) return e.Invalid(types_path, Get(spec, "policyTypes"), "may not specify more than two policyTypes");
  for (size_t i = 0; i < types.size(); ++i) OneOf(e, types_path[i], types[i].as_string(), {"Ingress", "Egress"});
}

void PolicyCreate(FieldErrors& e, const Value& policy) {
  Metadata(e, policy, true, SubdomainName);
  PolicySpec(e, policy);
}
void PolicyUpdate(FieldErrors& e, const Value& policy, const Value& old) {
  MetadataUpdate(e, policy, old);
  PolicySpec(e, policy);
}

// Rules have peers, peers may have addresses.
void PolicyWarn(Texts& out, const Value& policy, const Value*, absl::string_view) {
  const Path p("spec");
  const Value& spec = Sub(policy, "spec");
  const std::pair<const char*, const char*> sides[] = {{"ingress", "from"}, {"egress", "to"}};
  for (const auto& [side, peers] : sides) {
    const Path rules = p / side;
    for (size_t i = 0; i < Items(spec, side).size(); ++i) {
      const Path rule = rules[i];
      const Path list = rule / peers;
      const Array& items = Items(Items(spec, side)[i], peers);
      for (size_t k = 0; k < items.size(); ++k) {
        const Value* block = items[k].Find("ipBlock");
        if (block == nullptr) continue;
        const Path peer = list[k];
        const Path at = peer / "ipBlock";
        const Path except = at / "except";
        WarnOfCidr(out, at / "cidr", Text(*block, "cidr"));
        const Array& exceptions = Items(*block, "except");
        for (size_t n = 0; n < exceptions.size(); ++n) WarnOfCidr(out, except[n], exceptions[n].as_string());
      }
    }
  }
}

}  // namespace

absl::Span<const KindRules> NetworkPolicyKinds() {
  static constexpr KindRules kRules[] = {
      {"networking.k8s.io", "NetworkPolicy", PolicyCreate, PolicyUpdate, nullptr, PolicyWarn},
  };
  return kRules;
}

}  // namespace apiserver::validation
