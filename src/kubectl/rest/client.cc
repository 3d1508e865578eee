#include "kubectl/rest/client.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "kubectl/cli/codec.h"
#include "kubectl/cli/errors.h"
#include "kubectl/rest/raw_connection.h"

namespace kubectl {

struct RestClient::Transfer {
  RestClient* client;
  const std::function<bool(absl::string_view)>* sink = nullptr;
  CURL* curl;
  std::string body;
  std::string content_type;
  bool stopped = false;
};

namespace {

size_t OnBody(char* data, size_t size, size_t count, void* context) {
  auto* transfer = static_cast<std::pair<void*, std::function<bool(absl::string_view)>>*>(context);
  return transfer->second(absl::string_view(data, size * count)) ? size * count : 0;
}

size_t OnHeader(char* data, size_t size, size_t count, void* context) {
  (*static_cast<std::function<void(absl::string_view)>*>(context))(
      absl::string_view(data, size * count));
  return size * count;
}

curl_blob Blob(const std::string& text) {
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

std::string HostOf(const std::string& server) {
  const size_t scheme = server.find("://");
  std::string host = scheme == std::string::npos ? server : server.substr(scheme + 3);
  return host.substr(0, host.find('/'));
}

absl::Status ConnectError(CURLcode code, const std::string& server, const char* detail) {
  const std::string host = HostOf(server);
  const std::string name = host.substr(0, host.rfind(':'));
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return Rendered(absl::StrCat("The connection to the server ", host,
                                   " was refused - did you specify the right host or port?"));
    case CURLE_COULDNT_RESOLVE_HOST:
      return Rendered(absl::StrCat("Unable to connect to the server: dial tcp: lookup ", name,
                                   ": no such host"));
    case CURLE_OPERATION_TIMEDOUT:
      return Rendered(
          "Unable to connect to the server: net/http: request canceled while waiting for "
          "connection "
          "(Client.Timeout exceeded while awaiting headers)");
    case CURLE_PEER_FAILED_VERIFICATION:
      if (absl::StrContains(detail, "subject name") ||
          absl::StrContains(detail, "does not match")) {
        return Rendered(absl::StrCat(
            "Unable to connect to the server: tls: failed to verify certificate: x509: ",
            "certificate is not valid for ", name));
      }
      return Rendered(
          "Unable to connect to the server: tls: failed to verify certificate: x509: certificate "
          "signed by unknown "
          "authority");
    default:
      return Rendered(absl::StrCat("Unable to connect to the server: ",
                                   *detail != '\0' ? detail : curl_easy_strerror(code)));
  }
}

// The text a client makes up when the answer carries no Status of its own.
std::string GenericMessage(int code, const std::string& body, std::string* reason) {
  switch (code) {
    case 400:
      *reason = "BadRequest";
      return "the server rejected our request for an unknown reason";
    case 401:
      *reason = "Unauthorized";
      return "the server has asked for the client to provide credentials";
    case 403:
      *reason = "Forbidden";
      return body.empty() ? "the server does not allow access" : body;
    case 404:
      *reason = "NotFound";
      return "the server could not find the requested resource";
    case 405:
      *reason = "MethodNotAllowed";
      return "the server does not allow this method on the requested resource";
    case 406:
      *reason = "NotAcceptable";
      return "the server was unable to respond with a content type that the client supports";
    case 409:
      *reason = "Conflict";
      return "the server reported a conflict";
    case 410:
      *reason = "Gone";
      return "the server no longer has it";
    case 415:
      *reason = "UnsupportedMediaType";
      return "the body of the request was in an unknown format";
    case 422:
      *reason = "Invalid";
      return "the server rejected our request due to an error in our request";
    case 429:
      *reason = "TooManyRequests";
      return "the server has received too many requests and has asked us to try again later";
    case 503:
      *reason = "ServiceUnavailable";
      return "the server is currently unable to handle the request";
    case 504:
      *reason = "Timeout";
      return "the server was unable to return a response in the time allotted, but may still be "
             "processing the request";
    default:
      if (code < 500)
        return absl::StrCat("the server responded with the status code ", code,
                            " but did not return more information");
      *reason = "InternalError";
      return absl::StrCat("an error on the server (\"",
                          absl::CEscape(absl::StripAsciiWhitespace(body)),
                          "\") has prevented the request from succeeding");
  }
}

}  // namespace

RestClient::RestClient(Connection connection, Streams io, int verbosity)
    : connection_(std::move(connection)), io_(io), verbosity_(verbosity) {
  static const bool initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  (void)initialized;
  curl_ = curl_easy_init();
}

RestClient::~RestClient() { curl_easy_cleanup(static_cast<CURL*>(curl_)); }

absl::Status RestClient::Perform(const Request& request, Transfer* transfer) {
  CURL* curl = static_cast<CURL*>(curl_);
  transfer->curl = curl;
  curl_easy_reset(curl);
  const std::string url = connection_.server + request.path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
  if (request.method != "GET")
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_blob ca = Blob(connection_.ca_pem), cert = Blob(connection_.cert_pem),
            key = Blob(connection_.key_pem);
  if (connection_.insecure) {
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  } else if (!connection_.ca_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (!connection_.cert_pem.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &cert);
    curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &key);
  }
  if (connection_.timeout_seconds > 0) {
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(connection_.timeout_seconds * 1000));
  }
  std::vector<std::string> headers = {absl::StrCat("Accept: ", request.accept), "Expect:"};
  if (!request.body.empty())
    headers.push_back(absl::StrCat("Content-Type: ", request.content_type));
  if (!connection_.token.empty())
    headers.push_back(absl::StrCat("Authorization: Bearer ", connection_.token));
  else if (!connection_.username.empty()) {
    headers.push_back(absl::StrCat(
        "Authorization: Basic ",
        absl::Base64Escape(absl::StrCat(connection_.username, ":", connection_.password))));
  }
  if (!connection_.as.empty())
    headers.push_back(absl::StrCat("Impersonate-User: ", connection_.as));
  if (!connection_.as_uid.empty())
    headers.push_back(absl::StrCat("Impersonate-Uid: ", connection_.as_uid));
  for (const std::string& group : connection_.as_group)
    headers.push_back(absl::StrCat("Impersonate-Group: ", group));
  for (const std::string& extra : connection_.as_user_extra) headers.push_back(ExtraHeader(extra));
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);

  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  std::pair<void*, std::function<bool(absl::string_view)>> on_body{
      nullptr, [&](absl::string_view chunk) {
        long code = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
        if (transfer->sink == nullptr || code >= 400) {
          transfer->body.append(chunk.data(), chunk.size());
          return true;
        }
        if ((*transfer->sink)(chunk)) return true;
        transfer->stopped = true;
        return false;
      }};
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &on_body);
  std::function<void(absl::string_view)> on_header = [&](absl::string_view line) {
    if (absl::StartsWithIgnoreCase(line, "warning:")) Warn(std::string(line.substr(8)));
    if (absl::StartsWithIgnoreCase(line, "content-type:")) {
      transfer->content_type = std::string(absl::StripAsciiWhitespace(line.substr(13)));
    }
  };
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &on_header);

  const absl::Time start = absl::Now();
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(list);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (verbosity_ >= 6) {
    io_.Err(absl::StrCat(request.method, " ", url, " ", status, " in ",
                         absl::ToInt64Milliseconds(absl::Now() - start), " milliseconds\n"));
  }
  if (transfer->stopped) return absl::OkStatus();
  if (code != CURLE_OK) {
    // A stream that was cut is an end, not a failure to connect.
    if (transfer->sink != nullptr && status == 200) return absl::UnavailableError("unexpected EOF");
    return ConnectError(code, connection_.server, detail);
  }
  if (status >= 400) return HttpError(request, static_cast<int>(status), transfer->body);
  return absl::OkStatus();
}

absl::Status RestClient::HttpError(const Request& request, int code, const std::string& body) {
  absl::StatusOr<Value> status = ParseJson(body);
  if (status.ok() && status->GetString("kind") == "Status") return ApiError(*status);
  Value made;
  std::string reason;
  made.Set("message", GenericMessage(code, body, &reason));
  made.Set("reason", reason);
  made.Set("code", code);
  return ApiError(made);
}

void RestClient::Warn(const std::string& header) {
  // 299 - "text"
  const size_t open = header.find('"'), close = header.rfind('"');
  if (open == std::string::npos || close <= open) return;
  std::string text;
  for (size_t i = open + 1; i < close; ++i) {
    if (header[i] == '\\' && i + 1 < close) ++i;
    text += header[i];
  }
  if (std::find(warned_.begin(), warned_.end(), text) != warned_.end()) return;
  warned_.push_back(text);
  io_.Err(absl::StrCat("Warning: ", text, "\n"));
}

absl::StatusOr<Response> RestClient::Do(const Request& request) {
  Transfer transfer{this};
  RETURN_IF_ERROR(Perform(request, &transfer));
  long code = 0;
  curl_easy_getinfo(static_cast<CURL*>(curl_), CURLINFO_RESPONSE_CODE, &code);
  return Response{static_cast<int>(code), std::move(transfer.body),
                  std::move(transfer.content_type)};
}

absl::StatusOr<Value> RestClient::Json(const Request& request) {
  ASSIGN_OR_RETURN(const Response response, Do(request));
  return ParseJson(response.body);
}

absl::StatusOr<Value> RestClient::Get(const std::string& path) {
  Request request;
  request.path = path;
  return Json(request);
}

absl::Status RestClient::Stream(const Request& request,
                                const std::function<bool(absl::string_view)>& sink) {
  Transfer transfer{this};
  transfer.sink = &sink;
  return Perform(request, &transfer);
}

absl::Status RestClient::StreamLines(const Request& request,
                                     const std::function<bool(absl::string_view)>& sink) {
  std::string pending;
  return Stream(request, [&](absl::string_view chunk) {
    pending.append(chunk.data(), chunk.size());
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (!sink(absl::string_view(pending).substr(begin, end - begin))) return false;
    }
    pending.erase(0, begin);
    return true;
  });
}

std::string UrlEscape(absl::string_view text) {
  std::string escaped;
  for (const unsigned char c : text) {
    if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      escaped += static_cast<char>(c);
    } else {
      const char* hex = "0123456789ABCDEF";
      escaped += '%', escaped += hex[c >> 4], escaped += hex[c & 15];
    }
  }
  return escaped;
}

}  // namespace kubectl
