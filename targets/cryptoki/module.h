// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {

// A loaded and initialised PKCS#11 library. Must outlive its tokens and sessions, and must be destroyed before main
// returns: vendors' libraries crash when finalised by static destructors. One per library and process: a second Load of
// the same path shares the library's state and is refused by it (CKR_CRYPTOKI_ALREADY_INITIALIZED).
class Module {
 public:
  // `init_string` is handed over as NSS's LibraryParameters ("configdir='sql:/path' …"); empty for other libraries.
  // Code::kModuleUnloadable names the path and the loader's reason; hsm.* where C_Initialize fails.
  static Result<std::unique_ptr<Module>> Load(const std::string& path, const std::string& init_string = "");
  // C_Finalize, then unloads.
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // C_Finalize and C_Initialize: the rung kModule. Every session and login is gone afterwards; Token and Session
  // objects made before must be destroyed first.
  Status Reinitialize();

  const CK_FUNCTION_LIST& functions() const { return *functions_; }
  const std::string& path() const { return path_; }

  Result<std::vector<CK_SLOT_ID>> SlotsWithTokens() const;
  // nullopt where the token does not know the mechanism. What a token says here is a hint: see TokenProfile.
  Result<std::optional<CK_MECHANISM_INFO>> MechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type) const;
  // "SoftHSM 2.6, SoftHSM Implementation of PKCS11", for messages and records.
  std::string Description() const;

 private:
  Module(std::string path, std::string init_string) : path_(std::move(path)), init_string_(std::move(init_string)) {}
  Status Open();
  Status Initialize();

  std::string path_;
  std::string init_string_;
  void* library_ = nullptr;
  CK_FUNCTION_LIST* functions_ = nullptr;
  bool initialized_ = false;
};

// A fixed-width text field of a PKCS#11 struct, without its padding.
std::string Unpadded(std::span<const unsigned char> field);

}  // namespace keyferry::cryptoki
