// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/opened_bundle.h"

#include <algorithm>
#include <utility>

#include "protocol/seal/signed_octets.h"
#include "protocol/wire/codec.h"

namespace keyferry::seal {
namespace {

std::unexpected<Error> UnknownSigner(const Id16& id) {
  return std::unexpected(Error::Make(Code::kSignerUnknown, "no signer " + HexEncode(id) + " is enrolled"));
}

Status CheckSignature(const wire::EnvelopeView& envelope, const PinnedSigner& signer) {
  if (SignatureHolds(envelope, signer.key)) return {};
  return std::unexpected(Error::Make(Code::kSignatureWrong, "the signature does not verify with the key of signer '" +
                                                                Printable(signer.name) + "' (" + HexEncode(signer.id) +
                                                                ")"));
}

Status CheckSeal(const wire::EnvelopeView& envelope, SealVerifier& seal_in) {
  return seal_in.Verify(SealedOctets(envelope.header, envelope.body), envelope.seal);
}

}  // namespace

Result<OpenedBundle> OpenedBundle::Open(Bytes envelope, std::span<const PinnedSigner> signers) {
  KF_TRY(const wire::EnvelopeView view, wire::Split(envelope, wire::Kind::kBundle));
  const auto signer = std::ranges::find(signers, view.signer, &PinnedSigner::id);
  if (signer == signers.end()) return UnknownSigner(view.signer);
  KF_CHECK(CheckSignature(view, *signer));
  OpenedBundle opened;
  KF_TRY(opened.body_, wire::DecodeBundle(view.body));
  opened.digest_ = Sha256(envelope);
  opened.signer_ = *signer;
  opened.envelope_ = std::move(envelope);
  return opened;
}

Result<SealedBundle> SealedBundle::Verify(OpenedBundle bundle, SealVerifier& seal_in) {
  KF_TRY(const wire::EnvelopeView view, wire::Split(bundle.envelope(), wire::Kind::kBundle));
  KF_CHECK(CheckSeal(view, seal_in));
  return SealedBundle(std::move(bundle));
}

Result<wire::ConfirmationBody> OpenConfirmation(ByteView envelope, const PinnedSigner& signer, SealVerifier& seal_in) {
  KF_TRY(const wire::EnvelopeView view, wire::Split(envelope, wire::Kind::kConfirmation));
  if (view.signer != signer.id) return UnknownSigner(view.signer);
  KF_CHECK(CheckSignature(view, signer));
  KF_CHECK(CheckSeal(view, seal_in));
  return wire::DecodeConfirmation(view.body);
}

}  // namespace keyferry::seal
