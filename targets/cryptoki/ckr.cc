// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/ckr.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace keyferry::cryptoki {
namespace {

struct NamedRv {
  CK_RV rv;
  const char* name;
};

constexpr NamedRv kNames[] = {
#define KF_CKR(name) {name, #name},
#include "targets/cryptoki/ckr_names.def"
#undef KF_CKR
};

std::string Hex(CK_RV rv) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%lx", rv);
  return text.data();
}

// After one of these from a function that changes the token, nobody knows whether it was changed.
bool LeavesDoubt(std::string_view function) {
  constexpr std::array<std::string_view, 6> kChanging = {"C_CreateObject",      "C_CopyObject",  "C_DestroyObject",
                                                         "C_SetAttributeValue", "C_GenerateKey", "C_GenerateKeyPair"};
  return std::ranges::find(kChanging, function) != kChanging.end();
}

std::optional<Code> CredentialCode(CK_RV rv) {
  switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return Code::kPinWrong;
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
    case CKR_USER_PIN_NOT_INITIALIZED:
      return Code::kPinLocked;
    default:
      return std::nullopt;
  }
}

std::optional<Code> TokenCode(CK_RV rv) {
  switch (rv) {
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
      return Code::kTokenMissing;
    case CKR_DEVICE_MEMORY:
    case CKR_HOST_MEMORY:
    case CKR_TOKEN_RESOURCE_EXCEEDED:
      return Code::kTokenFull;
    case CKR_MECHANISM_INVALID:
      return Code::kMechanismMissing;
    case CKR_FUNCTION_NOT_SUPPORTED:
      return Code::kNotPossibleHere;
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
    case CKR_FUNCTION_CANCELED:
    case CKR_FUNCTION_REJECTED:
    case CKR_CANCEL:
    case CKR_DEVICE_ERROR:
    case CKR_CANT_LOCK:
    case CKR_MUTEX_BAD:
    case CKR_MUTEX_NOT_LOCKED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_FIPS_SELF_TEST_FAILED:
    case CKR_PENDING:
      return Code::kTokenFailed;
    default:
      return std::nullopt;
  }
}

Code KeyCode(CK_RV rv) {
  switch (rv) {
    case CKR_KEY_UNEXTRACTABLE:
    case CKR_KEY_NOT_WRAPPABLE:
      return Code::kKeyNotWrappable;
    case CKR_WRAPPED_KEY_INVALID:
    case CKR_WRAPPED_KEY_LEN_RANGE:
    case CKR_ENCRYPTED_DATA_INVALID:
    case CKR_ENCRYPTED_DATA_LEN_RANGE:
      return Code::kUnwrapFailed;
    case CKR_SIGNATURE_INVALID:
    case CKR_SIGNATURE_LEN_RANGE:
      return Code::kSignatureWrong;
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_UNWRAPPING_KEY_HANDLE_INVALID:
    case CKR_WRAPPING_KEY_HANDLE_INVALID:
      return Code::kObjectMissing;
    default:
      return Code::kTokenRefused;
  }
}

Code CodeFor(CK_RV rv, std::string_view function) {
  if (const auto code = CredentialCode(rv)) {
    return *code;
  }
  const Rung rung = RungFor(rv);
  auto code = TokenCode(rv);
  if (!code && rung != Rung::kNone) {
    code = Code::kTokenFailed;
  }
  if (!code && rv >= CKR_VENDOR_DEFINED) {
    code = Code::kTokenFailed;
  }
  if (!code) {
    return KeyCode(rv);
  }
  return *code == Code::kTokenFailed && LeavesDoubt(function) ? Code::kTokenUncertain : *code;
}

}  // namespace

std::string CkrName(CK_RV rv) {
  const auto* found = std::ranges::find(kNames, rv, &NamedRv::rv);
  if (found != std::end(kNames)) {
    return std::string(found->name) + " (" + Hex(rv) + ")";
  }
  if (rv >= CKR_VENDOR_DEFINED) {
    return "CKR_VENDOR_DEFINED + " + Hex(rv - CKR_VENDOR_DEFINED) + " (" + Hex(rv) + ")";
  }
  return "unknown CKR (" + Hex(rv) + ")";
}

Error CkrError(CK_RV rv, std::string_view function, std::string_view what) {
  Error error = Error::Caused(CodeFor(rv, function), std::string(what) + ": " + std::string(function), CkrName(rv));
  if (rv == CKR_USER_PIN_NOT_INITIALIZED || rv == CKR_PIN_EXPIRED) {
    error = std::move(error).NextStep("have the token's security officer set the user PIN");
  }
  return std::move(error).WithNative(rv);
}

CK_RV RvOf(const Error& error) { return static_cast<CK_RV>(error.native()); }

Rung RungFor(CK_RV rv) {
  switch (rv) {
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_COUNT:
    case CKR_OPERATION_ACTIVE:
    case CKR_OPERATION_NOT_INITIALIZED:
    case CKR_OPERATION_CANCEL_FAILED:
      return Rung::kSession;
    case CKR_USER_NOT_LOGGED_IN:
    case CKR_USER_ANOTHER_ALREADY_LOGGED_IN:
      return Rung::kLogin;
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
    case CKR_GENERAL_ERROR:
    case CKR_FUNCTION_FAILED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
      return Rung::kModule;
    case CKR_CANT_LOCK:
    case CKR_MUTEX_BAD:
    case CKR_MUTEX_NOT_LOCKED:
    case CKR_NEED_TO_CREATE_THREADS:
    case CKR_LIBRARY_LOAD_FAILED:
    case CKR_FIPS_SELF_TEST_FAILED:
    case CKR_CRYPTOKI_ALREADY_INITIALIZED:
      return Rung::kWorker;
    default:
      return Rung::kNone;
  }
}

Rung RungFor(const Error& error) { return RungFor(RvOf(error)); }

std::string_view Name(Rung rung) {
  switch (rung) {
    case Rung::kNone:
      return "none";
    case Rung::kSession:
      return "session";
    case Rung::kLogin:
      return "login";
    case Rung::kModule:
      return "module";
    case Rung::kWorker:
      return "worker";
  }
  return "none";
}

Status CheckRv(CK_RV rv, std::string_view function, std::string_view what) {
  if (rv == CKR_OK) {
    return {};
  }
  return std::unexpected(CkrError(rv, function, what));
}

}  // namespace keyferry::cryptoki
