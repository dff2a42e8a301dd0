// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/hsm/root_keks.h"

namespace keyferry::hsm {

Result<CK_OBJECT_HANDLE> ResolveRootKey(const ObjectIndex& index, const Bytes& id, std::string_view what) {
  const auto found = index.AllById(CKO_SECRET_KEY, id);
  if (found.size() == 1) {
    return found.front()->handle;
  }
  return std::unexpected(Error::Make(Code::kRootKeyChanged, std::string(what) + " (id " + HexEncode(id) +
                                                                ") is in the token " + std::to_string(found.size()) +
                                                                " times instead of once"));
}

Result<CK_OBJECT_HANDLE> KekFor(const ObjectIndex& index, const RootKeks& keks, std::uint32_t generation,
                                const Item& item) {
  const bool secret = item.object_class == ObjectClass::kSecretKey;
  if (!secret && item.object_class != ObjectClass::kPrivateKey) {
    return CK_OBJECT_HANDLE{0};
  }
  const auto found = keks.find(generation);
  if (found == keks.end()) {
    return std::unexpected(
        Error::Make(Code::kWrongGeneration, "the token has no root keys of generation " + std::to_string(generation)));
  }
  const RootKekIds& ids = found->second;
  const std::string of = "' of generation " + std::to_string(generation);
  if (!secret) {
    return ResolveRootKey(index, ids.private_key, "root key 'private" + of);
  }
  return item.key_type == KeyType::kAes ? ResolveRootKey(index, ids.aes, "root key 'aes" + of)
                                        : ResolveRootKey(index, ids.mac, "root key 'mac" + of);
}

}  // namespace keyferry::hsm
