#include <zlib.h>

#include "apiserver/http/gzip.h"

namespace apiserver::http {

struct GzipStream::Impl {
  z_stream stream{};
  bool good = false;
};

GzipStream::GzipStream(int level) : impl_(std::make_unique<Impl>()) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header
  impl_->good = deflateInit2(&impl_->stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipStream::~GzipStream() {
  if (impl_->good) deflateEnd(&impl_->stream);
}

std::string GzipStream::Add(absl::string_view bytes, bool last) {
  std::string out;
  if (!impl_->good) return out;
  z_stream& z = impl_->stream;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  size_t used = 0;
  do {
    out.resize(used + std::max<size_t>(bytes.size() / 4, 16 << 10));
    z.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    z.avail_out = static_cast<uInt>(out.size() - used);
    deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
    used = out.size() - z.avail_out;
  } while (z.avail_out == 0);
  out.resize(used);
  return out;
}

std::string Gzip(absl::string_view bytes, int level) { return GzipStream(level).Add(bytes, /*last=*/true); }

}  // namespace apiserver::http
