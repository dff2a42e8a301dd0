// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/channel/channel.h"
#include "protocol/seal/receipt.h"
#include "protocol/sender/session.h"
#include "tests/integration/world/world.h"

namespace keyferry::world {

inline constexpr std::chrono::milliseconds kAmple{120'000};  // generous: no test depends on the machine's speed

// Ends the test program with the error: there is no test without this value.
template <typename T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().ThreeLines().c_str());
  std::abort();
}

// An AES-256 key that is born in the KMS's HSM, and wrapped there.
Item NewKey(sender::KmsToken& token, const sender::Twins& twins, const std::string& label);

// Makes the KMS's token the one that this process's SoftHSM2 finds once it is initialised.
void UseKmsToken(const World& world);

// The KMS's home and HSM in the test's own process, used as keyferry-kms never would: whatever is asked for is sealed,
// signed and sent. SoftHSM2 is loaded once in a process, so there is one of these at a time.
class Kms {
 public:
  explicit Kms(const World& world);

  Item NewKey(const std::string& label) { return world::NewKey(*token_, twins_, label); }
  // A body as keyferry-kms makes it.
  wire::BundleBody Body(std::uint64_t sequence, std::vector<Item> items) const;
  // Sealed in the HSM, signed by the KMS's signer.
  Bytes Seal(const wire::BundleBody& body) { return SealAs(signer_, body); }
  Bytes SealAs(const Ed25519KeyPair& signer, const wire::BundleBody& body);
  // The signature is right; the seal is made without the Root KEK's twin.
  Bytes SealWithoutTwin(const wire::BundleBody& body);

  sender::Connection Connect() const;
  // A connection under a key that nobody enrolled.
  sender::Connection ConnectAsStranger() const;
  const Ed25519KeyPair& signer() const { return signer_; }
  const sender::DomainRow& domain() const { return domain_; }
  // Against the keys that the ceremony pinned.
  seal::VerifiedReceipt Verified(const Bytes& receipt) const;

 private:
  const World* world_;
  Ed25519KeyPair signer_;
  Secret channel_key_;
  sender::DomainRow domain_;
  std::unique_ptr<sender::KmsToken> token_;
  sender::Twins twins_;
};

// `body` with `header` and `seal` as they are, signed anew by `signer`.
Bytes SignAgain(const Ed25519KeyPair& signer, ByteView header, ByteView seal, ByteView body);

void Send(sender::Connection& connection, const Bytes& envelope);
// Pushes, and waits for the first reply to this very envelope.
wire::Reply Push(sender::Connection& connection, const Bytes& envelope);
// Pushes, and waits for the receipt.
Bytes PushForReceipt(sender::Connection& connection, const Bytes& envelope);
// The number that the agent expects of `signer` next.
std::uint64_t NextNumber(sender::Connection& connection, const Kms& kms, const Ed25519KeyPair& signer);
inline std::uint64_t NextNumber(sender::Connection& connection, const Kms& kms) {
  return NextNumber(connection, kms, kms.signer());
}

// The worker's socket, as the daemon uses it.
channel::WorkerClient Worker(const World& world);
// What the worker says of an envelope that is handed to it directly, without the daemon: "refused CODE", or what its
// verified statement says: "ok", "refused CODE", "expired CODE".
std::string WorkerVerdict(const World& world, const Kms& kms, const Bytes& envelope);

// Every object file in the agent's token, with the digest of its octets.
std::string TokenObjects(const World& world);
// The same, and what the worker's ledger counts.
std::string TokenAndLedger(const World& world);
// The same, and what the daemon's journal counts, with the next number it expects.
std::string WholeState(const World& world, const Kms& kms, sender::Connection& connection);
// Labels of all objects in the agent's token that a delivery brought, sorted.
std::vector<std::string> Labels(const World& world);
// The only domain in the agent's status; nothing where the daemon does not answer.
std::optional<Json> TryDomainStatus(const World& world);
Json DomainStatus(const World& world);
std::string AuditLog(const World& world);
// The numbers of all bundles that the audit log calls concluded, in its order.
std::vector<std::int64_t> Concluded(const World& world);

}  // namespace keyferry::world
