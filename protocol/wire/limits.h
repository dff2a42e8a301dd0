// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound on what may arrive (protocol/PROTOCOL.md lists them with the codes of their refusals). They hold before
// anything is parsed.
namespace keyferry::wire::limits {

inline constexpr std::size_t kFrameBytes = 16 * 1024;         // one ZeroMQ frame, CURVE's overhead included
inline constexpr std::size_t kFramePayloadBytes = 15 * 1024;  // what senders put in one frame
inline constexpr std::size_t kEnvelopeBytes = 1024 * 1024;
inline constexpr std::size_t kFrames = 1 + (kEnvelopeBytes + kFramePayloadBytes - 1) / kFramePayloadBytes;
inline constexpr std::size_t kItems = 256;
inline constexpr std::uint64_t kLastSequence = (std::uint64_t{1} << 63U) - 1;
inline constexpr std::size_t kNameBytes = 64;  // target
inline constexpr std::size_t kLabelBytes = 128;
inline constexpr std::size_t kIdBytes = 32;
inline constexpr std::size_t kWrappedKeyBytes = 8 * 1024;
inline constexpr std::size_t kPublicKeyBytes = 2 * 1024;
inline constexpr std::size_t kCertificateBytes = 16 * 1024;
inline constexpr std::size_t kCheckValueBytes = 32;
inline constexpr std::size_t kTextBytes = 512;  // code, message
inline constexpr int kDepth = 4;                // messages within messages, the outermost counted
inline constexpr std::size_t kAskBytes = 1024;
inline constexpr std::size_t kReceiptBytes = 512 * 1024;
inline constexpr std::chrono::milliseconds kHandshake{1000};

}  // namespace keyferry::wire::limits
