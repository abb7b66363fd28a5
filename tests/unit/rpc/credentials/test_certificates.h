// Certificates made on the spot, so that none expires in the repository.
#pragma once

#include <string>

namespace ganserve {

// PEM texts.
struct KeyAndCertificate {
  std::string key;
  std::string certificate;
};

KeyAndCertificate MakeAuthority(const std::string& name);

// For "localhost" and 127.0.0.1, good for servers and clients.
KeyAndCertificate Issue(const KeyAndCertificate& authority, const std::string& name);

// The key behind a passphrase.
std::string Encrypted(const std::string& key);

}  // namespace ganserve
