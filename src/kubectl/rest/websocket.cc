#include "kubectl/rest/websocket.h"

#include <curl/curl.h>
#include <poll.h>

#include <cerrno>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/rest/client.h"

namespace kubectl {
namespace {

constexpr size_t kMaxMessage = 64u << 20;

std::string Random(size_t bytes) {
  std::random_device device;
  std::string text;
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(device());
  return text;
}

std::string HostOf(const std::string& server) {
  const size_t scheme = server.find("://");
  const std::string host = scheme == std::string::npos ? server : server.substr(scheme + 3);
  return host.substr(0, host.find('/'));
}

std::string PrefixOf(const std::string& server) {
  const size_t scheme = server.find("://");
  const size_t slash = server.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "" : server.substr(slash);
}

}  // namespace

WebSocketClient::~WebSocketClient() {
  if (curl_ != nullptr) curl_easy_cleanup(static_cast<CURL*>(curl_));
}

absl::StatusOr<std::unique_ptr<WebSocketClient>> WebSocketClient::Open(
    const Connection& connection, const std::string& path,
    const std::vector<std::string>& protocols) {
  std::unique_ptr<WebSocketClient> client(new WebSocketClient());
  CURL* curl = curl_easy_init();
  client->curl_ = curl;
  curl_easy_setopt(curl, CURLOPT_URL, connection.server.c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_blob ca{const_cast<char*>(connection.ca_pem.data()), connection.ca_pem.size(),
               CURL_BLOB_COPY};
  curl_blob cert{const_cast<char*>(connection.cert_pem.data()), connection.cert_pem.size(),
                 CURL_BLOB_COPY};
  curl_blob key{const_cast<char*>(connection.key_pem.data()), connection.key_pem.size(),
                CURL_BLOB_COPY};
  if (connection.insecure) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!connection.ca_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (!connection.cert_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &cert);
    curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return Rendered(absl::StrCat("The connection to the server ", HostOf(connection.server),
                                 " was refused - did you specify the right host or port?"));
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
  client->fd_ = socket;
  RETURN_IF_ERROR(client->Handshake(connection, path, protocols));
  return client;
}

absl::Status WebSocketClient::Handshake(const Connection& connection, const std::string& path,
                                        const std::vector<std::string>& protocols) {
  std::string request = absl::StrCat(
      "GET ", PrefixOf(connection.server), path, " HTTP/1.1\r\nHost: ", HostOf(connection.server),
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\nSec-WebSocket-Key: ",
      absl::Base64Escape(Random(16)), "\r\nSec-WebSocket-Protocol: ");
  absl::StrAppend(&request, absl::StrJoin(protocols, ", "), "\r\nUser-Agent: ", kUserAgent, "\r\n");
  if (!connection.token.empty())
    absl::StrAppend(&request, "Authorization: Bearer ", connection.token, "\r\n");
  if (!connection.as.empty())
    absl::StrAppend(&request, "Impersonate-User: ", connection.as, "\r\n");
  for (const std::string& group : connection.as_group)
    absl::StrAppend(&request, "Impersonate-Group: ", group, "\r\n");
  request += "\r\n";
  RETURN_IF_ERROR(SendRaw(request));
  size_t head_end;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (closed_ || buffer_.size() > (64u << 10))
      return Error("unable to upgrade connection: the server closed it");
    bool ignored = false;
    Wait(-1, -1, &ignored);
    char chunk[4096];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
  }
  const std::string head = buffer_.substr(0, head_end);
  buffer_.erase(0, head_end + 4);
  const std::vector<std::string> lines = absl::StrSplit(head, "\r\n");
  size_t length = 0;
  for (const std::string& line : lines) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (parts.size() != 2) continue;
    const std::string value(absl::StripAsciiWhitespace(parts[1]));
    if (absl::EqualsIgnoreCase(parts[0], "sec-websocket-protocol")) protocol_ = value;
    if (absl::EqualsIgnoreCase(parts[0], "content-length")) (void)absl::SimpleAtoi(value, &length);
  }
  const std::vector<std::string> first = absl::StrSplit(lines[0], ' ');
  if (first.size() > 1 && first[1] == "101") return absl::OkStatus();
  while (buffer_.size() < length && !closed_) {
    bool ignored = false;
    Wait(-1, 5000, &ignored);
    char chunk[4096];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
  }
  absl::StatusOr<Value> status = ParseJson(buffer_);
  if (status.ok() && status->GetString("kind") == "Status") return ApiError(*status);
  return Error(absl::StrCat("unable to upgrade connection: ",
                            absl::StripAsciiWhitespace(buffer_.empty() ? lines[0] : buffer_)));
}

absl::Status WebSocketClient::SendRaw(absl::string_view bytes) {
  while (!bytes.empty()) {
    size_t sent = 0;
    const CURLcode code =
        curl_easy_send(static_cast<CURL*>(curl_), bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) {
      pollfd poller{fd_, POLLOUT, 0};
      poll(&poller, 1, 1000);
      continue;
    }
    if (code != CURLE_OK) return absl::UnavailableError("lost connection to the server");
    bytes.remove_prefix(sent);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> WebSocketClient::ReceiveRaw(char* buffer, size_t size) {
  size_t received = 0;
  const CURLcode code = curl_easy_recv(static_cast<CURL*>(curl_), buffer, size, &received);
  if (code == CURLE_AGAIN) return 0;
  if (code != CURLE_OK || received == 0) {
    closed_ = true;
    return 0;
  }
  return received;
}

void WebSocketClient::Wait(int other_fd, int timeout_ms, bool* other_ready) {
  pollfd pollers[2] = {{fd_, POLLIN, 0}, {other_fd, POLLIN, 0}};
  *other_ready = false;
  if (poll(pollers, other_fd >= 0 ? 2 : 1, timeout_ms) > 0)
    *other_ready = other_fd >= 0 && pollers[1].revents != 0;
}

absl::Status WebSocketClient::SendBinary(absl::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x82);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(payload.size() >> shift);
  }
  const std::string mask = Random(4);
  frame += mask;
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return SendRaw(frame);
}

absl::StatusOr<bool> WebSocketClient::Receive(const std::function<void(absl::string_view)>& sink) {
  for (;;) {
    char chunk[65536];
    ASSIGN_OR_RETURN(const size_t n, ReceiveRaw(chunk, sizeof(chunk)));
    buffer_.append(chunk, n);
    size_t at = 0;
    while (buffer_.size() - at >= 2) {
      const auto byte = [&](size_t i) { return static_cast<unsigned char>(buffer_[at + i]); };
      const bool final = (byte(0) & 0x80) != 0;
      const int opcode = byte(0) & 15;
      uint64_t length = byte(1) & 127;
      size_t header = 2;
      if (length == 126) header = 4;
      if (length == 127) header = 10;
      if (buffer_.size() - at < header) break;
      if (header > 2) {
        length = 0;
        for (size_t i = 2; i < header; ++i) length = length << 8 | byte(i);
      }
      if (length > kMaxMessage) return Error("the server sent too large a message");
      if (buffer_.size() - at - header < length) break;
      const absl::string_view payload(buffer_.data() + at + header, length);
      at += header + length;
      if (opcode == 8) {
        closed_ = true;
      } else if (opcode == 9) {
        std::string pong("\x8A\x80\0\0\0\0", 6);  // an empty answer, masked with zeros
        RETURN_IF_ERROR(SendRaw(pong));
      } else if (opcode <= 2) {
        message_.append(payload.data(), payload.size());
        if (final) {
          sink(message_);
          message_.clear();
        }
      }
    }
    buffer_.erase(0, at);
    if (closed_) return false;
    if (n == 0) return true;
  }
}

}  // namespace kubectl
