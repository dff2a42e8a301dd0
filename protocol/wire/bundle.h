// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "protocol/base/crypto.h"
#include "protocol/base/item.h"

namespace keyferry::wire {

// The body of a bundle: what one signer asks of one domain of one agent.
struct BundleBody {
  Id16 agent{};
  Id16 domain{};
  std::uint32_t generation = 0;  // of the root keys that wrapped the items
  std::uint64_t sequence = 0;    // contiguous from 1 per (signer, domain)
  UnixSeconds accept_before = 0;
  UnixSeconds install_before = 0;  // 0: none
  bool simulate = false;
  bool atomic = false;
  std::vector<Item> items;
};

// What was seen in the target of one object; for a simulation what would have been asked of it.
struct Evidence {
  CheckMethod check_method = CheckMethod::kNone;
  Bytes check_value;
  std::uint32_t key_bits = 0;
  std::uint32_t usage = 0;
  bool sensitive = false;
  bool extractable = false;
};

enum class Outcome : std::uint8_t {
  kOk = 1,       // every item as asked
  kRefused = 2,  // nothing was changed
  kPartial = 3,  // some items, in a bundle that is not atomic
  kExpired = 4,  // install_before passed while the target could not be reached
};

enum class ItemResult : std::uint8_t { kOk = 1, kRefused = 2, kUndone = 3 };

std::string_view Name(Outcome outcome);    // "ok", "refused", "partial", "expired"
std::string_view Name(ItemResult result);  // "ok", "refused", "undone"

struct ItemOutcome {
  Operation operation = Operation::kInstall;
  std::string target;
  ObjectClass object_class = ObjectClass::kSecretKey;
  std::string label;
  Bytes id;  // of the version that is current after it; empty after a deletion
  ItemResult result = ItemResult::kRefused;
  std::string code;     // stable name of the refusal (protocol/base/codes.def); empty for ok
  std::string message;  // for people
  Evidence evidence;    // ok only; not for deletions ("object destroyed" is all that is said)
};

// What the worker says, signed by the receipt key inside the token.
struct Statement {
  Id16 agent{};
  Id16 domain{};
  std::uint32_t generation = 0;
  Id16 signer{};
  std::uint64_t sequence = 0;
  Digest envelope_sha256{};
  bool simulated = false;
  Outcome outcome = Outcome::kRefused;
  std::string code;  // of the whole bundle where it was refused as a whole
  std::string message;
  std::vector<ItemOutcome> items;
  std::string token_label;
  std::string token_serial;
  std::string token_model;
  bool template_enforced = false;  // by the token; false only where settings accept that
  UnixSeconds executed_at = 0;
};

enum class AttestedBy : std::uint8_t { kAgent = 1, kWorker = 2 };
// Whether daemon and worker run under separate users.
enum class Separation : std::uint8_t { kNone = 1, kUsers = 2 };

struct ReceiptBody {
  Id16 agent{};
  Id16 domain{};
  Id16 signer{};
  std::uint64_t sequence = 0;
  Digest envelope_sha256{};
  AttestedBy attested_by = AttestedBy::kAgent;
  Outcome outcome = Outcome::kRefused;
  std::string code;
  std::string message;
  Bytes statement;            // encoded Statement; empty where attested by the agent alone
  Bytes statement_signature;  // ECDSA P-256, r ‖ s; empty likewise
  Separation separation = Separation::kNone;
  UnixSeconds received_at = 0;
  UnixSeconds concluded_at = 0;
  std::uint64_t audit_count = 0;  // lines of the audit log so far
  Digest audit_head{};            // hash of its last line
};

// Ends the bootstrap: sealed and signed by the KMS once it has checked every proof of possession.
struct ConfirmationBody {
  Id16 agent{};
  Id16 domain{};
  std::uint32_t generation = 0;
  Digest request_sha256{};
  Digest response_sha256{};
  Digest proof_sha256{};
};

}  // namespace keyferry::wire
