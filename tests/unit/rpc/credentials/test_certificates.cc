#include "tests/unit/rpc/credentials/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

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

// A failure here is one of the machine, not of what is tested.
void Must(bool done) {
  if (!done) std::abort();
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

KeyPtr ParseKey(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

std::string KeyText(EVP_PKEY* key, const EVP_CIPHER* cipher, const char* passphrase) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, nullptr, 0, nullptr, const_cast<char*>(passphrase)) == 1);
  return TextOf(bio.get());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  Must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Valid from an hour ago for a day. `authority` null: signed by itself.
KeyAndCertificate Make(const std::string& name, const KeyAndCertificate* authority) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertPtr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  if (authority == nullptr) {
    X509_set_issuer_name(certificate.get(), subject);
    AddExtension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    Must(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
  } else {
    const BioPtr bio(BIO_new_mem_buf(authority->certificate.data(), static_cast<int>(authority->certificate.size())));
    const CertPtr issuer(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get()));
    AddExtension(certificate.get(), issuer.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    Must(X509_sign(certificate.get(), ParseKey(authority->key).get(), EVP_sha256()) != 0);
  }
  const BioPtr text(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(text.get(), certificate.get()) == 1);
  return {KeyText(key.get(), nullptr, nullptr), TextOf(text.get())};
}

}  // namespace

KeyAndCertificate MakeAuthority(const std::string& name) { return Make(name, nullptr); }
KeyAndCertificate Issue(const KeyAndCertificate& authority, const std::string& name) { return Make(name, &authority); }
std::string Encrypted(const std::string& key) {
  return KeyText(ParseKey(key).get(), EVP_aes_128_cbc(), "secret passphrase");
}

}  // namespace ganserve
