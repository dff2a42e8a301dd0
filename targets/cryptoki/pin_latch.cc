// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/pin_latch.h"

#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/file.h"
#include "targets/cryptoki/pkcs11.h"

namespace keyferry::cryptoki {
namespace {

constexpr std::string_view kMagic = "keyferry-latch/1";
constexpr std::size_t kMost = 1024;
constexpr int kMarksMost = 2;

std::string_view NextLine(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

Error Latched(const std::string& reason) {
  return Error::Caused(Code::kPinLatched, "no further login is tried with this PIN", reason);
}

}  // namespace

PinLatch::State PinLatch::Load() const {
  if (!Exists(path_)) return {};
  // Fails closed: what cannot be read might have said "shut".
  const State unreadable{.marks = 0, .shut = true, .reason = "the latch's file '" + path_ + "' cannot be read"};
  const auto octets = ReadFile(path_, kMost);
  if (!octets) return unreadable;
  std::string_view text = AsText(*octets);
  if (NextLine(text) != kMagic) return unreadable;
  const std::string_view marks = NextLine(text);
  const std::string_view reason = NextLine(text);
  if (marks.size() != 1 || marks[0] < '0' || marks[0] > '0' + kMarksMost) return unreadable;
  return {.marks = marks[0] - '0', .shut = !reason.empty(), .reason = std::string(reason)};
}

Status PinLatch::Store(const State& state) const {
  const std::string text = std::string(kMagic) + "\n" + std::to_string(state.marks) + "\n" + state.reason + "\n";
  return WriteDurably(path_, AsBytes(text), 0600);
}

Status PinLatch::Shut(State state, std::string reason) const {
  state.shut = true;
  state.reason = std::move(reason);
  return Store(state);
}

Status PinLatch::Check() const {
  const State state = Load();
  if (state.shut) return std::unexpected(Latched(state.reason));
  return {};
}

Status PinLatch::Login(unsigned long token_flags, const std::function<Status()>& login) {
  State state = Load();
  if (state.shut) return std::unexpected(Latched(state.reason));
  if ((token_flags & CKF_USER_PIN_LOCKED) != 0) {
    return std::unexpected(Error::Make(Code::kPinLocked, "the token says that its user PIN is locked"));
  }
  if ((token_flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return std::unexpected(
        Latched("the token says that the next wrong PIN locks it (CKF_USER_PIN_FINAL_TRY)")
            .NextStep("correct the PIN's credential, log in once with the vendor's tool, then: keyferry pin retry"));
  }
  const bool count_low = (token_flags & CKF_USER_PIN_COUNT_LOW) != 0;
  if (state.marks >= kMarksMost || (state.marks > 0 && count_low)) {
    const std::string reason = count_low ? "a login died without a result, and the token counts wrong PINs"
                                         : "two logins in a row died without a result";
    KF_CHECK_WITH(Shut(state, reason), "PIN latch");
    return std::unexpected(Latched(reason));
  }

  const State before = state;
  ++state.marks;
  KF_CHECK_WITH(Store(state), "PIN latch");
  Status result = login();
  if (result) {
    KF_CHECK_WITH(Store({}), "PIN latch");
    return result;
  }
  if (result.error().code() == Code::kPinWrong) {
    KF_CHECK_WITH(Shut(before, "the token refused the PIN (CKR_PIN_INCORRECT)"), "PIN latch");
  } else if (result.error().code() == Code::kPinLocked) {
    KF_CHECK_WITH(Shut(before, "the token's user PIN is locked (CKR_PIN_LOCKED)"), "PIN latch");
  } else {
    // The call came back with a result that says nothing of the PIN: only earlier marks still count.
    KF_CHECK_WITH(Store(before), "PIN latch");
  }
  return result;
}

Status PinLatch::Open() { return Store({}); }

}  // namespace keyferry::cryptoki
