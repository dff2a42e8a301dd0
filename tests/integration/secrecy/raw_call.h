// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <utility>
#include <vector>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::secrecy {

// A template that may be as wrong as an attacker likes: attributes twice, values of odd sizes.
class RawTemplate {
 public:
  RawTemplate& Ulong(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  RawTemplate& Bool(CK_ATTRIBUTE_TYPE type, bool value) { return Set(type, {static_cast<std::uint8_t>(value)}); }
  RawTemplate& Set(CK_ATTRIBUTE_TYPE type, Bytes value);      // replaces
  RawTemplate& Append(CK_ATTRIBUTE_TYPE type, Bytes value);   // behind what is there
  RawTemplate& Prepend(CK_ATTRIBUTE_TYPE type, Bytes value);  // in front of it
  RawTemplate& Nested(CK_ATTRIBUTE_TYPE type, const RawTemplate& value);
  RawTemplate& Remove(CK_ATTRIBUTE_TYPE type);

  // For one call. Points into this object.
  std::vector<CK_ATTRIBUTE> Native();

 private:
  struct Attribute {
    CK_ATTRIBUTE_TYPE type = 0;
    Bytes value;
    std::vector<std::pair<CK_ATTRIBUTE_TYPE, Bytes>> nested;
    std::vector<CK_ATTRIBUTE> native;
  };
  std::vector<Attribute> attributes_;
};

// A mechanism with parameters that suit it; they live for the life of the program.
struct RawMechanism {
  std::string name;
  CK_MECHANISM native;
};
const std::vector<RawMechanism>& WrapMechanisms();    // for C_WrapKey and C_UnwrapKey with an AES key
const std::vector<RawMechanism>& CipherMechanisms();  // for C_Encrypt and C_Decrypt with one
const std::vector<RawMechanism>& MacMechanisms();
// `other`: a key of the attacker's own for those that join two keys.
std::vector<RawMechanism> DeriveMechanisms(CK_OBJECT_HANDLE& other);

}  // namespace keyferry::secrecy
