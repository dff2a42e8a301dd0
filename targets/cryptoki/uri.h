// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {

// Where a token is found (RFC 7512 section 2.3): what is not given is empty and matches anything. Slot numbers are
// never used: they change when a token is added.
struct TokenUri {
  std::string label;         // token=
  std::string serial;        // serial=
  std::string manufacturer;  // manufacturer=
  std::string model;         // model=
  std::string module_path;   // ?module-path=; the library, where the URI names it

  // Refuses attributes of an object. Code::kUriInvalid names the part.
  static Result<TokenUri> Parse(std::string_view text);
  std::string Format() const;
  bool operator==(const TokenUri&) const = default;
};

// An object in a token: the token's part, and label (object=), CKA_ID (id=) and class (type=). At least one of label
// and id is there.
struct ObjectUri {
  TokenUri token;
  std::string label;
  Bytes id;
  std::optional<CK_OBJECT_CLASS> object_class;

  // Both parsers refuse with Code::kUriInvalid, naming the part: another scheme, wrong escapes, an attribute given
  // twice or empty, unknown attributes, slot-id and library-* (not a stable name of a token), pin-value and pin-source
  // (a PIN never stands in a URI; a source may name a command).
  static Result<ObjectUri> Parse(std::string_view text);
  std::string Format() const;
  bool operator==(const ObjectUri&) const = default;
};

}  // namespace keyferry::cryptoki
