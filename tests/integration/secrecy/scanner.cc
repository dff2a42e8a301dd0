// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/scanner.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace keyferry::secrecy {
namespace {

constexpr unsigned kFilterBits = 22;

// A multiplicative hash of the first 8 octets: fast enough to be made at every offset of a process's memory.
std::uint64_t HashOf(const std::uint8_t* at) {
  std::uint64_t first = 0;
  std::memcpy(&first, at, sizeof first);
  return first * 0x9e3779b97f4a7c15ULL;
}

std::size_t FilterBit(const std::uint8_t* at) { return HashOf(at) >> (64 - kFilterBits); }

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string UrlSafe(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

struct Form {
  std::string name;
  Bytes octets;
};

Bytes ToBytes(const std::string& text) { return {text.begin(), text.end()}; }

// The texts that one order of the octets is written as.
std::vector<Form> TextsOf(ByteView octets) {
  std::vector<Form> forms;
  forms.push_back({"hex", ToBytes(HexEncode(octets))});
  forms.push_back({"HEX", ToBytes(Upper(HexEncode(octets)))});
  for (std::size_t skip = 0; skip < 3; ++skip) {
    // Groups of three octets only: what the characters of the others are depends on what stands beside them.
    const ByteView whole = octets.subspan(skip, (octets.size() - skip) / 3 * 3);
    const std::string text = Base64Encode(whole);
    forms.push_back({"base64 at " + std::to_string(skip), ToBytes(text)});
    forms.push_back({"base64url at " + std::to_string(skip), ToBytes(UrlSafe(text))});
  }
  return forms;
}

}  // namespace

std::string Describe(const Finding& finding) {
  return finding.where + ", offset " + std::to_string(finding.offset) + ": " + finding.key + " (" + finding.form + ")";
}

std::size_t Scanner::Hash::operator()(const Window& window) const { return HashOf(window.data()); }

void Scanner::AddForm(const std::string& key, const std::string& form, ByteView octets) {
  const std::size_t name = names_.size();
  names_.push_back({key, form});
  for (std::size_t at = 0; at + kWindow <= octets.size(); ++at) {
    Window window;
    std::memcpy(window.data(), octets.data() + at, kWindow);
    windows_.try_emplace(window, name);
    const std::size_t bit = FilterBit(window.data());
    filter_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

void Scanner::Add(const std::string& key, ByteView value) {
  const Bytes forward(value.begin(), value.end());
  const Bytes backward(value.rbegin(), value.rend());
  AddForm(key, "raw", forward);
  AddForm(key, "raw, reversed", backward);
  for (const auto& [octets, order] : {std::pair(forward, ""), std::pair(backward, " of the reversed octets")}) {
    for (const Form& form : TextsOf(octets)) {
      AddForm(key, form.name + order, form.octets);
      AddForm(key, form.name + order + ", reversed", Bytes(form.octets.rbegin(), form.octets.rend()));
    }
  }
}

std::vector<Finding> Scanner::Scan(const std::string& where, ByteView haystack) const {
  std::vector<Finding> findings;
  std::set<std::size_t> seen;
  for (std::size_t at = 0; at + kWindow <= haystack.size(); ++at) {
    const std::size_t bit = FilterBit(haystack.data() + at);
    if ((filter_[bit / 64] >> (bit % 64) & 1U) == 0) continue;
    Window window;
    std::memcpy(window.data(), haystack.data() + at, kWindow);
    const auto found = windows_.find(window);
    if (found == windows_.end() || !seen.insert(found->second).second) continue;
    findings.push_back({where, names_[found->second].key, names_[found->second].form, at});
  }
  return findings;
}

}  // namespace keyferry::secrecy
