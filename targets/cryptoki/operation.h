// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "targets/cryptoki/module.h"

namespace keyferry::cryptoki {

// A PKCS#11 operation between its C_…Init and its end. What is still active when the guard goes is ended, so that the
// session never answers CKR_OPERATION_ACTIVE later.
class Operation {
 public:
  enum class Kind { kFind, kSign, kVerify, kEncrypt, kDecrypt };

  Operation(const Module& module, CK_SESSION_HANDLE session, Kind kind)
      : module_(&module), session_(session), kind_(kind) {}
  ~Operation();
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  // The last call ended the operation by itself (any answer but CKR_BUFFER_TOO_SMALL does).
  void Ended() { active_ = false; }

 private:
  const Module* module_;
  CK_SESSION_HANDLE session_;
  Kind kind_;
  bool active_ = true;
};

}  // namespace keyferry::cryptoki
