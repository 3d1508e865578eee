#include "pki/orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "pki/certificate.h"

namespace pki {
namespace {

using testing::HasSubstr;

constexpr char kOrders[] =
    "authority\tca\t/CN=skiff-ca\n"
    "account\tsa\n"
    "certificate\tadmin\t/O=system:masters/CN=kubernetes-admin\t\tclientAuth\n"
    "certificate\tserver\t/CN=kube-apiserver\tDNS:localhost,IP:10.96.0.1\tserverAuth\n";

X509* Certificate(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* cert = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  return cert;
}

class OrdersTest : public testing::Test {
 protected:
  OrdersTest() : dir_(testing::TempDir() + "pki-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    EXPECT_TRUE(base::MakeDirs(dir_, 0700).ok());
  }
  std::string File(const std::string& name) { return *base::ReadFile(absl::StrCat(dir_, "/", name)); }

  const std::string dir_;
};

TEST_F(OrdersTest, CertificatesLeadToTheAuthorityAndFilesAreTheOwnersAlone) {
  ASSERT_TRUE(CarryOut(dir_, kOrders).ok());
  X509* authority = Certificate(File("ca.crt"));
  for (const char* name : {"admin", "server"}) {
    SCOPED_TRACE(name);
    X509* cert = Certificate(File(absl::StrCat(name, ".crt")));
    ASSERT_NE(cert, nullptr);
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, authority);
    X509_STORE_CTX* check = X509_STORE_CTX_new();
    X509_STORE_CTX_init(check, store, cert, nullptr);
    EXPECT_EQ(X509_verify_cert(check), 1) << X509_verify_cert_error_string(X509_STORE_CTX_get_error(check));
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    X509_free(cert);
    struct stat info {};
    ASSERT_EQ(stat(absl::StrCat(dir_, "/", name, ".key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  X509* server = Certificate(File("server.crt"));
  EXPECT_EQ(X509_check_host(server, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(server, "10.96.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(server, "10.96.0.2", 0), 0);
  X509_free(server);
  X509_free(authority);
  EXPECT_THAT(File("sa.pub"), HasSubstr("BEGIN PUBLIC KEY"));
}

TEST_F(OrdersTest, WhatIsThereStaysAndWhatIsNewIsSignedByTheSameAuthority) {
  ASSERT_TRUE(CarryOut(dir_, kOrders).ok());
  const std::string ca = File("ca.crt"), admin = File("admin.crt"), account = File("sa.key");
  ASSERT_TRUE(CarryOut(dir_, absl::StrCat(kOrders, "certificate\tlate\t/CN=late\t\tclientAuth\n")).ok());
  EXPECT_EQ(File("ca.crt"), ca);
  EXPECT_EQ(File("admin.crt"), admin);
  EXPECT_EQ(File("sa.key"), account);
  X509 *authority = Certificate(ca), *late = Certificate(File("late.crt"));
  EXPECT_EQ(X509_verify(late, X509_get0_pubkey(authority)), 1);
  X509_free(authority);
  X509_free(late);
}

TEST_F(OrdersTest, ABadOrderIsNamed) {
  struct Case { const char* order; const char* why; };
  const Case cases[] = {{"sign\tme", "sign\tme: no such order"},
                        {"authority\tca", "authority\tca: no such order"},
                        {"certificate\tx\t/CN=x\t\tclientAuth", "reading the authority"},
                        {"kubeconfig\t/nowhere/x\tmissing\thttps://h\t", "missing.crt"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.order);
    const absl::Status status = CarryOut(dir_, c.order);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
  EXPECT_FALSE(CarryOut(dir_, absl::StrCat(kOrders, "certificate\tx\t/CN=x\tIP:nonsense\tclientAuth")).ok());
}

TEST(KubeconfigTest, EmbedsEverythingAndNamesTheInnerDoorOnlyWhereThereIsOne) {
  KubeconfigParts parts{"admin", "https://127.0.0.1:6443", "", "CA", "CERT", "KEY"};
  const std::string plain = KubeconfigText(parts);
  EXPECT_EQ(plain,
            "apiVersion: v1\nkind: Config\ncurrent-context: skiff\nclusters:\n- name: skiff\n  cluster:\n"
            "    server: https://127.0.0.1:6443\n    certificate-authority-data: Q0E=\nusers:\n- name: admin\n  user:\n"
            "    client-certificate-data: Q0VSVA==\n    client-key-data: S0VZ\ncontexts:\n- name: skiff\n"
            "  context: {cluster: skiff, user: admin}\n");
  parts.grpc = "127.0.0.1:6444";
  EXPECT_THAT(KubeconfigText(parts), HasSubstr("    extensions:\n    - name: skiff.dev/grpc\n      extension:\n"
                                               "        server: \"127.0.0.1:6444\"\nusers:"));
}

}  // namespace
}  // namespace pki
