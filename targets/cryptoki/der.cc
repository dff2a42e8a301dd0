// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/der.h"

#include <algorithm>

namespace keyferry::cryptoki {

Bytes Der(std::uint8_t tag, ByteView content) {
  Bytes out{tag};
  const std::size_t size = content.size();
  if (size < 128) {
    out.push_back(static_cast<std::uint8_t>(size));
  } else if (size < 256) {
    out.insert(out.end(), {0x81, static_cast<std::uint8_t>(size)});
  } else {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes DerUnsigned(ByteView number) {
  const auto first = std::ranges::find_if(number, [](std::uint8_t octet) { return octet != 0; });
  Bytes content(first, number.end());
  if (content.empty() || (content.front() & 0x80) != 0) {
    content.insert(content.begin(), 0);
  }
  return Der(0x02, content);
}

}  // namespace keyferry::cryptoki
