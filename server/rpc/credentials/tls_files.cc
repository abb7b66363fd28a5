#include "server/rpc/credentials/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/rpc/credentials/text_file.h"

namespace ganserve {
namespace {

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;

absl::Status Refuse(const std::string& path, absl::string_view why) {
  ERR_clear_error();  // OpenSSL's queue of this thread: what stays there would confuse gRPC's next handshake
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", why));
}

BioPtr Open(const std::string& pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// A server has no terminal to ask for a passphrase on.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<KeyPtr> ParseKey(const std::string& path, const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Refuse(path, "holds no PEM private key without a passphrase");
  return key;
}

// The first certificate, once all of them have parsed.
absl::StatusOr<CertPtr> ParseCertificates(const std::string& path, const std::string& pem) {
  const BioPtr bio = Open(pem);
  CertPtr first(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  if (first == nullptr) return Refuse(path, "holds no PEM certificate");
  for (int number = 2;; ++number) {
    const CertPtr next(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (next != nullptr) continue;
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
      return Refuse(path, absl::StrCat("certificate ", number, " of the file is malformed"));
    }
    ERR_clear_error();
    return first;
  }
}

}  // namespace

absl::StatusOr<TlsMaterial> ReadTlsMaterial(const TlsOptions& options) {
  TlsMaterial material;
  GANSERVE_ASSIGN_OR_RETURN(material.cert_chain, ReadTextFile(options.cert_file));
  GANSERVE_ASSIGN_OR_RETURN(material.private_key, ReadTextFile(options.key_file));
  GANSERVE_ASSIGN_OR_RETURN(const CertPtr cert, ParseCertificates(options.cert_file, material.cert_chain));
  GANSERVE_ASSIGN_OR_RETURN(const KeyPtr key, ParseKey(options.key_file, material.private_key));
  if (X509_check_private_key(cert.get(), key.get()) != 1) {
    return Refuse(options.key_file, absl::StrCat("is not the private key of the certificate in ", options.cert_file));
  }
  if (!options.client_ca_file.empty()) {
    GANSERVE_ASSIGN_OR_RETURN(material.client_ca, ReadTextFile(options.client_ca_file));
    GANSERVE_ASSIGN_OR_RETURN(const CertPtr ca, ParseCertificates(options.client_ca_file, material.client_ca));
  }
  return material;
}

}  // namespace ganserve
