// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/result.h"

// SoftHSM2 rewrites a token's `token.object` at every login by truncating it first: a kill in between leaves it empty,
// and every later login fails. A durable copy, made at bootstrap and renewed once a changed PIN was used, mends that.
// All functions do nothing for tokens of other modules, told by the model of CK_TOKEN_INFO ("SoftHSM v2"; trailing
// spaces do not count).
namespace keyferry::cryptoki {

// The path of token.object: below directories.tokendir of the configuration that SoftHSM2 reads ($SOFTHSM2_CONF,
// ~/.config/softhsm2/softhsm2.conf, /etc/softhsm/softhsm2.conf), in the directory whose UUID ends in `serial`.
// nullopt where the token is no SoftHSM2 token, or is not found there (another process serves the module).
std::optional<std::string> FindTokenObject(std::string_view model, std::string_view serial);

// Copies token.object to `copy_path` (settings::TokenCopyPath), mode 0600. After bootstrap, while no login runs. True:
// copied. Code::kFileUnreadable, kFileUnwritable; kTokenFailed where it is empty.
Result<bool> StoreTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path);

// After a login: copies token.object again where it is not what was copied, since its PIN may have been changed by
// another program; a copy with the PIN of yesterday would lock today's out. Nothing is copied while the file changes (a
// login of another process), nor where no copy was made yet. True: copied. Code::kFileUnreadable, kFileUnwritable.
Result<bool> RenewTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path);

// Puts the copy back where token.object is found empty and stays so for a moment (another process may be writing it).
// To be called before the module is loaded. True: put back. Code::kFileUnreadable, kFileUnwritable.
Result<bool> PutBackTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path);

}  // namespace keyferry::cryptoki
