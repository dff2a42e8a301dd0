// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/crypto.h"
#include "protocol/wire/envelope.h"

// The octets that are sealed and signed (protocol/PROTOCOL.md, "Signatures"). Each kind has a label of its own, so that
// what was signed as one thing never passes for another.
namespace keyferry::seal {

// In front of what Ed25519 signs: header ‖ seal ‖ body.
ByteView SignatureLabel(wire::Kind kind);
// What the seal-in key MACs: "keyferry/1 seal" ‖ SHA-256(header ‖ body).
Bytes SealedOctets(ByteView header, ByteView body);
// What the receipt key signs: SHA-256("keyferry/1 statement" ‖ statement).
Digest StatementDigest(ByteView statement);
// The envelope's Ed25519 signature.
bool SignatureHolds(const wire::EnvelopeView& envelope, const Ed25519PublicKey& key);

}  // namespace keyferry::seal
