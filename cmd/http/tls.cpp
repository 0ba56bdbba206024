#include "cmd/http/tls.h"

#include <string>
#include <string_view>

#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "conn/base/bytes.h"
#include "conn/base/file.h"

namespace peerage::cmd {
namespace {

namespace ssl = boost::asio::ssl;
using conn::Reason;
using conn::Stage;

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

tl::unexpected<conn::Failure> failed(std::string_view what, const std::filesystem::path& file,
                                     std::string_view why) {
  std::string detail(what);
  detail += ' ';
  detail += conn::printable(file.native());
  detail += ": ";
  detail += why;
  return conn::fail(Stage::configuration, Reason::config_malformed, std::move(detail));
}

std::shared_ptr<ssl::context> new_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  return context;
}

conn::Result<std::string> read(std::string_view what, const std::filesystem::path& file) {
  auto text = conn::read_file(file, kMaxFile);
  if (!text) return failed(what, file, text.error().what);
  return std::move(*text);
}

}  // namespace

conn::Result<std::shared_ptr<ssl::context>> server_tls(const TlsFiles& files) {
  const auto certificate = read("the certificate", files.certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  const auto key = read("the key", files.key);
  if (!key) return tl::unexpected(key.error());

  auto context = new_context(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_password_callback([](auto...) { return std::string(); }, error);
  context->use_certificate_chain(boost::asio::buffer(*certificate), error);
  if (error) {
    return failed("the certificate", files.certificate, "it is none (" + error.message() + ")");
  }
  context->use_private_key(boost::asio::buffer(*key), ssl::context::pem, error);
  if (error) {
    return failed("the key", files.key,
                  "it is not the certificate's, or needs a password (" + error.message() + ")");
  }
  const X509* const own = SSL_CTX_get0_certificate(context->native_handle());
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0) {
    return failed("the certificate", files.certificate, "it has expired");
  }
  return context;
}

conn::Result<std::shared_ptr<ssl::context>> client_tls(const std::filesystem::path& trusted) {
  auto context = new_context(ssl::context::tls_client);
  boost::system::error_code error;
  if (trusted.empty()) {
    context->set_default_verify_paths(error);
    return context;
  }
  const auto text = read("the certificates", trusted);
  if (!text) return tl::unexpected(text.error());
  context->add_certificate_authority(boost::asio::buffer(*text), error);
  if (error) return failed("the certificates", trusted, error.message());
  return context;
}

}  // namespace peerage::cmd
