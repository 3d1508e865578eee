#include "base/http/byte_stream.h"

#include <atomic>
#include <mutex>

#include "base/http/exchange.h"

namespace base::http {
namespace {

constexpr int64_t kHighWater = 1 << 20;

class TransportStream final : public ByteStream {
 public:
  TransportStream(std::shared_ptr<Transport> transport, std::string initial) : core_(std::make_shared<Core>()) {
    core_->transport = std::move(transport);
    core_->initial = std::move(initial);
  }
  ~TransportStream() override {
    core_->transport->Post([core = core_] {
      core->on_data = nullptr;
      core->on_close = nullptr;
      core->on_drain = nullptr;
      core->transport->on_data = nullptr;
      core->transport->Close();
    });
  }

  void Read(std::function<void(absl::string_view)> on_data, std::function<void()> on_close) override {
    core_->transport->Post([core = core_, on_data = std::move(on_data), on_close = std::move(on_close)]() mutable {
      if (core->transport->closed()) {
        if (on_close) on_close();
        return;
      }
      core->on_data = std::move(on_data);
      core->on_close = std::move(on_close);
      core->transport->on_close = [core] {
        core->gone = true;
        if (auto callback = std::move(core->on_close)) {
          core->on_close = nullptr;
          callback();
        }
        core->on_data = nullptr;
        core->on_drain = nullptr;
      };
      core->transport->on_drain = [core] {
        if (auto callback = core->on_drain) callback();
      };
      const std::string initial = std::move(core->initial) + std::exchange(core->transport->early, "");
      core->transport->on_data = [core](absl::string_view data) {
        if (auto callback = core->on_data) callback(data);
      };
      if (!initial.empty() && core->on_data) core->on_data(initial);
      core->transport->Resume();
    });
  }
  void Pause() override {
    core_->transport->Post([core = core_] { core->transport->Pause(); });
  }
  void Resume() override {
    core_->transport->Post([core = core_] { core->transport->Resume(); });
  }
  int64_t Write(std::string data) override {
    if (core_->gone) return -1;
    const int64_t size = static_cast<int64_t>(data.size());
    core_->posted += size;
    core_->transport->Post([core = core_, size, chunk = MakeChunk(std::move(data))]() mutable {
      core->posted -= size;
      core->transport->Write(std::move(chunk));
    });
    return core_->posted + core_->transport->queued();
  }
  void OnDrain(std::function<void()> callback) override {
    core_->transport->Post([core = core_, callback = std::move(callback)] { core->on_drain = callback; });
  }
  void Close() override {
    core_->transport->Post([core = core_] { core->transport->Close(); });
  }

 private:
  struct Core {
    std::shared_ptr<Transport> transport;
    std::string initial;
    std::atomic<int64_t> posted{0};
    std::atomic<bool> gone{false};
    // I/O thread only.
    std::function<void(absl::string_view)> on_data;
    std::function<void()> on_close, on_drain;
  };
  const std::shared_ptr<Core> core_;
};

// Both ends of a splice; freed when both directions ended.
struct Joint {
  std::mutex mu;
  std::shared_ptr<ByteStream> a, b;
  std::function<void()> done;

  void End() {
    std::shared_ptr<ByteStream> first, second;
    std::function<void()> callback;
    {
      const std::lock_guard lock(mu);
      first = std::move(a);
      second = std::move(b);
      callback = std::move(done);
      a = b = nullptr;
      done = nullptr;
    }
    if (first) first->Close();
    if (second) second->Close();
    if (callback) callback();
  }
};

void Copy(const std::shared_ptr<Joint>& joint, const std::shared_ptr<ByteStream>& from,
          const std::shared_ptr<ByteStream>& to) {
  const std::weak_ptr<ByteStream> source = from;
  to->OnDrain([source] {
    if (auto s = source.lock()) s->Resume();
  });
  from->Read(
      [source, sink = std::weak_ptr<ByteStream>(to)](absl::string_view data) {
        const auto out = sink.lock();
        if (out == nullptr) return;
        if (out->Write(std::string(data)) > kHighWater) {
          if (auto s = source.lock()) s->Pause();
        }
      },
      [joint] { joint->End(); });
}

}  // namespace

std::unique_ptr<ByteStream> MakeByteStream(std::shared_ptr<Transport> transport, std::string initial) {
  return std::make_unique<TransportStream>(std::move(transport), std::move(initial));
}

void Splice(std::unique_ptr<ByteStream> a, std::unique_ptr<ByteStream> b, std::function<void()> done) {
  auto joint = std::make_shared<Joint>();
  const std::shared_ptr<ByteStream> left = std::move(a), right = std::move(b);
  joint->a = left;
  joint->b = right;
  joint->done = std::move(done);
  Copy(joint, left, right);
  Copy(joint, right, left);
}

}  // namespace base::http
