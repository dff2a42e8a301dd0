// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <string>

#include "targets/cryptoki/profile.h"
#include "targets/hsm/token_objects.h"
#include "targets/target/target.h"

namespace keyferry::hsm {

// [target.NAME] and [token] of the worker's settings, as far as an HSM target is concerned.
struct HsmSettings {
  std::string name = "hsm";
  std::chrono::milliseconds overlap{1000};
  bool keep_previous = true;                // else a retired version is destroyed at once
  bool exclusive = false;                   // the token is ours alone: objects that cannot be read may be removed
  bool accept_unenforced_template = false;  // take a token that does not enforce CKA_UNWRAP_TEMPLATE
};

// What a target and its staged items share.
struct HsmContext {
  TokenObjects objects;
  cryptoki::TokenProfile profile;
  HsmSettings settings;
};

// The versions of one object in the token, by their ids. What is not there under one of our labels is left alone: every
// function but IsThere takes that as success.
class Versions {
 public:
  Versions(HsmContext& context, ObjectClass object_class, std::string label)
      : context_(&context), object_class_(object_class), label_(std::move(label)) {}

  Result<bool> IsThere(const Bytes& id);
  // Under the label again, where it was retired.
  Status Show(const Bytes& id);
  // Out of sight: under the retired label, or destroyed where settings keep no previous version.
  Status Retire(const Bytes& id);
  // Under the retired label, whatever the settings say.
  Status Hide(const Bytes& id);
  Status Destroy(const Bytes& id);

 private:
  Result<const ObjectEntry*> Find(const Bytes& id);

  HsmContext* context_;
  ObjectClass object_class_;
  std::string label_;
};

}  // namespace keyferry::hsm
