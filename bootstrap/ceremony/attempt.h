// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <type_traits>
#include <utility>

#include "protocol/base/result.h"

namespace keyferry::ceremony {

// Tokens differ in what they take. Calls `make` with each of `variants`, the strongest first, until one works; returns
// that, or the last error.
template <typename Variants, typename Make>
auto FirstThatWorks(const Variants& variants, Make make) -> std::invoke_result_t<Make, decltype(*variants.begin())> {
  std::size_t left = variants.size();
  for (const auto& variant : variants) {
    auto made = make(variant);
    if (made || --left == 0) return made;
  }
  return std::unexpected(Error::Make(Code::kInternal, "there is no variant to try"));
}

}  // namespace keyferry::ceremony
