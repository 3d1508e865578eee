#include "base/metrics/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace base {
namespace {

constexpr char kSeparator = '\xff';  // in no UTF-8 text

struct Families {
  std::mutex mu;
  std::map<std::string, const MetricFamily*> by_name;
};

Families& All() {
  static auto* const all = new Families;
  return *all;
}

void AppendNumber(double value, std::string* out) {
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
  } else if (value == std::floor(value) && std::abs(value) < 1e15) {
    absl::StrAppend(out, static_cast<int64_t>(value));
  } else {
    char text[32];
    const int n = snprintf(text, sizeof text, "%.12g", value);
    out->append(text, static_cast<size_t>(n));
  }
}

void AppendEscaped(absl::string_view text, std::string* out) {
  for (const char c : text) {
    if (c == '\\' || c == '"') out->push_back('\\');
    if (c == '\n') {
      out->append("\\n");
    } else {
      out->push_back(c);
    }
  }
}

}  // namespace

void Histogram::Observe(double value) {
  const size_t i = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

void MetricsWriter::Family(absl::string_view name, absl::string_view type, absl::string_view help) {
  name_ = std::string(name);
  absl::StrAppend(&out_, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void MetricsWriter::Sample(absl::string_view suffix, Labels names, Labels values, double value, absl::string_view bound) {
  absl::StrAppend(&out_, name_, suffix);
  char open = '{';
  const auto label = [&](absl::string_view name, absl::string_view text) {
    out_.push_back(open);
    absl::StrAppend(&out_, name, "=\"");
    AppendEscaped(text, &out_);
    out_.push_back('"');
    open = ',';
  };
  for (size_t i = 0; i < names.size() && i < values.size(); ++i) label(names[i], values[i]);
  if (!bound.empty()) label("le", bound);
  if (open == ',') out_.push_back('}');
  out_.push_back(' ');
  AppendNumber(value, &out_);
  out_.push_back('\n');
}

MetricFamily::MetricFamily(absl::string_view name, absl::string_view help, std::vector<absl::string_view> labels)
    : name_(name), help_(help), labels_(std::move(labels)) {
  Families& all = All();
  const std::lock_guard lock(all.mu);
  all.by_name.emplace(name_, this);
}

std::vector<const MetricFamily*> AllMetrics() {
  Families& all = All();
  const std::lock_guard lock(all.mu);
  std::vector<const MetricFamily*> list;
  for (const auto& [name, family] : all.by_name) list.push_back(family);
  return list;
}

template <typename Member>
Member& MemberFamily<Member>::With(Labels values) {
  thread_local std::string key;
  key.clear();
  for (const absl::string_view value : values) {
    key.append(value.data(), value.size());
    key.push_back(kSeparator);
  }
  const std::lock_guard lock(mu_);
  const auto found = members_.find(key);
  if (found != members_.end()) return *found->second;
  return *members_.emplace(key, Make()).first->second;
}

template <typename Member>
std::vector<std::pair<std::vector<std::string>, const Member*>> MemberFamily<Member>::All() const {
  std::vector<std::pair<std::vector<std::string>, const Member*>> list;
  const std::lock_guard lock(mu_);
  for (const auto& [key, member] : members_) {
    std::vector<std::string> values = absl::StrSplit(key, kSeparator);
    values.pop_back();
    list.emplace_back(std::move(values), member.get());
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return list;
}

template class MemberFamily<Counter>;
template class MemberFamily<Gauge>;
template class MemberFamily<Histogram>;

void CounterFamily::Write(MetricsWriter& writer) const {
  const auto all = All();
  if (all.empty()) return;
  writer.Family(name_, "counter", help_);
  for (const auto& [values, counter] : all) {
    const std::vector<absl::string_view> views(values.begin(), values.end());
    writer.Sample("", labels_, views, counter->value());
  }
}

void GaugeFamily::Write(MetricsWriter& writer) const {
  const auto all = All();
  if (all.empty()) return;
  writer.Family(name_, "gauge", help_);
  for (const auto& [values, gauge] : all) {
    const std::vector<absl::string_view> views(values.begin(), values.end());
    writer.Sample("", labels_, views, gauge->value());
  }
}

void HistogramFamily::Write(MetricsWriter& writer) const {
  const auto all = All();
  if (all.empty()) return;
  writer.Family(name_, "histogram", help_);
  for (const auto& [values, histogram] : all) {
    const std::vector<absl::string_view> views(values.begin(), values.end());
    uint64_t total = 0;
    for (size_t i = 0; i <= bounds_.size(); ++i) {
      total += histogram->counts_[i].load(std::memory_order_relaxed);
      std::string bound = "+Inf";
      if (i < bounds_.size()) {
        bound.clear();
        AppendNumber(bounds_[i], &bound);
      }
      writer.Sample("_bucket", labels_, views, static_cast<double>(total), bound);
    }
    writer.Sample("_sum", labels_, views, histogram->sum_.load(std::memory_order_relaxed));
    writer.Sample("_count", labels_, views, static_cast<double>(total));
  }
}

}  // namespace base
