// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/wire/message.h"

namespace keyferry::fakes {

// A CURVE key pair of libzmq, 32 octets each.
struct CurveKeys {
  Bytes public_key;
  Bytes secret_key;
  static CurveKeys Make();
  // The public half of a secret key file (Z85), as the agent keeps it.
  static Bytes PublicOfFile(const std::string& path);
};

// The KMS's end of a connection, and nothing more: sends what it is told, right or wrong, and reads replies. One
// thread. Throws std::runtime_error where libzmq fails.
class Dealer {
 public:
  Dealer(const std::string& endpoint, ByteView server_key, const CurveKeys& keys);
  ~Dealer();
  Dealer(const Dealer&) = delete;
  Dealer& operator=(const Dealer&) = delete;

  void Push(ByteView envelope);
  void Ask(const wire::Ask& ask);
  void SendFrames(const std::vector<Bytes>& frames);
  // The next reply, or nothing after `patience`.
  std::optional<wire::Reply> Receive(std::chrono::milliseconds patience);

 private:
  void* context_;
  void* socket_;
};

}  // namespace keyferry::fakes
