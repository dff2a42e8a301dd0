// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/base/bytes.h"

namespace keyferry::secrecy {

// Where a piece of a key was seen.
struct Finding {
  std::string where;  // as given to Scan
  std::string key;    // as given to Add
  std::string form;   // "raw", "hex, reversed", …
  std::size_t offset = 0;
};
std::string Describe(const Finding& finding);

// Looks for any 16 octets in a row of any of the values added, in every form in which software tends to write octets
// down: raw; hexadecimal, both cases; base64 and base64url in all three alignments; each of the octets in order and
// reversed, and each text in order and reversed. Windows of text are 16 characters, which is less than 16 octets
// make: so every window of 16 octets is covered wherever it begins.
class Scanner {
 public:
  static constexpr std::size_t kWindow = 16;

  // `value`: at least 16 octets.
  void Add(const std::string& key, ByteView value);
  // The first finding of each key in each form.
  std::vector<Finding> Scan(const std::string& where, ByteView haystack) const;
  std::size_t windows() const { return windows_.size(); }

 private:
  using Window = std::array<std::uint8_t, kWindow>;
  struct Hash {
    std::size_t operator()(const Window& window) const;
  };
  struct Name {
    std::string key, form;
  };
  void AddForm(const std::string& key, const std::string& form, ByteView octets);

  std::vector<Name> names_;
  std::unordered_map<Window, std::size_t, Hash> windows_;                     // → index of names_
  std::vector<std::uint64_t> filter_ = std::vector<std::uint64_t>(1U << 16);  // one bit per hash of 8 octets
};

}  // namespace keyferry::secrecy
