// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/bundle_sealer.h"

#include <string>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/limits.h"

namespace keyferry::seal {
namespace {

Result<Bytes> SealOctets(wire::Kind kind, ByteView body, const Ed25519KeyPair& signer, SealSigner& seal_in) {
  const std::size_t size = wire::kHeaderBytes + wire::kSealBytes + wire::kSignatureBytes + body.size();
  if (size > wire::limits::kEnvelopeBytes) {
    return std::unexpected(Error::Make(Code::kWireTooLarge, "the bundle would have " + std::to_string(size) +
                                                                " octets; at most " +
                                                                std::to_string(wire::limits::kEnvelopeBytes)));
  }
  const wire::Header header =
      wire::MakeHeader(kind, IdOfKey(signer.public_key()), static_cast<std::uint32_t>(body.size()));
  KF_TRY_WITH(const wire::Seal seal, seal_in.Sign(SealedOctets(header, body)), "sealing the bundle");
  const Ed25519Signature signature = signer.Sign({SignatureLabel(kind), header, seal, body});
  return wire::Join(header, seal, signature, body);
}

}  // namespace

Result<Bytes> SealBundle(const wire::BundleBody& body, const Ed25519KeyPair& signer, SealSigner& seal_in) {
  const Bytes octets = wire::Encode(body);
  // What every agent would refuse is not sealed.
  KF_CHECK(wire::DecodeBundle(octets));
  return SealOctets(wire::Kind::kBundle, octets, signer, seal_in);
}

Result<Bytes> SealConfirmation(const wire::ConfirmationBody& body, const Ed25519KeyPair& signer, SealSigner& seal_in) {
  const Bytes octets = wire::Encode(body);
  KF_CHECK(wire::DecodeConfirmation(octets));
  return SealOctets(wire::Kind::kConfirmation, octets, signer, seal_in);
}

}  // namespace keyferry::seal
