// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/uri.h"

#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "targets/cryptoki/module.h"

namespace keyferry::cryptoki {
namespace {

using Uri = std::unique_ptr<P11KitUri, decltype(&p11_kit_uri_free)>;

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::array<std::string_view, 4> kTokenParts = {"token", "serial", "manufacturer", "model"};
constexpr std::array<std::string_view, 3> kObjectParts = {"object", "id", "type"};

std::unexpected<Error> Refuse(std::string_view part, std::string_view why) {
  return std::unexpected(
      Error::Make(Code::kUriInvalid, "PKCS#11 URI: '" + Printable(part, 40) + "' " + std::string(why)));
}

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}

Status CheckName(std::string_view name, bool in_query, bool of_object) {
  if (name == "pin-value" || name == "pin-source") {
    return Refuse(name, "is refused: a PIN never stands in a URI, nor the way to one; hand it over as a credential");
  }
  if (in_query) {
    return name == "module-path" ? Status() : Refuse(name, "is not known in a query; only module-path is");
  }
  if (IsOneOf(name, kTokenParts) || (of_object && IsOneOf(name, kObjectParts))) {
    return {};
  }
  if (IsOneOf(name, kObjectParts)) {
    return Refuse(name, "names an object, where only a token may be named");
  }
  if (name == "slot-id" || name.starts_with("slot-")) {
    return Refuse(name,
                  "is refused: slots are numbered anew when a token is added; name the token by token= and serial=");
  }
  if (name.starts_with("library-")) {
    return Refuse(name, "is refused: the library is named by its path, never by its description");
  }
  return Refuse(name, "is not a known attribute");
}

// Names and shape only: p11-kit's parser lets unknown and repeated attributes through.
Status CheckParts(std::string_view text, char separator, bool in_query, bool of_object) {
  std::set<std::string_view> seen;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (end != std::string_view::npos && text.empty()) {
      return Refuse(part, "is followed by nothing");
    }
    const std::size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    if (equals == std::string_view::npos || name.empty()) {
      return Refuse(part, "is not of the form name=value");
    }
    KF_CHECK(CheckName(name, in_query, of_object));
    if (equals + 1 == part.size()) {
      return Refuse(name, "is empty");
    }
    // Only an id is octets; the names are texts.
    if (name != "id" && part.find("%00") != std::string_view::npos) {
      return Refuse(name, "holds %00");
    }
    if (!seen.insert(name).second) {
      return Refuse(name, "is given twice");
    }
  }
  return {};
}

// p11-kit drops spaces and takes more than RFC 3986 allows; what a shell or a line break may have done to the text is
// refused instead.
Status CheckCharacters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c <= ' ' || c > '~' || std::string_view("\"<>\\^`{}|#").find(c) != std::string_view::npos) {
      return Refuse(text.substr(i, 1), "may only stand in a URI as %XX");
    }
    if (c == '%' && (text.size() < i + 3 || !HexDecode(text.substr(i + 1, 2)))) {
      return Refuse(text.substr(i, 3), "is no escape of an octet: %XX");
    }
  }
  return {};
}

Result<Uri> ParseAny(std::string_view text, bool of_object) {
  if (!text.starts_with(kScheme)) {
    return Refuse(text.substr(0, kScheme.size()), "does not begin with pkcs11:");
  }
  if (text.size() > 4096) {
    return Refuse(text, "is longer than 4096 octets");
  }
  KF_CHECK(CheckCharacters(text));
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t question = rest.find('?');
  KF_CHECK(CheckParts(rest.substr(0, question), ';', false, of_object));
  if (question != std::string_view::npos) {
    KF_CHECK(CheckParts(rest.substr(question + 1), '&', true, of_object));
  }
  Uri uri(p11_kit_uri_new(), &p11_kit_uri_free);
  const int parsed = uri ? p11_kit_uri_parse(std::string(text).c_str(), P11_KIT_URI_FOR_ANY, uri.get())
                         : static_cast<int>(P11_KIT_URI_UNEXPECTED);
  if (parsed != P11_KIT_URI_OK) {
    const char* reason = p11_kit_uri_message(parsed);
    return Refuse(text, reason != nullptr ? reason : "is not well formed (a value is too long, or not of its kind)");
  }
  if (p11_kit_uri_any_unrecognized(uri.get()) != 0) {
    return Refuse(text, "has a part, or a type=, that is not known");
  }
  return uri;
}

TokenUri TokenOf(P11KitUri* uri) {
  const CK_TOKEN_INFO& info = *p11_kit_uri_get_token_info(uri);
  const char* path = p11_kit_uri_get_module_path(uri);
  return {Unpadded(info.label), Unpadded(info.serialNumber), Unpadded(info.manufacturerID), Unpadded(info.model),
          path != nullptr ? path : ""};
}

Bytes AttributeOf(P11KitUri* uri, CK_ATTRIBUTE_TYPE type) {
  const CK_ATTRIBUTE* attribute = p11_kit_uri_get_attribute(uri, type);
  if (attribute == nullptr || attribute->pValue == nullptr) {
    return {};
  }
  const auto* at = static_cast<const std::uint8_t*>(attribute->pValue);
  return Bytes(at, at + attribute->ulValueLen);
}

// The fields of CK_TOKEN_INFO are padded with spaces, and a longer text fits none.
void Pad(std::span<unsigned char> field, std::string_view text) {
  if (!text.empty()) {
    std::memset(field.data(), ' ', field.size());
    std::memcpy(field.data(), text.data(), std::min(field.size(), text.size()));
  }
}

Uri Make(const TokenUri& token) {
  Uri uri(p11_kit_uri_new(), &p11_kit_uri_free);
  CK_TOKEN_INFO& info = *p11_kit_uri_get_token_info(uri.get());
  Pad(info.label, token.label);
  Pad(info.serialNumber, token.serial);
  Pad(info.manufacturerID, token.manufacturer);
  Pad(info.model, token.model);
  if (!token.module_path.empty()) {
    p11_kit_uri_set_module_path(uri.get(), token.module_path.c_str());
  }
  return uri;
}

std::string FormatAny(P11KitUri* uri) {
  char* text = nullptr;
  if (p11_kit_uri_format(uri, P11_KIT_URI_FOR_ANY, &text) != P11_KIT_URI_OK || text == nullptr) {
    return std::string(kScheme);
  }
  std::string result(text);
  std::free(text);
  return result;
}

void SetAttribute(P11KitUri* uri, CK_ATTRIBUTE_TYPE type, const void* at, std::size_t size) {
  CK_ATTRIBUTE attribute{type, const_cast<void*>(at), static_cast<CK_ULONG>(size)};
  p11_kit_uri_set_attribute(uri, &attribute);
}

}  // namespace

Result<TokenUri> TokenUri::Parse(std::string_view text) {
  KF_TRY(const Uri uri, ParseAny(text, false));
  return TokenOf(uri.get());
}

std::string TokenUri::Format() const { return FormatAny(Make(*this).get()); }

Result<ObjectUri> ObjectUri::Parse(std::string_view text) {
  KF_TRY(const Uri uri, ParseAny(text, true));
  ObjectUri object;
  object.token = TokenOf(uri.get());
  const Bytes label = AttributeOf(uri.get(), CKA_LABEL);
  object.label = AsText(label);
  object.id = AttributeOf(uri.get(), CKA_ID);
  const Bytes object_class = AttributeOf(uri.get(), CKA_CLASS);
  if (object_class.size() == sizeof(CK_OBJECT_CLASS)) {
    CK_OBJECT_CLASS value = 0;
    std::memcpy(&value, object_class.data(), sizeof value);
    object.object_class = value;
  }
  if (object.label.empty() && object.id.empty()) {
    return Refuse(text, "names no object: give object=LABEL or id=%XX…");
  }
  return object;
}

std::string ObjectUri::Format() const {
  const Uri uri = Make(token);
  if (!label.empty()) {
    SetAttribute(uri.get(), CKA_LABEL, label.data(), label.size());
  }
  if (!id.empty()) {
    SetAttribute(uri.get(), CKA_ID, id.data(), id.size());
  }
  if (object_class) {
    SetAttribute(uri.get(), CKA_CLASS, &*object_class, sizeof *object_class);
  }
  return FormatAny(uri.get());
}

}  // namespace keyferry::cryptoki
