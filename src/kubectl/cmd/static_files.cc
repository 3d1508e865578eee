#include "kubectl/cmd/static_files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"

namespace kubectl {
namespace {

namespace fs = std::filesystem;

std::string Unescape(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && isxdigit(text[i + 1]) && isxdigit(text[i + 2])) {
      plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

absl::string_view TypeOf(const std::string& extension) {
  static const std::map<std::string, absl::string_view>* const types = new std::map<std::string, absl::string_view>{
      {".html", "text/html; charset=utf-8"}, {".htm", "text/html; charset=utf-8"},  {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"}, {".json", "application/json"},     {".txt", "text/plain; charset=utf-8"},
      {".xml", "text/xml; charset=utf-8"},   {".svg", "image/svg+xml"},             {".png", "image/png"},
      {".jpg", "image/jpeg"},                {".gif", "image/gif"},                 {".pdf", "application/pdf"},
      {".wasm", "application/wasm"}};
  const auto found = types->find(extension);
  return found == types->end() ? "text/plain; charset=utf-8" : found->second;
}

std::string Listing(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, ignored)) {
    std::error_code failed;
    names.push_back(entry.path().filename().string() + (entry.is_directory(failed) ? "/" : ""));
  }
  std::sort(names.begin(), names.end());
  std::string body = "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n";
  for (const std::string& name : names) {
    const std::string shown =
        absl::StrReplaceAll(name, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&#34;"}, {"'", "&#39;"}});
    const std::string link = absl::StrReplaceAll(
        name, {{"%", "%25"}, {"\"", "%22"}, {"<", "%3C"}, {">", "%3E"}, {"?", "%3F"}, {"#", "%23"}, {" ", "%20"}});
    absl::StrAppend(&body, "<a href=\"", link, "\">", shown, "</a>\n");
  }
  return body + "</pre>\n";
}

}  // namespace

std::string HttpAnswer(int code, absl::string_view reason, absl::string_view content_type, absl::string_view body,
                       absl::string_view more_headers) {
  const std::string date = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
  return absl::StrCat("HTTP/1.1 ", code, " ", reason, "\r\nContent-Type: ", content_type, "\r\n", more_headers,
                      "Date: ", date, "\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n", body);
}

std::string HttpError(int code, absl::string_view reason, absl::string_view text) {
  return HttpAnswer(code, reason, "text/plain; charset=utf-8", absl::StrCat(text, "\n"), "X-Content-Type-Options: nosniff\r\n");
}

std::string ServeFile(const std::string& root, const std::string& path) {
  const std::string not_found = HttpError(404, "Not Found", "404 page not found");
  std::error_code failed;
  const fs::path base = fs::canonical(root, failed);
  if (failed) return not_found;
  const fs::path wanted = fs::canonical(base / fs::path(Unescape(path)).relative_path(), failed);
  if (failed || !(wanted == base || absl::StartsWith(wanted.string(), base.string() + "/"))) return not_found;
  fs::path file = wanted;
  if (fs::is_directory(wanted, failed)) {
    if (!path.empty() && !absl::EndsWith(path, "/"))
      return HttpAnswer(301, "Moved Permanently", "text/html; charset=utf-8", "",
                        absl::StrCat("Location: ", wanted.filename().string(), "/\r\n"));
    file = wanted / "index.html";
    if (!fs::exists(file, failed)) return HttpAnswer(200, "OK", "text/html; charset=utf-8", Listing(wanted));
  }
  const absl::StatusOr<std::string> content = base::ReadFile(file.string());
  if (!content.ok()) return not_found;
  return HttpAnswer(200, "OK", TypeOf(file.extension().string()), *content, "Accept-Ranges: none\r\n");
}

}  // namespace kubectl
