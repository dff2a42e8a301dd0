// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/result.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {

// "CKR_PIN_INCORRECT (0xa0)"; "CKR_VENDOR_DEFINED + 0x5 (0x80000005)"; "unknown CKR (0x9999)".
std::string CkrName(CK_RV rv);

// The error for a return value other than CKR_OK. `function` is the PKCS#11 function ("C_Login"), `what` names the
// thing: "logging in to token 'payments'". The value itself stays readable: Error::native(), or RvOf().
//
// Codes: credential.* for PINs; kTokenMissing, kTokenFull, kMechanismMissing, kNotPossibleHere (function not
// supported), kKeyNotWrappable, kUnwrapFailed (CKR_WRAPPED_KEY_*), kSignatureWrong (CKR_SIGNATURE_*), kObjectMissing
// (stale or wrong handles), kTokenRefused (arguments and templates); kTokenFailed (retry later) where the session,
// login, module or device failed; kTokenUncertain instead of kTokenFailed for the functions that change the token
// (C_CreateObject, C_CopyObject, C_DestroyObject, C_SetAttributeValue, C_GenerateKey, C_GenerateKeyPair).
//
// CKR_GENERAL_ERROR of C_UnwrapKey may mean a damaged blob: compare RvOf() with TokenProfile::damaged_blob.
Error CkrError(CK_RV rv, std::string_view function, std::string_view what);

// The PKCS#11 return value behind an error; CKR_OK where none is.
CK_RV RvOf(const Error& error);

// How far down the recovery ladder a failure asks to go: open a new session; close all, log in again; C_Finalize and
// C_Initialize; leave the process. A rung that did not help is followed by the next.
enum class Rung : std::uint8_t { kNone, kSession, kLogin, kModule, kWorker };
Rung RungFor(CK_RV rv);
Rung RungFor(const Error& error);
std::string_view Name(Rung rung);  // "none", "session", "login", "module", "worker"

// CKR_OK as success, anything else as CkrError.
Status CheckRv(CK_RV rv, std::string_view function, std::string_view what);

}  // namespace keyferry::cryptoki
