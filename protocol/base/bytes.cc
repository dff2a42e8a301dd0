// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/bytes.h"

#include <sodium.h>

#include <algorithm>

namespace keyferry {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// The value of a hexadecimal digit; -1 for anything else.
int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

template <typename T>
void AppendBigEndian(Bytes& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <typename T>
T ReadBigEndian(ByteView at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>((std::uint64_t{value} << 8) | at[i]);
  return value;
}

std::uint8_t Octet(std::string_view text, std::size_t index) { return static_cast<std::uint8_t>(text[index]); }

// The code point of the well-formed character that `text` is.
std::uint32_t CodePoint(std::string_view text) {
  if (text.size() == 1) return Octet(text, 0);
  std::uint32_t value = Octet(text, 0) & (0xFFU >> (text.size() + 1));
  for (std::size_t i = 1; i < text.size(); ++i) value = (value << 6) | (Octet(text, i) & 0x3FU);
  return value;
}

bool MustBeEscaped(std::uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) || code_point == '\\' ||
         (code_point >= 0x200B && code_point <= 0x200F) ||  // zero width, direction marks
         (code_point >= 0x2028 && code_point <= 0x202E) ||  // line and paragraph separators, direction overrides
         (code_point >= 0x2060 && code_point <= 0x206F) || code_point == 0xFEFF;
}

std::string Escaped(std::string_view octets) {
  if (octets == "\\") return "\\\\";
  std::string text;
  for (const char octet : octets) {
    const auto value = static_cast<std::uint8_t>(octet);
    text += {'\\', 'x', kHexDigits[value >> 4], kHexDigits[value & 0xF]};
  }
  return text;
}

}  // namespace

ByteView AsBytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string_view AsText(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Bytes Concat(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes all;
  all.reserve(size);
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

bool Equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

std::string HexEncode(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t value : bytes) text += {kHexDigits[value >> 4], kHexDigits[value & 0xF]};
  return text;
}

Result<Bytes> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "hexadecimal text has an odd number of digits"));
  }
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::unexpected(Error::Make(Code::kEncodingInvalid,
                                         "hexadecimal text has something else at character " + std::to_string(i + 1)));
    }
    bytes[i / 2] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

std::string Base64Encode(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  return text;
}

Result<Bytes> Base64Decode(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return std::unexpected(Error::Make(Code::kEncodingInvalid, "text is not base64 with padding (RFC 4648 section 4)"));
  }
  bytes.resize(size);
  return bytes;
}

void AppendU16(Bytes& out, std::uint16_t value) { AppendBigEndian(out, value); }
void AppendU32(Bytes& out, std::uint32_t value) { AppendBigEndian(out, value); }
void AppendU64(Bytes& out, std::uint64_t value) { AppendBigEndian(out, value); }
std::uint16_t ReadU16(ByteView at) { return ReadBigEndian<std::uint16_t>(at); }
std::uint32_t ReadU32(ByteView at) { return ReadBigEndian<std::uint32_t>(at); }
std::uint64_t ReadU64(ByteView at) { return ReadBigEndian<std::uint64_t>(at); }

std::size_t Utf8Front(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint8_t first = Octet(text, 0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((Octet(text, i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what is beyond U+10FFFF show in the second octet.
  const std::uint8_t second = Octet(text, 1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return size;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = Utf8Front(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string Printable(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = Utf8Front(text);
    const std::string_view front = text.substr(0, std::max<std::size_t>(size, 1));
    const bool plain = size != 0 && !MustBeEscaped(CodePoint(front));
    const std::string piece = plain ? std::string(front) : Escaped(front);
    if (out.size() + piece.size() > most) return out + "…";
    out += piece;
    text.remove_prefix(front.size());
  }
  return out;
}

}  // namespace keyferry
