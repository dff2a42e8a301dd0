// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>
#include <utility>

#include "protocol/base/result.h"

namespace keyferry::cryptoki {

// Guards a token's PIN counter across restarts and crashes. State lies in one small durable file; a file that cannot be
// read counts as shut.
//
//   - An attempt mark is made durable before C_Login and taken away after it.
//   - CKR_PIN_INCORRECT (Code::kPinWrong) or a locked PIN (kPinLocked) shuts the latch until Open.
//   - A mark without a result (a crash inside the call) allows one more try if the token shows neither
//     CKF_USER_PIN_COUNT_LOW nor CKF_USER_PIN_FINAL_TRY; two such in a row shut the latch.
//   - The last try (CKF_USER_PIN_FINAL_TRY) is never made, whatever the latch says.
//
// One process at a time: the caller holds the token's lock. Open may be called from anywhere.
class PinLatch {
 public:
  // `path`: settings::LatchPath. The file appears with the first attempt.
  explicit PinLatch(std::string path) : path_(std::move(path)) {}

  // Calls `login` (which calls C_Login) at most once. `token_flags`: CK_TOKEN_INFO.flags as read just before.
  // Code::kPinLatched, kPinLocked without calling it; else what `login` returns, and file.* where the mark cannot be
  // made durable (then nothing is tried).
  Status Login(unsigned long token_flags, const std::function<Status()>& login);

  // OK where an attempt would be made, whatever the token's flags; else Code::kPinLatched with the reason. Cheap.
  Status Check() const;

  // Opens the latch: for the operator who has corrected the PIN.
  Status Open();

 private:
  struct State {
    int marks = 0;  // attempts in a row that left no result
    bool shut = false;
    std::string reason;  // fixed texts of ours
  };
  State Load() const;
  Status Store(const State& state) const;
  Status Shut(State state, std::string reason) const;

  std::string path_;
};

}  // namespace keyferry::cryptoki
