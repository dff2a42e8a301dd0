// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/fields.h"

namespace keyferry::wire {

std::string ToText(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  while (out.size() < text.size() && !out.empty() && (static_cast<unsigned char>(text[out.size()]) & 0xC0U) == 0x80U) {
    out.pop_back();
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  std::ranges::replace_if(out, control, ' ');
  return out;
}

}  // namespace keyferry::wire
