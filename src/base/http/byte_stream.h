// A connection handed over after an upgrade, and the means to join two of them.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace base::http {

// Bytes both ways. Thread-safe. Destroying it closes the connection (what is queued is still sent).
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Starts reading. `on_data` runs on an I/O thread, one call at a time, and must not block; `on_close` runs once, after
  // the last data, when the other side ended or the connection failed. Call once.
  virtual void Read(std::function<void(absl::string_view data)> on_data, std::function<void()> on_close) = 0;
  // Stops and resumes reading: back-pressure towards the sender.
  virtual void Pause() = 0;
  virtual void Resume() = 0;

  // Queues bytes. Answers the bytes queued after it; -1 when the connection is gone.
  virtual int64_t Write(std::string data) = 0;
  // `callback` runs when the queue falls below 64 KiB; replaces an earlier one.
  virtual void OnDrain(std::function<void()> callback) = 0;
  // Ends the connection after what is queued was sent. Idempotent.
  virtual void Close() = 0;
};

// Copies bytes between the two until either ends, then closes both; takes ownership. `done` (optional) runs once.
// Slow readers hold back fast writers.
void Splice(std::unique_ptr<ByteStream> a, std::unique_ptr<ByteStream> b, std::function<void()> done = {});

}  // namespace base::http
