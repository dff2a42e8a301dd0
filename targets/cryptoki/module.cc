// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/module.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/ckr.h"

namespace keyferry::cryptoki {
namespace {

// What NSS's libraries read: LibraryParameters stands before pReserved, where PKCS#11 has pReserved itself.
struct NssInitArgs {
  CK_CREATEMUTEX create_mutex;
  CK_DESTROYMUTEX destroy_mutex;
  CK_LOCKMUTEX lock_mutex;
  CK_UNLOCKMUTEX unlock_mutex;
  CK_FLAGS flags;
  char* library_parameters;
  void* reserved;
};

}  // namespace

Result<std::unique_ptr<Module>> Module::Load(const std::string& path, const std::string& init_string) {
  std::unique_ptr<Module> module(new Module(path, init_string));
  KF_CHECK(module->Open());
  KF_CHECK(module->Initialize());
  return module;
}

Module::~Module() {
  if (initialized_) {
    functions_->C_Finalize(nullptr);
  }
  if (library_ != nullptr) {
    dlclose(library_);
  }
}

Status Module::Open() {
  if (path_.find('/') == std::string::npos) {
    return std::unexpected(Error::Make(Code::kModuleUnloadable,
                                       "PKCS#11 library '" + Printable(path_) + "': not a path with a directory"));
  }
  library_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    const char* reason = dlerror();
    return std::unexpected(Error::Caused(Code::kModuleUnloadable, "PKCS#11 library '" + Printable(path_) + "'",
                                         Printable(reason != nullptr ? reason : "dlopen failed", 300)));
  }
  const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
  if (get_list == nullptr) {
    return std::unexpected(Error::Make(Code::kModuleUnloadable, "'" + Printable(path_) +
                                                                    "' is no PKCS#11 library: it has no function "
                                                                    "C_GetFunctionList"));
  }
  KF_CHECK(CheckRv(get_list(&functions_), "C_GetFunctionList", "PKCS#11 library '" + Printable(path_) + "'"));
  if (functions_ == nullptr || functions_->version.major < 2) {
    return std::unexpected(
        Error::Make(Code::kModuleUnloadable, "'" + Printable(path_) + "' speaks no PKCS#11 of version 2 or later"));
  }
  return {};
}

Status Module::Initialize() {
  NssInitArgs nss{};
  nss.flags = CKF_OS_LOCKING_OK;
  nss.library_parameters = init_string_.data();
  CK_C_INITIALIZE_ARGS plain{};
  plain.flags = CKF_OS_LOCKING_OK;
  void* args = init_string_.empty() ? static_cast<void*>(&plain) : static_cast<void*>(&nss);
  KF_CHECK(CheckRv(functions_->C_Initialize(args), "C_Initialize", "PKCS#11 library '" + Printable(path_) + "'"));
  initialized_ = true;
  return {};
}

Status Module::Reinitialize() {
  if (initialized_) {
    initialized_ = false;
    // A library that fails to finalise answers CKR_CRYPTOKI_ALREADY_INITIALIZED next, whose rung is a new worker.
    functions_->C_Finalize(nullptr);
  }
  return Initialize();
}

Result<std::vector<CK_SLOT_ID>> Module::SlotsWithTokens() const {
  const std::string what = "listing slots of '" + Printable(path_) + "'";
  // The number of slots may grow between the two calls.
  for (int attempt = 0; attempt < 5; ++attempt) {
    CK_ULONG count = 0;
    KF_CHECK(CheckRv(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList", what));
    std::vector<CK_SLOT_ID> slots(count);
    if (count == 0) {
      return slots;
    }
    const CK_RV rv = functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (rv == CKR_BUFFER_TOO_SMALL) {
      continue;
    }
    KF_CHECK(CheckRv(rv, "C_GetSlotList", what));
    slots.resize(count);
    return slots;
  }
  return std::unexpected(CkrError(CKR_BUFFER_TOO_SMALL, "C_GetSlotList", what));
}

Result<std::optional<CK_MECHANISM_INFO>> Module::MechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type) const {
  CK_MECHANISM_INFO info;
  // SoftHSM2 ORs its flags into what stands there.
  std::memset(&info, 0, sizeof info);
  const CK_RV rv = functions_->C_GetMechanismInfo(slot, type, &info);
  if (rv == CKR_MECHANISM_INVALID) {
    return std::optional<CK_MECHANISM_INFO>();
  }
  KF_CHECK(CheckRv(rv, "C_GetMechanismInfo", "asking '" + Printable(path_) + "' about a mechanism"));
  return std::optional<CK_MECHANISM_INFO>(info);
}

std::string Unpadded(std::span<const unsigned char> field) {
  std::string text(field.begin(), field.end());
  // Some vendors pad with zeros.
  text.resize(std::min(text.size(), text.find('\0')));
  text.resize(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Module::Description() const {
  CK_INFO info{};
  if (functions_->C_GetInfo(&info) != CKR_OK) {
    return "unknown";
  }
  const std::string text = Unpadded(info.manufacturerID) + " " + std::to_string(info.libraryVersion.major) + "." +
                           std::to_string(info.libraryVersion.minor) + ", " + Unpadded(info.libraryDescription);
  return Printable(text);
}

}  // namespace keyferry::cryptoki
