// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/certificate.h"

#include <openssl/x509.h>

#include <memory>

namespace keyferry::hsm {
namespace {

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

std::unexpected<Error> Refused(std::string_view why) {
  return std::unexpected(Error::Make(Code::kItemInvalid, "certificate: " + std::string(why)));
}

template <typename T, typename Encode>
Result<Bytes> Der(T* value, Encode encode) {
  const int size = encode(value, nullptr);
  if (size <= 0) {
    return Refused("a part of it cannot be encoded");
  }
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* at = der.data();
  encode(value, &at);
  return der;
}

}  // namespace

Result<CertificateFacts> ParseCertificate(ByteView der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<X509, X509Deleter> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != der.data() + der.size()) {
    return Refused("these octets are not one DER X.509 certificate");
  }
  CertificateFacts facts;
  KF_TRY(facts.subject, Der(X509_get_subject_name(certificate.get()), i2d_X509_NAME));
  KF_TRY(facts.issuer, Der(X509_get_issuer_name(certificate.get()), i2d_X509_NAME));
  KF_TRY(facts.serial, Der(X509_get0_serialNumber(certificate.get()), i2d_ASN1_INTEGER));
  return facts;
}

}  // namespace keyferry::hsm
