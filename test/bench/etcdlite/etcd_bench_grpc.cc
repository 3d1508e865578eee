// Measures put, get and range of any etcd v3 server: N clients, each with one request at a time, over a few connections.
// Prints one JSON line: rate, latency percentiles and, given its process, the server's CPU per request.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/rng.h"
#include "etcd/kv.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

// User and system seconds of a process so far.
double CpuSeconds(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t close = text.rfind(')');
  if (close == std::string::npos) return 0;
  std::istringstream rest(text.substr(close + 2));
  std::string field;
  double ticks = 0;
  for (int i = 3; rest >> field && i <= 15; ++i) {
    if (i == 14 || i == 15) ticks += std::stod(field);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

int64_t RssKilobytes(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoll(line.substr(6));
  }
  return 0;
}

struct Options {
  std::string endpoint = "127.0.0.1:2379", op = "put", name = "etcdlite";
  int clients = 1, pid = 0, value_bytes = 256, keys = 10000, range_keys = 100;
  double seconds = 5;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), rng_(7), value_(options.value_bytes, 'x') {
    const int connections = std::min(options.clients, 8);
    for (int i = 0; i < connections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      arguments.SetMaxReceiveMessageSize(-1);
      stubs_.push_back(std::make_unique<grpc::GenericStub>(
          grpc::CreateCustomChannel(options.endpoint, grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  int Run() {
    if (options_.op != "put") Fill();
    const double cpu_before = options_.pid != 0 ? CpuSeconds(options_.pid) : 0;
    const Clock::time_point started = Clock::now();
    Loop(options_.op, started + std::chrono::microseconds(static_cast<int64_t>(options_.seconds * 1e6)), INT64_MAX);
    const double took = std::chrono::duration<double>(Clock::now() - started).count();
    const double cpu = options_.pid != 0 ? CpuSeconds(options_.pid) - cpu_before : 0;
    std::sort(latencies_.begin(), latencies_.end());
    const double count = static_cast<double>(latencies_.size());
    if (latencies_.empty() || failures_ > 0) std::fprintf(stderr, "%ld requests failed: %s\n", failures_, failure_.c_str());
    if (latencies_.empty()) return 1;
    std::printf("%s\n", absl::StrFormat(
        "{\"bench\":\"etcd.%s\",\"server\":\"%s\",\"clients\":%d,\"per_second\":%.0f,\"p50_us\":%d,\"p99_us\":%d,"
        "\"server_cpu_us\":%.1f,\"server_rss_kb\":%d,\"failures\":%d}",
        options_.op, options_.name, options_.clients, count / took, latencies_[latencies_.size() / 2],
        latencies_[latencies_.size() * 99 / 100], cpu * 1e6 / count, options_.pid != 0 ? RssKilobytes(options_.pid) : 0, failures_).c_str());
    return failures_ == 0 ? 0 : 1;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
    Clock::time_point sent;
    int client;
  };

  std::string Key(int64_t i) const { return absl::StrFormat("bench/%08d", i); }

  void Issue(const std::string& op, int client, int64_t number) {
    std::string body;
    const char* path = "/etcdserverpb.KV/Range";
    const int64_t at = number >= 0 ? number : static_cast<int64_t>(rng_.Below(options_.keys));
    if (op == "put") {
      etcdserverpb::PutRequest put;
      put.set_key(Key(at));
      put.set_value(value_);
      body = put.SerializeAsString();
      path = "/etcdserverpb.KV/Put";
    } else {
      etcdserverpb::RangeRequest get;
      get.set_key(Key(at));
      if (op == "range") {
        get.set_range_end("bench0");
        get.set_limit(options_.range_keys);
      }
      body = get.SerializeAsString();
    }
    auto* call = new Call;
    call->client = client;
    call->sent = Clock::now();
    const grpc::Slice slice(body);
    call->reader = stubs_[client % stubs_.size()]->PrepareUnaryCall(&call->context, path, grpc::ByteBuffer(&slice, 1), &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  }

  void Fill() {  // every key once
    const std::vector<int64_t> none;
    sequential_ = true;
    Loop("put", Clock::time_point::max(), options_.keys);
    sequential_ = false;
    latencies_.clear();
  }

  void Loop(const std::string& op, Clock::time_point until, int64_t most) {
    int64_t issued = 0, open = 0;
    const auto next = [&](int client) {
      Issue(op, client, sequential_ ? issued : -1);
      ++issued;
      ++open;
    };
    const int clients = sequential_ ? 64 : options_.clients;
    for (int i = 0; i < clients && issued < most; ++i) next(i);
    void* tag = nullptr;
    bool ok = false;
    while (open > 0 && queue_.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      --open;
      const Clock::time_point now = Clock::now();
      if (call->status.ok()) {
        latencies_.push_back(std::chrono::duration_cast<std::chrono::microseconds>(now - call->sent).count());
      } else {
        ++failures_;
        failure_ = call->status.error_message();
      }
      if (now < until && issued < most && failures_ < 100) next(call->client);
    }
  }

  const Options options_;
  base::Rng rng_;
  const std::string value_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  std::vector<int64_t> latencies_;
  int64_t failures_ = 0;
  std::string failure_;
  bool sequential_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"etcd-bench: put, get and range against an etcd v3 endpoint"};
  app.add_option("--endpoint", options.endpoint, "host:port, no TLS");
  app.add_option("--op", options.op, "put, get or range")->check(CLI::IsMember({"put", "get", "range"}));
  app.add_option("--clients", options.clients, "requests in flight");
  app.add_option("--seconds", options.seconds, "how long");
  app.add_option("--value-bytes", options.value_bytes, "size of values");
  app.add_option("--keys", options.keys, "different keys");
  app.add_option("--range-keys", options.range_keys, "keys in a range answer");
  app.add_option("--pid", options.pid, "the server's process, for its CPU time");
  app.add_option("--name", options.name, "the server's name in the output");
  CLI11_PARSE(app, argc, argv);
  return Bench(options).Run();
}
