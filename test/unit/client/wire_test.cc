#include "client/wire.h"

#include <gtest/gtest.h>

#include "client/api_client.h"
#include "client/api_error.h"

namespace client {
namespace {

TEST(WireTest, EnvelopeRoundTrips) {
  const std::string sealed = SealEnvelope("apps/v1", "Deployment", "raw bytes");
  EXPECT_EQ(sealed.substr(0, 4), std::string("k8s\0", 4));
  Envelope envelope;
  ASSERT_TRUE(OpenEnvelope(sealed, envelope));
  EXPECT_EQ(envelope.api_version, "apps/v1");
  EXPECT_EQ(envelope.kind, "Deployment");
  EXPECT_EQ(envelope.raw, "raw bytes");
}

TEST(WireTest, JsonIsNoEnvelope) {
  Envelope envelope;
  EXPECT_FALSE(OpenEnvelope("{\"kind\":\"Status\"}", envelope));
}

TEST(WireTest, TruncatedFieldsEndTheWalk) {
  std::string message;
  AppendBytesField(message, 1, "hello");
  absl::string_view cut = absl::string_view(message).substr(0, message.size() - 1);
  WireField field;
  EXPECT_FALSE(NextField(cut, field));
  EXPECT_FALSE(cut.empty());
}

TEST(WireTest, DeleteOptionsCarryUidAndPolicy) {
  const std::string bytes = Encode({.grace_period_seconds = 0, .propagation = "Orphan", .uid = "u-1"});
  EXPECT_EQ(bytes.substr(0, 2), std::string("\x08\x00", 2));
  EXPECT_EQ(BytesField(BytesField(bytes, 2), 1), "u-1");
  EXPECT_EQ(BytesField(bytes, 4), "Orphan");
  EXPECT_TRUE(Encode({}).empty());
}

std::string StatusBytes(const std::string& reason, int code) {
  std::string out;
  AppendBytesField(out, 3, "what happened");
  AppendBytesField(out, 4, reason);
  out.push_back(6 << 3);
  out.push_back(static_cast<char>((code & 0x7f) | 0x80));
  out.push_back(static_cast<char>(code >> 7));
  return out;
}

TEST(ApiErrorTest, ReasonsMapToPredicates) {
  const absl::Status conflict = StatusFromApi(StatusBytes("Conflict", 409));
  EXPECT_TRUE(IsConflict(conflict));
  EXPECT_EQ(ReasonOf(conflict), "Conflict");
  EXPECT_EQ(ApiErrorOf(conflict)->code, 409);
  EXPECT_TRUE(absl::IsAlreadyExists(StatusFromApi(StatusBytes("AlreadyExists", 409))));
  EXPECT_TRUE(absl::IsNotFound(StatusFromApi(StatusBytes("NotFound", 404))));
  EXPECT_TRUE(IsGone(StatusFromApi(StatusBytes("Expired", 410))));
  EXPECT_TRUE(IsInvalid(StatusFromApi(StatusBytes("Invalid", 422))));
  EXPECT_FALSE(ApiErrorOf(absl::UnavailableError("connection refused")).has_value());
}

}  // namespace
}  // namespace client
