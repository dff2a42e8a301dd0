// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/item.h"

namespace keyferry::target {

// One version of an object that this agent installed and that is still there, as the ledger knows it.
struct Version {
  Bytes id;  // CKA_ID, or the store's name for this version
  KeyType key_type = KeyType::kAes;
  std::uint32_t key_bits = 0;
  std::uint32_t usage = 0;
  CheckMethod check_method = CheckMethod::kNone;
  Bytes check_value;
};

// What the ledger holds of the object that an item addresses by (target, class, label). Only what stands here was
// installed by us: anything else under that label is foreign.
struct Holding {
  std::optional<Version> current;
  std::optional<Version> previous;  // retired, kept for rollback
};

// What was seen of the object. After a deletion all of it is empty.
struct Evidence {
  CheckMethod check_method = CheckMethod::kNone;
  Bytes check_value;
  std::uint32_t key_bits = 0;
  std::uint32_t usage = 0;
  bool sensitive = false;
  bool extractable = false;
};

// One item on its way into a target. Made by Target::Stage, then Commit, then Finish; or Commit, then Undo. A staged
// item that is destroyed before Commit leaves nothing behind.
class StagedItem {
 public:
  virtual ~StagedItem() = default;

  // What staging saw (the key was unwrapped, its length, attributes and check value compared). The answer of a
  // simulation.
  virtual const Evidence& evidence() const = 0;

  // Makes it lasting and reads it back: install and update: the new version is there under its label; rollback: the
  // previous version is there under the label again; delete: nothing yet. Idempotent after a crash: what an earlier
  // attempt left complete is taken as done. Code::kReadBackWrong after having destroyed what did not match.
  virtual Status Commit() = 0;

  // Takes Commit back: what was committed is destroyed, what was relabelled gets its label back. Idempotent.
  virtual Status Undo() = 0;

  // Last, once every item of the bundle is committed and `overlap` has passed: update and rollback retire the version
  // that was current (and destroy an older one that nobody keeps any more); delete destroys all versions. Idempotent.
  virtual Status Finish() = 0;

  // True where Finish takes a current version out of sight, so that readers need the overlap first.
  virtual bool NeedsOverlap() const = 0;

  // What the ledger is to hold of this object after Finish.
  virtual Holding After() const = 0;
};

// A place that keys are loaded into: an HSM token, later a keystore. One thread at a time. Every target passes the
// suite in tests/contract/target.
class Target {
 public:
  virtual ~Target() = default;

  virtual std::string_view name() const = 0;  // as items address it: "hsm"
  virtual std::string_view kind() const = 0;  // "hsm"

  // How long old and new version stay under one label.
  virtual std::chrono::milliseconds overlap() const = 0;

  // Does everything about an item that changes nothing lasting: refuses what the target cannot hold, what is foreign or
  // already there or missing, unwraps where the key will live, compares. Codes: item.*, hsm.*.
  virtual Result<std::unique_ptr<StagedItem>> Stage(const Item& item, const Holding& holding) = 0;

  // Before a bundle that was begun and not concluded is executed again: removes what an attempt that died left
  // incomplete under the ids of `items`; what is complete stays. Leaves foreign objects alone.
  virtual Status Recover(std::span<const Item> items) = 0;

  // The generation of the root keys that wrapped what Stage is given from now on; to be called for each bundle. Before
  // the first call the newest that the target knows. Targets without root keys ignore it.
  virtual void UseGeneration(std::uint32_t generation) { static_cast<void>(generation); }

  // Forgets what was cached of the target's content, so that the next call looks again (after an uncertain error).
  virtual void Invalidate() = 0;
};

}  // namespace keyferry::target
