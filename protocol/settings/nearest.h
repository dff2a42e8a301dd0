// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>
#include <vector>

namespace keyferry::settings {

// The candidate that a typing error most probably meant: at most a third of its letters changed, missing, doubled or
// swapped with their neighbour. Empty where none is that near.
std::string_view Nearest(std::string_view typed, const std::vector<std::string_view>& candidates);

}  // namespace keyferry::settings
