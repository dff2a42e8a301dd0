// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace keyferry {

// Every way in which this system says no. The enumerators, their stable names ("trust.seal-wrong"), retry classes,
// exit codes and next steps stand in codes.def, one line each.
enum class Code : std::uint16_t {
#define KF_CODE(name, slug, retry, exit_code, next_step) name,
#include "protocol/base/codes.def"
#undef KF_CODE
};

// What the caller may do about an error.
enum class Retry : std::uint8_t {
  kPermanent,  // asking again gives the same answer
  kLater,      // nothing was done; the same call may succeed later
  kUncertain,  // it may or may not have been done: probe the target, never retry blindly
};

// Exit codes of every program of this project (documented in README.md).
enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kNotBootstrapped = 3,
  kCredentialRefused = 4,
  kHsmUnreachable = 5,
  kVerificationFailed = 6,
  kPartial = 7,
  kStaleOrReplayed = 8,
  kDaemonNotRunning = 9,
  kRefusedByPolicy = 10,
  kSettings = 78,
};

// The stable name of a code; never changes once released.
std::string_view Name(Code code);
std::optional<Code> CodeFromName(std::string_view name);
Retry RetryOf(Code code);
ExitCode ExitCodeOf(Code code);
std::string_view NextStepOf(Code code);

// A refusal or failure: a stable code, what failed in words, and what was being done when it did. Carries no secret and
// no octets from outside that were not made Printable().
class Error {
 public:
  // `what` names the thing and the cause: "token 'payments-hsm' is not present in any slot of libsofthsm2.so".
  static Error Make(Code code, std::string what);
  // The same with the cause that another system gave: "CKR_PIN_INCORRECT (0xa0)", "ENOSPC: No space left on device".
  static Error Caused(Code code, std::string what, std::string cause);
  // From errno as it stands now.
  static Error FromErrno(Code code, std::string what);

  Code code() const { return code_; }
  Retry retry() const { return retry_; }
  const std::string& what() const { return what_; }
  const std::string& cause() const { return cause_; }
  // The number that another system gave for the cause (a PKCS#11 CK_RV); 0: none.
  std::uint64_t native() const { return native_; }
  // A next step of its own where one was given, else the code's.
  std::string_view next_step() const;

  Error While(std::string_view context) &&;  // prefixes what() with "context: "
  Error Retryable(Retry retry) &&;           // overrides the code's retry class
  Error NextStep(std::string step) &&;       // overrides the code's next step
  Error WithNative(std::uint64_t native) && {
    native_ = native;
    return std::move(*this);
  }

  // "what: cause [code]" on one line, for logs and for the wire.
  std::string OneLine() const;
  // Three lines for people: what failed, why, what to do next.
  std::string ThreeLines() const;

 private:
  Error(Code code, std::string what, std::string cause);

  Code code_;
  Retry retry_;
  std::string what_;
  std::string cause_;
  std::string next_step_;
  std::uint64_t native_ = 0;
};

}  // namespace keyferry
