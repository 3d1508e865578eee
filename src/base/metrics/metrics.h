// Counters, gauges and histograms of a process, and their text for /metrics. Thread-safe.
//
// A family is made once, with the names of its labels, and lives as long as the process; its members come into being when
// their label values are first named, that of a family without labels with the family. What is only known when somebody
// looks is written by hand: MetricsWriter.
//
//   auto& requests = *new base::CounterFamily("requests_total", "Requests served.", {"code"});
//   requests.With({"200"}).Add();
#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace base {

class Counter {
 public:
  void Add(double by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by) { value_.fetch_add(by, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(const std::vector<double>& bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}
  void Observe(double value);

 private:
  friend class HistogramFamily;
  const std::vector<double>& bounds_;  // the family's
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

using Labels = absl::Span<const absl::string_view>;

// Writes families in Prometheus' text form.
class MetricsWriter {
 public:
  void Family(absl::string_view name, absl::string_view type, absl::string_view help);  // of the samples that follow
  void Sample(absl::string_view suffix, Labels names, Labels values, double value,
              absl::string_view bound = "", absl::string_view bound_name = "le");  // bound: of a histogram's bucket
  void Sample(double value) { Sample("", {}, {}, value); }
  // All of a histogram: its buckets counted by themselves, the last one of what lies above all bounds.
  void Buckets(Labels names, Labels values, absl::Span<const double> bounds, absl::Span<const double> counts, double sum);
  std::string Take() { return std::move(out_); }

 private:
  std::string out_, name_;
};

class MetricFamily {
 public:
  MetricFamily(absl::string_view name, absl::string_view help, std::vector<absl::string_view> labels);
  virtual ~MetricFamily() = default;
  virtual void Write(MetricsWriter& writer) const = 0;  // nothing while there are no members
  const std::string& name() const { return name_; }

 protected:
  const std::string name_, help_;
  const std::vector<absl::string_view> labels_;  // names are literals
};

template <typename Member>
class MemberFamily : public MetricFamily {
 public:
  using MetricFamily::MetricFamily;
  Member& With(std::initializer_list<absl::string_view> values) { return With(Labels(values)); }
  Member& With(Labels values);

 protected:
  virtual std::unique_ptr<Member> Make() const = 0;
  // Members with their label values, in the order of these; a family without labels always has its one.
  std::vector<std::pair<std::vector<std::string>, Member*>> All() const;

 private:
  Member& FindOrMakeLocked(const std::string& key) const;

  mutable std::mutex mu_;
  mutable absl::flat_hash_map<std::string, std::unique_ptr<Member>> members_;  // key: values joined by a byte that is in none
};

class CounterFamily final : public MemberFamily<Counter> {
 public:
  using MemberFamily::MemberFamily;
  void Write(MetricsWriter& writer) const override;

 protected:
  std::unique_ptr<Counter> Make() const override { return std::make_unique<Counter>(); }
};

class GaugeFamily final : public MemberFamily<Gauge> {
 public:
  using MemberFamily::MemberFamily;
  void Write(MetricsWriter& writer) const override;

 protected:
  std::unique_ptr<Gauge> Make() const override { return std::make_unique<Gauge>(); }
};

class HistogramFamily final : public MemberFamily<Histogram> {
 public:
  HistogramFamily(absl::string_view name, absl::string_view help, std::vector<absl::string_view> labels,
                  std::vector<double> bounds)
      : MemberFamily(name, help, std::move(labels)), bounds_(std::move(bounds)) {}
  void Write(MetricsWriter& writer) const override;

 protected:
  std::unique_ptr<Histogram> Make() const override { return std::make_unique<Histogram>(bounds_); }

 private:
  const std::vector<double> bounds_;
};

// All families that were made, by name.
std::vector<const MetricFamily*> AllMetrics();

extern template class MemberFamily<Counter>;
extern template class MemberFamily<Gauge>;
extern template class MemberFamily<Histogram>;

}  // namespace base
