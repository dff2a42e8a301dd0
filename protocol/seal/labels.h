// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

// What every signature and seal begins with, so that one kind never passes for another (protocol/PROTOCOL.md).
namespace keyferry::seal {

inline constexpr std::string_view kSealLabel = "keyferry/1 seal";
inline constexpr std::string_view kBundleLabel = "keyferry/1 bundle";
inline constexpr std::string_view kConfirmationLabel = "keyferry/1 confirmation";
inline constexpr std::string_view kStatementLabel = "keyferry/1 statement";
inline constexpr std::string_view kReceiptLabel = "keyferry/1 receipt";

}  // namespace keyferry::seal
