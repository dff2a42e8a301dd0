// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/error.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace keyferry {
namespace {

struct CodeFacts {
  std::string_view name;
  Retry retry;
  ExitCode exit_code;
  std::string_view next_step;
};

constexpr auto kFacts = std::to_array<CodeFacts>({
#define KF_CODE(name, slug, retry, exit_code, next_step) {slug, Retry::retry, ExitCode::exit_code, next_step},
#include "protocol/base/codes.def"
#undef KF_CODE
});

const CodeFacts& FactsOf(Code code) { return kFacts.at(static_cast<std::size_t>(code)); }

std::string ErrnoText(int number) {
  const char* name = strerrorname_np(number);
  const char* description = strerrordesc_np(number);
  if (name == nullptr || description == nullptr) return "errno " + std::to_string(number);
  return std::string(name) + ": " + description;
}

}  // namespace

std::string_view Name(Code code) { return FactsOf(code).name; }
Retry RetryOf(Code code) { return FactsOf(code).retry; }
ExitCode ExitCodeOf(Code code) { return FactsOf(code).exit_code; }
std::string_view NextStepOf(Code code) { return FactsOf(code).next_step; }

std::optional<Code> CodeFromName(std::string_view name) {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (kFacts[i].name == name) return static_cast<Code>(i);
  }
  return std::nullopt;
}

Error::Error(Code code, std::string what, std::string cause)
    : code_(code), retry_(RetryOf(code)), what_(std::move(what)), cause_(std::move(cause)) {}

Error Error::Make(Code code, std::string what) { return Error(code, std::move(what), ""); }

Error Error::Caused(Code code, std::string what, std::string cause) {
  return Error(code, std::move(what), std::move(cause));
}

Error Error::FromErrno(Code code, std::string what) {
  // `what` was composed before this call, and composing it may have allocated: glibc keeps errno across that.
  return Error(code, std::move(what), ErrnoText(errno));
}

std::string_view Error::next_step() const { return next_step_.empty() ? NextStepOf(code_) : next_step_; }

Error Error::While(std::string_view context) && {
  what_.insert(0, std::string(context) + ": ");
  return std::move(*this);
}

Error Error::Retryable(Retry retry) && {
  retry_ = retry;
  return std::move(*this);
}

Error Error::NextStep(std::string step) && {
  next_step_ = std::move(step);
  return std::move(*this);
}

std::string Error::OneLine() const {
  std::string line = what_;
  if (!cause_.empty()) line += ": " + cause_;
  return line + " [" + std::string(Name(code_)) + "]";
}

std::string Error::ThreeLines() const {
  std::string lines = what_ + (cause_.empty() ? "\n  code: " : "\n  why:  " + cause_ + " ");
  return lines + "[" + std::string(Name(code_)) + "]\n  next: " + std::string(next_step());
}

}  // namespace keyferry
