// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/item.h"

// Keys that everybody may know, and what is computed over them, by OpenSSL alone.
namespace keyferry::golden {

Bytes Wrap(WrapMethod method, ByteView kek, ByteView key);
// `key` is a DER SubjectPublicKeyInfo for CheckMethod::kPublicKey, else the octets of the key.
Bytes CheckValue(CheckMethod method, ByteView key);

Bytes RootKey(KeyType wrapped, ObjectClass object_class);  // that wraps keys of this kind
Bytes EcPrivateKey();                                      // PKCS#8
Bytes EcPublicKey();                                       // SubjectPublicKeyInfo
Bytes Ed25519PrivateKey();                                 // PKCS#8
Bytes Ed25519PublicKeyInfo();                              // SubjectPublicKeyInfo
Bytes Certificate();                                       // of the EC key

}  // namespace keyferry::golden
