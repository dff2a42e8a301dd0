// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <string>

#include "protocol/base/result.h"
#include "protocol/base/secret.h"

namespace keyferry {

inline constexpr std::size_t kMostPinOctets = 1024;

// Asks on the controlling terminal, without echo; one line, without its newline. Code::kPinMissing where there is no
// terminal, or nothing was typed; kEncodingInvalid for more than `most` octets.
Result<Secret> PromptSecret(const std::string& prompt, std::size_t most);

// Asks on the controlling terminal, with echo. Code::kUsage where there is no terminal.
Result<std::string> PromptLine(const std::string& prompt, std::size_t most);

// Reads a descriptor up to its end or a newline: what a script hands over instead of typing it.
// Code::kFileUnreadable, kEncodingInvalid for more than `most` octets.
Result<std::string> ReadLine(int fd, std::size_t most);

// Where a PIN comes from: never the command line, never the environment.
class PinSource {
 public:
  // `option`: the number given with --pin-fd, or -1. `file`: read where there is no descriptor and it is not empty (it
  // must belong to its owner alone). Else the terminal is asked with `prompt` ("PIN of token 'payments'").
  PinSource(int option, std::string file, std::string prompt)
      : fd_(option), file_(std::move(file)), prompt_(std::move(prompt)) {}

  // Code::kPinMissing where there is no PIN; file.* where the file cannot be used.
  Result<Secret> Read() const;

 private:
  int fd_;
  std::string file_;
  std::string prompt_;
};

}  // namespace keyferry
