// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/signed_document.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace keyferry::record {
namespace {

constexpr std::size_t kMostOctets = 1024 * 1024;
constexpr std::size_t kMostSignature = 256;
constexpr std::size_t kFingerprintOctets = 16;
constexpr std::size_t kDigitsInGroup = 4;

Error Malformed(std::string_view kind, std::string_view why) {
  Error error =
      Error::Make(Code::kRecordWrong, "this is not a keyferry " + std::string(kind) + " file: " + std::string(why));
  return kind == "record" ? error : std::move(error).NextStep("name the ceremony's " + std::string(kind) + " file");
}

// The lines, each of which must end in a newline.
std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace

Result<SignedDocument> ParseDocument(std::string_view text, std::string_view kind) {
  if (text.size() > kMostOctets) {
    return std::unexpected(
        Error::Make(Code::kFileTooLarge, "a keyferry " + std::string(kind) + " file holds at most 1 MiB"));
  }
  const std::vector<std::string_view> lines = Lines(text);
  if (lines.size() != 3) return std::unexpected(Malformed(kind, "it does not have three lines"));
  if (lines[0] != "keyferry-" + std::string(kind) + "/1") {
    return std::unexpected(Malformed(kind, "its first line reads '" + Printable(lines[0], 40) + "'"));
  }
  auto signature = HexDecode(lines[2]);
  if (!signature || signature->empty() || signature->size() > kMostSignature) {
    return std::unexpected(Malformed(kind, "its third line is not a signature in hexadecimal"));
  }
  return SignedDocument{std::string(kind), std::string(lines[1]), std::move(*signature)};
}

std::string FormatDocument(const SignedDocument& document) {
  return "keyferry-" + document.kind + "/1\n" + document.json + "\n" + HexEncode(document.signature) + "\n";
}

Bytes SignedOctets(std::string_view kind, std::string_view json) {
  static constexpr std::array<std::uint8_t, 1> kZero = {0};
  return Concat({AsBytes("keyferry/1 "), AsBytes(kind), kZero, AsBytes(json)});
}

Digest DocumentDigest(std::string_view text) { return Sha256(AsBytes(text)); }

std::string Fingerprint(const Digest& digest) {
  const std::string digits = HexEncode(ByteView(digest).first(kFingerprintOctets));
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % kDigitsInGroup == 0) text += '-';
    text += digits[i];
  }
  return text;
}

Status CheckFingerprint(const Digest& digest, std::string_view typed) {
  std::string digits;
  for (const char c : typed) {
    if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') continue;
    digits += c;
  }
  const auto octets = HexDecode(digits);
  if (octets && octets->size() == kFingerprintOctets &&
      std::ranges::equal(*octets, ByteView(digest).first(kFingerprintOctets))) {
    return {};
  }
  const std::string why = octets && octets->size() == kFingerprintOctets
                              ? "the fingerprint that was typed is not this file's"
                              : "what was typed is not a fingerprint: it has 32 hexadecimal digits";
  return std::unexpected(Error::Make(Code::kFingerprintMismatch, why));
}

}  // namespace keyferry::record
