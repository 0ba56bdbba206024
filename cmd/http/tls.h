// Certificates and keys for TLS, read from files; TLS 1.2 at least.
//
// Threads: any.
#pragma once

#include <filesystem>
#include <memory>

#include "cmd/http/server.h"
#include "conn/base/failure.h"

namespace boost::asio::ssl {
class context;
}

namespace peerage::cmd {

// A server's. A failure names the file: it cannot be read, it is none, the key is another
// certificate's, it has expired. No file is asked a password for.
conn::Result<std::shared_ptr<boost::asio::ssl::context>> server_tls(const TlsFiles& files);

// A client's, which trusts the certificates of that file, or the system's if it is empty.
conn::Result<std::shared_ptr<boost::asio::ssl::context>> client_tls(
    const std::filesystem::path& trusted);

}  // namespace peerage::cmd
