// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "protocol/base/item.h"
#include "protocol/base/secret.h"
#include "tests/fakes/kek_token.h"

namespace keyferry::fakes {

// Items as a KMS makes them, wrapped under the test KEKs (kek_token.h), with check values. Everything is derived from
// `seed`: the same seed gives the same key and the same id. The operation is install and the target "hsm"; change the
// fields as a test needs them.

// 16 octets.
Bytes TestId(std::string_view seed);
Secret TestKey(std::string_view seed, std::size_t octets);

Item AesItem(std::string_view label, std::string_view seed, std::uint32_t bits = 256,
             std::uint32_t usage = usage::kEncrypt | usage::kDecrypt);
Item HmacItem(std::string_view label, std::string_view seed, std::uint32_t bits = 256,
              std::uint32_t usage = usage::kSign | usage::kVerify);
// Key pairs are generated once for each (type, bits, seed) of a process: they are not derived from the seed.
Item PrivateKeyItem(std::string_view label, std::string_view seed, KeyType type, std::uint32_t bits,
                    std::uint32_t usage = usage::kSign);
Item PublicKeyItem(std::string_view label, std::string_view seed, KeyType type, std::uint32_t bits,
                   std::uint32_t usage = usage::kVerify);
// Self-signed, P-256; `subject` is its common name.
Item CertificateItem(std::string_view label, std::string_view seed, std::string_view subject);

// `item` as an update, deletion or rollback of the version `current`.
Item UpdateOf(Item item, const Bytes& current);
Item DeletionOf(const Item& item, const Bytes& current);
Item RollbackOf(const Item& item, const Bytes& current);

// The private key of PrivateKeyItem, DER PKCS#8.
const Secret& TestPrivateKey(std::string_view seed, KeyType type, std::uint32_t bits);

}  // namespace keyferry::fakes
