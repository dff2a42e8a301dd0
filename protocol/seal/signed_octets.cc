// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/seal/signed_octets.h"

#include <cstdlib>

namespace keyferry::seal {

ByteView SignatureLabel(wire::Kind kind) {
  switch (kind) {
    case wire::Kind::kBundle:
      return AsBytes("keyferry/1 bundle");
    case wire::Kind::kReceipt:
      return AsBytes("keyferry/1 receipt");
    case wire::Kind::kConfirmation:
      return AsBytes("keyferry/1 confirmation");
  }
  std::abort();
}

Bytes SealedOctets(ByteView header, ByteView body) {
  return Concat({AsBytes("keyferry/1 seal"), Sha256({header, body})});
}

Digest StatementDigest(ByteView statement) { return Sha256({AsBytes("keyferry/1 statement"), statement}); }

bool SignatureHolds(const wire::EnvelopeView& envelope, const Ed25519PublicKey& key) {
  return Ed25519Verify(key, {SignatureLabel(envelope.kind), envelope.header, envelope.seal, envelope.body},
                       envelope.signature);
}

}  // namespace keyferry::seal
