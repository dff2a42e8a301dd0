// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/clock.h"
#include "protocol/base/secret.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {

// Owns a CK_ATTRIBUTE template and every value in it; values keep their address when it moves. Moves, never copies.
// Each function replaces the attribute where it stands already, and returns *this:
//   Template().Ulong(CKA_CLASS, CKO_SECRET_KEY).Bool(CKA_TOKEN, false)
class Template {
 public:
  Template() = default;
  Template(Template&&) = default;
  Template& operator=(Template&&) = default;
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;
  ~Template() = default;

  Template& Bool(CK_ATTRIBUTE_TYPE type, bool value);
  Template& Ulong(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& Octets(CK_ATTRIBUTE_TYPE type, ByteView value);
  Template& Text(CK_ATTRIBUTE_TYPE type, std::string_view value);
  // CK_DATE of the day (UTC) in which `value` lies; 0 gives an empty date.
  Template& Date(CK_ATTRIBUTE_TYPE type, UnixSeconds value);
  // CKA_ALLOWED_MECHANISMS.
  Template& Mechanisms(CK_ATTRIBUTE_TYPE type, std::span<const CK_MECHANISM_TYPE> value);
  // CKA_UNWRAP_TEMPLATE, CKA_WRAP_TEMPLATE.
  Template& Nested(CK_ATTRIBUTE_TYPE type, Template value);
  // Takes the secret over; it is wiped with the template.
  Template& SecretValue(CK_ATTRIBUTE_TYPE type, Secret value);
  // Borrows the secret: it must outlive the template.
  Template& BorrowSecret(CK_ATTRIBUTE_TYPE type, const Secret& value);
  Template& Remove(CK_ATTRIBUTE_TYPE type);
  // Moves all attributes of `other` in, replacing what stands here already.
  Template& Merge(Template other);

  bool Has(CK_ATTRIBUTE_TYPE type) const;
  // As C functions take it. Valid until the template changes or goes.
  CK_ATTRIBUTE* data() { return attributes_.data(); }
  const CK_ATTRIBUTE* data() const { return attributes_.data(); }
  CK_ULONG size() const { return attributes_.size(); }

 private:
  struct Value {
    Bytes octets;
    Secret secret;
    std::vector<Template> nested;  // none or one
  };
  Template& Put(CK_ATTRIBUTE_TYPE type, Value value);
  Template& PutRaw(CK_ATTRIBUTE_TYPE type, const void* at, std::size_t size, Value value);

  std::vector<CK_ATTRIBUTE> attributes_;
  std::vector<Value> values_;  // one for each of attributes_
};

// What was read of one object. An attribute that the object does not have, or that the token does not show (sensitive,
// or CK_UNAVAILABLE_INFORMATION), is nullopt, as is one of another size than its kind has.
class AttributeValues {
 public:
  std::optional<bool> Bool(CK_ATTRIBUTE_TYPE type) const;
  std::optional<CK_ULONG> Ulong(CK_ATTRIBUTE_TYPE type) const;
  std::optional<Bytes> Octets(CK_ATTRIBUTE_TYPE type) const;
  std::optional<std::string> Text(CK_ATTRIBUTE_TYPE type) const;
  // Midnight (UTC) of a CK_DATE; 0 for an empty one.
  std::optional<UnixSeconds> Date(CK_ATTRIBUTE_TYPE type) const;
  // In the order of the token; empty where the token holds an empty list.
  std::optional<std::vector<CK_MECHANISM_TYPE>> Mechanisms(CK_ATTRIBUTE_TYPE type) const;
  bool Has(CK_ATTRIBUTE_TYPE type) const { return values_.contains(type); }
  std::size_t size() const { return values_.size(); }
  // Every attribute with its octets, in the order of the types.
  const std::map<CK_ATTRIBUTE_TYPE, Bytes>& all() const { return values_; }
  void Put(CK_ATTRIBUTE_TYPE type, Bytes value) { values_[type] = std::move(value); }

 private:
  std::map<CK_ATTRIBUTE_TYPE, Bytes> values_;
};

// The CK_DATE octets "YYYYMMDD" of the day (UTC); empty for 0.
Bytes DateOctets(UnixSeconds value);
// "CKA_SENSITIVE", or "CKA 0x…" for a type without a name here.
std::string CkaName(CK_ATTRIBUTE_TYPE type);

}  // namespace keyferry::cryptoki
