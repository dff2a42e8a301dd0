// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/attributes.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace keyferry::cryptoki {
namespace {

template <typename T>
std::optional<T> Plain(const std::map<CK_ATTRIBUTE_TYPE, Bytes>& values, CK_ATTRIBUTE_TYPE type) {
  const auto found = values.find(type);
  if (found == values.end() || found->second.size() != sizeof(T)) {
    return std::nullopt;
  }
  T value{};
  std::memcpy(&value, found->second.data(), sizeof value);
  return value;
}

}  // namespace

Template& Template::PutRaw(CK_ATTRIBUTE_TYPE type, const void* at, std::size_t size, Value value) {
  // PKCS#11 has no const; no function writes through the templates that it takes as input.
  const CK_ATTRIBUTE attribute{type, const_cast<void*>(at), static_cast<CK_ULONG>(size)};
  const auto found = std::ranges::find(attributes_, type, &CK_ATTRIBUTE::type);
  if (found == attributes_.end()) {
    // SoftHSM2 applies a template in its order, and refuses UNWRAP_TEMPLATE and others after MODIFIABLE false.
    const bool before_last = !attributes_.empty() && attributes_.back().type == CKA_MODIFIABLE;
    attributes_.insert(attributes_.end() - (before_last ? 1 : 0), attribute);
    values_.insert(values_.end() - (before_last ? 1 : 0), std::move(value));
  } else {
    *found = attribute;
    values_[static_cast<std::size_t>(found - attributes_.begin())] = std::move(value);
  }
  return *this;
}

Template& Template::Put(CK_ATTRIBUTE_TYPE type, Value value) {
  // A vector keeps its buffer when it moves, so the address stays good.
  const void* at = value.octets.empty() ? nullptr : value.octets.data();
  const std::size_t size = value.octets.size();
  return PutRaw(type, at, size, std::move(value));
}

Template& Template::Bool(CK_ATTRIBUTE_TYPE type, bool value) {
  const CK_BBOOL raw = value ? 1 : 0;
  return Put(type, {Bytes{raw}, {}, {}});
}

Template& Template::Ulong(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes octets(sizeof value);
  std::memcpy(octets.data(), &value, sizeof value);
  return Put(type, {std::move(octets), {}, {}});
}

Template& Template::Octets(CK_ATTRIBUTE_TYPE type, ByteView value) {
  return Put(type, {Bytes(value.begin(), value.end()), {}, {}});
}

Template& Template::Text(CK_ATTRIBUTE_TYPE type, std::string_view value) { return Octets(type, AsBytes(value)); }

Template& Template::Date(CK_ATTRIBUTE_TYPE type, UnixSeconds value) { return Put(type, {DateOctets(value), {}, {}}); }

Template& Template::Mechanisms(CK_ATTRIBUTE_TYPE type, std::span<const CK_MECHANISM_TYPE> value) {
  Bytes octets(value.size_bytes());
  if (!octets.empty()) {
    std::memcpy(octets.data(), value.data(), octets.size());
  }
  return Put(type, {std::move(octets), {}, {}});
}

Template& Template::Nested(CK_ATTRIBUTE_TYPE type, Template value) {
  Value holder;
  holder.nested.push_back(std::move(value));
  const Template& inner = holder.nested.front();
  return PutRaw(type, inner.data(), inner.size() * sizeof(CK_ATTRIBUTE), std::move(holder));
}

Template& Template::SecretValue(CK_ATTRIBUTE_TYPE type, Secret value) {
  Value holder;
  holder.secret = std::move(value);
  const auto view = holder.secret.Expose();
  return PutRaw(type, view.data(), view.size(), std::move(holder));
}

Template& Template::BorrowSecret(CK_ATTRIBUTE_TYPE type, const Secret& value) {
  const auto view = value.Expose();
  return PutRaw(type, view.data(), view.size(), {});
}

Template& Template::Remove(CK_ATTRIBUTE_TYPE type) {
  const auto found = std::ranges::find(attributes_, type, &CK_ATTRIBUTE::type);
  if (found != attributes_.end()) {
    values_.erase(values_.begin() + (found - attributes_.begin()));
    attributes_.erase(found);
  }
  return *this;
}

Template& Template::Merge(Template other) {
  for (std::size_t i = 0; i < other.attributes_.size(); ++i) {
    const CK_ATTRIBUTE& attribute = other.attributes_[i];
    PutRaw(attribute.type, attribute.pValue, attribute.ulValueLen, std::move(other.values_[i]));
  }
  return *this;
}

bool Template::Has(CK_ATTRIBUTE_TYPE type) const {
  return std::ranges::find(attributes_, type, &CK_ATTRIBUTE::type) != attributes_.end();
}

std::optional<bool> AttributeValues::Bool(CK_ATTRIBUTE_TYPE type) const {
  const auto raw = Plain<CK_BBOOL>(values_, type);
  return raw ? std::optional<bool>(*raw != 0) : std::nullopt;
}

std::optional<CK_ULONG> AttributeValues::Ulong(CK_ATTRIBUTE_TYPE type) const {
  const auto raw = Plain<CK_ULONG>(values_, type);
  return raw == CK_UNAVAILABLE_INFORMATION ? std::nullopt : raw;
}

std::optional<Bytes> AttributeValues::Octets(CK_ATTRIBUTE_TYPE type) const {
  const auto found = values_.find(type);
  return found == values_.end() ? std::nullopt : std::optional<Bytes>(found->second);
}

std::optional<std::string> AttributeValues::Text(CK_ATTRIBUTE_TYPE type) const {
  const auto found = values_.find(type);
  return found == values_.end() ? std::nullopt : std::optional<std::string>(AsText(found->second));
}

std::optional<UnixSeconds> AttributeValues::Date(CK_ATTRIBUTE_TYPE type) const {
  const auto text = Text(type);
  if (!text) {
    return std::nullopt;
  }
  // SoftHSM2 and others give an empty value for no date, some eight zero octets.
  if (text->empty() || *text == std::string(8, '\0') || *text == "00000000") {
    return 0;
  }
  if (text->size() != 8 || !std::ranges::all_of(*text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t length) { return std::stoi(text->substr(at, length)); };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(6, 2)))};
  if (!day.ok()) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::chrono::sys_days(day).time_since_epoch()).count();
}

std::optional<std::vector<CK_MECHANISM_TYPE>> AttributeValues::Mechanisms(CK_ATTRIBUTE_TYPE type) const {
  const auto found = values_.find(type);
  if (found == values_.end() || found->second.size() % sizeof(CK_MECHANISM_TYPE) != 0) {
    return std::nullopt;
  }
  std::vector<CK_MECHANISM_TYPE> list(found->second.size() / sizeof(CK_MECHANISM_TYPE));
  if (!list.empty()) {
    std::memcpy(list.data(), found->second.data(), found->second.size());
  }
  return list;
}

Bytes DateOctets(UnixSeconds value) {
  if (value == 0) {
    return {};
  }
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(value)));
  const std::chrono::year_month_day day(days);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return Bytes(text.begin(), text.begin() + 8);
}

std::string CkaName(CK_ATTRIBUTE_TYPE type) {
  static constexpr struct {
    CK_ATTRIBUTE_TYPE type;
    const char* name;
  } kNames[] = {
#define KF_CKA(name) {name, #name}
      KF_CKA(CKA_CLASS),
      KF_CKA(CKA_TOKEN),
      KF_CKA(CKA_PRIVATE),
      KF_CKA(CKA_LABEL),
      KF_CKA(CKA_VALUE),
      KF_CKA(CKA_KEY_TYPE),
      KF_CKA(CKA_ID),
      KF_CKA(CKA_SENSITIVE),
      KF_CKA(CKA_ENCRYPT),
      KF_CKA(CKA_DECRYPT),
      KF_CKA(CKA_WRAP),
      KF_CKA(CKA_UNWRAP),
      KF_CKA(CKA_SIGN),
      KF_CKA(CKA_VERIFY),
      KF_CKA(CKA_DERIVE),
      KF_CKA(CKA_START_DATE),
      KF_CKA(CKA_END_DATE),
      KF_CKA(CKA_MODULUS),
      KF_CKA(CKA_MODULUS_BITS),
      KF_CKA(CKA_PUBLIC_EXPONENT),
      KF_CKA(CKA_VALUE_LEN),
      KF_CKA(CKA_EXTRACTABLE),
      KF_CKA(CKA_LOCAL),
      KF_CKA(CKA_NEVER_EXTRACTABLE),
      KF_CKA(CKA_MODIFIABLE),
      KF_CKA(CKA_COPYABLE),
      KF_CKA(CKA_DESTROYABLE),
      KF_CKA(CKA_EC_PARAMS),
      KF_CKA(CKA_EC_POINT),
      KF_CKA(CKA_UNWRAP_TEMPLATE),
      KF_CKA(CKA_WRAP_TEMPLATE),
      KF_CKA(CKA_ALLOWED_MECHANISMS),
      KF_CKA(CKA_CHECK_VALUE),
      KF_CKA(CKA_TRUSTED),
      KF_CKA(CKA_WRAP_WITH_TRUSTED),
      KF_CKA(CKA_ALWAYS_SENSITIVE),
#undef KF_CKA
  };
  const auto* found = std::ranges::find_if(kNames, [type](const auto& entry) { return entry.type == type; });
  if (found != std::end(kNames)) {
    return found->name;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "CKA 0x%lx", type);
  return text.data();
}

}  // namespace keyferry::cryptoki
