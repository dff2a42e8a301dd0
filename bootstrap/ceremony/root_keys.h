// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <vector>

#include "bootstrap/ceremony/documents.h"
#include "bootstrap/record/record.h"
#include "targets/cryptoki/profile.h"
#include "targets/cryptoki/session.h"

// The root keys in the target token, with exactly the attributes that make the token, not our code, their guard. Each
// class has a KEK of its own: one CKA_UNWRAP_TEMPLATE cannot serve two.
namespace keyferry::ceremony {

// The two handles that every step in a token needs.
struct Workbench {
  cryptoki::Session* session = nullptr;
  const cryptoki::TokenProfile* profile = nullptr;
};

// CKA_ID of a root key (and of the transport key, with another purpose): derived from the random domain id, so that an
// import which died can be found and finished.
Bytes ObjectId(std::string_view purpose, const Id16& domain, std::uint32_t generation);

// The template of CKA_UNWRAP_TEMPLATE: {CLASS, KEY_TYPE (not for `private`), PRIVATE true, SENSITIVE true, EXTRACTABLE
// false}. seal-in unwraps nothing.
cryptoki::Template GuardTemplate(record::RootKey key);

// Unwraps one root key through the transport key into a session object that carries everything, and copies it to the
// token with MODIFIABLE false; where a token has no C_CopyObject, or refuses MODIFIABLE false there, straight to the
// token. What the token does not take of ALLOWED_MECHANISMS and COPYABLE is left out; CheckRootKey decides whether that
// is enough. `method`: how the KEK is going to unwrap.
Status ImportRootKey(const Workbench& bench, CK_OBJECT_HANDLE transport_key, const cryptoki::Mechanism& oaep,
                     const Blob& blob, const Id16& domain, std::uint32_t generation, WrapMethod method);

// Finds the one object that bears the root key's id. Code::kObjectMissing, kObjectAmbiguous.
Result<CK_OBJECT_HANDLE> FindRootKey(const cryptoki::Session& session, record::RootKey key, const Id16& domain,
                                     std::uint32_t generation);

// Reads the attributes back. Code::kReadBackWrong names each that is not as it must be. Without `accept_unenforced` the
// guard template must be there and CKA_MODIFIABLE must be false.
Status CheckRootKey(const Workbench& bench, CK_OBJECT_HANDLE object, record::RootKey key, WrapMethod method,
                    bool accept_unenforced);

// The record's entry, with every attribute pinned as the token shows it.
Result<record::RootKeyRecord> PinRootKey(const Workbench& bench, CK_OBJECT_HANDLE object, record::RootKey key,
                                         const Id16& domain, std::uint32_t generation);

// Destroys whatever bears the ids of this ceremony's root keys: the remains of an import that died.
Status RemoveRootKeys(cryptoki::Session& session, const Id16& domain, std::uint32_t generation);

// Destroys every object of that id.
Status DestroyById(cryptoki::Session& session, ByteView id);

}  // namespace keyferry::ceremony
