#include "apimachinery/quota/amounts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace apimachinery::quota {

Amounts AmountsAt(const Value& owner, absl::string_view path) {
  Amounts out;
  for (const auto& [name, amount] : owner.GetObject(path)) {
    if (amount.is_string()) out[name] = Quantity::ParseOrZero(amount.as_string());
  }
  return out;
}

Value ToValue(const Amounts& amounts) {
  Value out = Value::MakeObject();
  for (const auto& [name, amount] : amounts) out.Set(name, amount.ToString());
  return out;
}

void Add(Amounts& to, const Amounts& from) {
  for (const auto& [name, amount] : from) to[name].Add(amount);
}

void Subtract(Amounts& from, const Amounts& what) {
  for (const auto& [name, amount] : what) from[name].Sub(amount);
}

void RaiseTo(Amounts& to, const Amounts& least) {
  for (const auto& [name, amount] : least) {
    const auto [it, fresh] = to.try_emplace(name, amount);
    if (!fresh && it->second < amount) it->second = amount;
  }
}

Amounts Mask(const Amounts& amounts, const Amounts& names) {
  Amounts out;
  for (const auto& [name, amount] : amounts) {
    if (names.contains(name)) out.emplace(name, amount);
  }
  return out;
}

void KeepPositive(Amounts& amounts) {
  std::erase_if(amounts, [](const auto& entry) { return entry.second.Sign() <= 0; });
}

bool Equal(const Amounts& a, const Amounts& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first && x.second == y.second; });
}

std::string Print(const Amounts& amounts) {
  std::string out;
  for (const auto& [name, amount] : amounts) absl::StrAppend(&out, out.empty() ? "" : ",", name, "=", amount.ToString());
  return out;
}

}  // namespace apimachinery::quota
