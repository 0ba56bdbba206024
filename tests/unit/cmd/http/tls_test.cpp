#include <chrono>
#include <fstream>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "cmd/http/client.h"
#include "cmd/http/server.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

std::string pem_of(void (*write)(BIO*, void*), void* what) {
  BIO* const memory = BIO_new(BIO_s_mem());
  write(memory, what);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

// A certificate for localhost that signs itself, and its key.
void write_certificate(const TlsFiles& files, long valid_seconds = 3600) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  std::ofstream(files.certificate) << pem_of(
      [](BIO* to, void* what) { PEM_write_bio_X509(to, static_cast<X509*>(what)); }, certificate);
  std::ofstream(files.key) << pem_of(
      [](BIO* to, void* what) {
        PEM_write_bio_PrivateKey(to, static_cast<EVP_PKEY*>(what), nullptr, nullptr, 0, nullptr,
                                 nullptr);
      },
      key);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class HttpTlsTest : public ::testing::Test {
 protected:
  HttpTlsTest() { write_certificate(files); }
  conn::Result<void> add() {
    HttpService service{.name = "rpc",
                        .listen = {conn::Endpoint{conn::IpAddress::v4(127, 0, 0, 1), 0}}};
    service.tls = files;
    service.otherwise = [](const HttpRequest&) {
      return HttpAnswer::text(200, std::string(100'000, 'x'));
    };
    return server.add(std::move(service));
  }
  conn::Result<HttpAnswer> ask(HttpTarget::Tls tls = HttpTarget::Tls::yes) {
    const conn::Endpoint at = server.endpoints().front();
    return http_request({.server = at,
                         .host = "localhost:" + std::to_string(at.port),
                         .tls = tls,
                         .trusted = tls == HttpTarget::Tls::yes ? files.certificate : ""},
                        {.path = "/"}, 5s);
  }

  test::TemporaryDirectory place;
  const TlsFiles files{place / "certificate.pem", place / "key.pem"};
  HttpServer server{conn::Log(nullptr)};
};

TEST_F(HttpTlsTest, AnAnswerComesWholeToAClientThatTrustsTheCertificate) {
  ASSERT_TRUE(add());
  server.start();
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->body->size(), 100'000u);
}

TEST_F(HttpTlsTest, WhoDoesNotSpeakTlsGetsNoAnswer) {
  ASSERT_TRUE(add());
  server.start();
  EXPECT_FALSE(ask(HttpTarget::Tls::no));
}

TEST_F(HttpTlsTest, ABadFileIsNamedAndTheServiceIsNotThere) {
  std::ofstream(files.key) << "no key";
  const auto bad = add();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("rpc: the key " + files.key.string()), std::string::npos);
  std::filesystem::remove(files.certificate);
  const auto missing = add();
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find(files.certificate.string()), std::string::npos);
}

TEST_F(HttpTlsTest, AKeyOfAnotherCertificateAndAnExpiredCertificateAreRefused) {
  write_certificate({place / "other.pem", files.key});
  EXPECT_FALSE(add());
  write_certificate(files, -3600);
  const auto expired = add();
  ASSERT_FALSE(expired);
  EXPECT_NE(expired.error().detail.find("expired"), std::string::npos);
}

TEST_F(HttpTlsTest, FilesAreReadAgainAndAfterAFailureTheOldOnesServe) {
  ASSERT_TRUE(add());
  server.start();
  const std::filesystem::path old = place / "old.pem";
  std::filesystem::copy_file(files.certificate, old);
  std::ofstream(files.key) << "no key";
  const auto failed = server.reload_tls();
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().detail.find(files.key.string()), std::string::npos);
  EXPECT_TRUE(ask());  // whose certificate is still the one that is served

  write_certificate(files);
  ASSERT_TRUE(server.reload_tls());
  EXPECT_TRUE(ask());
  std::filesystem::copy_file(old, files.certificate,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(ask());
}

}  // namespace
}  // namespace peerage::cmd
