// Where a TLS server's secrets lie.
#pragma once

#include <chrono>
#include <string>

namespace ganserve {

// PEM files. All empty: no TLS.
struct TlsOptions {
  std::string cert_file;       // the server's certificate, then its intermediates
  std::string key_file;        // its private key, without a passphrase
  std::string client_ca_file;  // not empty: clients must present a certificate that one of these signed

  // Changed files are looked for at most this often, by the next connection. 0: at every connection.
  std::chrono::milliseconds reload_interval{10'000};
};

}  // namespace ganserve
