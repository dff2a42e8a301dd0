// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/seal/bundle_sealer.h"
#include "protocol/seal/receipt.h"
#include "protocol/sender/connection.h"
#include "protocol/sender/store.h"
#include "protocol/wire/bundle.h"

// What a KMS links to push keys. Its state (domains, sequence numbers, sealed bundles, receipts) is one SQLite database
// (store.h), so that a process that dies goes on where it stood: a number is given to one bundle only, and a bundle
// without a receipt is sent again, octet for octet, until there is one.
namespace keyferry::sender {

// What one bundle is to say; agent, domain, generation, sequence and dates are filled in by the sender.
struct BundleRequest {
  std::vector<Item> items;
  bool simulate = false;
  bool atomic = true;
  std::chrono::seconds accept_within{3600};
  std::optional<std::chrono::seconds> install_within;
};

// The end of one bundle's way.
struct Delivery {
  std::uint64_t sequence = 0;
  Bytes receipt_octets;           // as the agent made them: they verify offline, for as long as they are kept
  seal::VerifiedReceipt receipt;  // verified against the keys that the ceremony pinned
};

// One domain of one agent, over one connection. Bundles are pipelined, up to kWindow of them in flight; "busy",
// "expected N" and lost connections are handled here. One thread at a time.
class DomainSender {
 public:
  static constexpr std::size_t kWindow = 16;

  // Takes the domain's lock in the store's directory, so that one process at a time sends to it. Borrows all but the
  // name. Code::kAgentUnknown, kLocked, kStore….
  static Result<DomainSender> Open(Store& store, const std::string& domain_name, const Ed25519KeyPair& signer,
                                   const Secret& channel_key, Clock& clock);

  // Seals under the next sequence number, durably; sends nothing yet. Returns the number. `seal_in`: the MAC inside the
  // KMS's HSM. Code::kSequenceDiverged where the domain is stopped; kUsage where a limit is passed.
  Result<std::uint64_t> Enqueue(const BundleRequest& request, seal::SealSigner& seal_in);

  // Sends what has no receipt yet, in order, and returns the deliveries of this call once every bundle up to `last` has
  // its receipt. After `patience` without any progress: Code::kAgentSilent (no answer), kBusy or kInProgress (accepted
  // and not concluded); what is stored stays, and a later call goes on. Code::kSequenceDiverged where the agent's
  // number shows that one side was restored from a copy: the domain is stopped, and every later call says so. A refusal
  // that consumed nothing is an error with the agent's code. The deliveries stand in the order in which receipts came.
  Result<std::vector<Delivery>> Drive(std::uint64_t last, std::chrono::milliseconds patience);

  // Asks the agent again for the receipt of `sequence`, whether the store has it or not.
  Result<Delivery> AskAgain(std::uint64_t sequence, std::chrono::milliseconds patience);

  // Sends octets as they are, outside of the store, and waits for the receipt. The agent's refusal is an error with the
  // agent's code.
  Result<Delivery> SendAsIs(ByteView envelope, std::chrono::milliseconds patience);

 private:
  // A bundle that was sent and has no receipt yet.
  struct InFlight {
    std::uint64_t sequence = 0;
    Digest digest{};
    bool answered = false;  // the agent answered this sending
    std::chrono::steady_clock::time_point sent;
  };

  DomainSender(Store& store, DomainRow domain, const Ed25519KeyPair& signer, Clock& clock, LockFile lock,
               Connection connection);

  Status CheckNotStopped() const;
  Status SendNext(std::uint64_t last);
  Status SendAgainWhatIsLate();
  Status Handle(const wire::Reply& reply, std::vector<Delivery>& deliveries);
  Status HandleReceipt(const wire::Reply& reply, std::vector<Delivery>& deliveries);
  Status HandleExpected(const wire::Reply& reply);
  void GoBack(std::uint64_t to, std::chrono::milliseconds pause);
  void NoteAccepted(std::uint64_t sequence);
  Status OutOfPatience() const;
  Result<Delivery> Verified(Bytes receipt) const;
  Result<Delivery> WaitForReceipt(const Digest* envelope, std::uint64_t sequence, std::chrono::milliseconds patience);
  InFlight* Find(const Digest& digest);

  Store* store_;
  DomainRow domain_;
  const Ed25519KeyPair* signer_;
  Clock* clock_;
  LockFile lock_;
  Connection connection_;

  std::vector<InFlight> in_flight_;
  std::uint64_t next_ = 0;                   // the next number to send
  std::optional<std::uint64_t> go_back_to_;  // once everything in flight was answered or is late
  std::chrono::steady_clock::time_point not_before_;
  std::chrono::steady_clock::time_point progress_;
  std::uint64_t accepted_ = 0;  // the highest number that the agent accepted in this call
  bool busy_ = false;           // its last answer was "busy"
};

}  // namespace keyferry::sender
