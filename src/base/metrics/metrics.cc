#include "base/metrics/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/metrics/member_family.h"
#include "base/metrics/stability.h"

namespace base {
namespace {

struct Families {
  std::mutex mu;
  std::map<std::string, const MetricFamily*> by_name;
};

Families& All() {
  static auto* const all = new Families;
  return *all;
}

// As Go does: the fewest digits that say it exactly, with an exponent below 1e-4 and from 1e+06.
void AppendNumber(double value, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
    return;
  }
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, plain ? std::chars_format::fixed : std::chars_format::scientific);
  out->append(text, end.ptr);
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
  const absl::string_view stability = StabilityOf(name);
  absl::StrAppend(&out_, "# HELP ", name, " ");
  if (!stability.empty()) absl::StrAppend(&out_, "[", stability, "] ");
  absl::StrAppend(&out_, help, "\n# TYPE ", name, " ", type, "\n");
}

void MetricsWriter::Sample(absl::string_view suffix, Labels names, Labels values, double value, absl::string_view bound,
                           absl::string_view bound_name) {
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
  if (!bound.empty()) label(bound_name, bound);
  if (open == ',') out_.push_back('}');
  out_.push_back(' ');
  AppendNumber(value, &out_);
  out_.push_back('\n');
}

void MetricsWriter::Buckets(Labels names, Labels values, absl::Span<const double> bounds, absl::Span<const double> counts,
                            double sum) {
  double total = 0;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    total += counts[i];
    std::string bound = "+Inf";
    if (i < bounds.size()) {
      bound.clear();
      AppendNumber(bounds[i], &bound);
    }
    Sample("_bucket", names, values, total, bound);
  }
  Sample("_sum", names, values, sum);
  Sample("_count", names, values, total);
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
    const std::vector<double> counts(histogram->counts_.begin(), histogram->counts_.end());
    writer.Buckets(labels_, views, bounds_, counts, histogram->sum_.load(std::memory_order_relaxed));
  }
}

}  // namespace base
