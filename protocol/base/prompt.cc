// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/prompt.h"

#include <readpassphrase.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/base/file.h"

namespace keyferry {
namespace {

Error TooLong(std::size_t most) {
  return Error::Make(Code::kEncodingInvalid, "what was typed is longer than " + std::to_string(most) + " octets");
}

Error NoPin(std::string what) { return Error::Make(Code::kPinMissing, std::move(what)); }

}  // namespace

Result<Secret> PromptSecret(const std::string& prompt, std::size_t most) {
  // One octet more than allowed, and the zero: readpassphrase cuts what does not fit without a word.
  KF_TRY(Secret line, Secret::Allocate(most + 2));
  auto* text = reinterpret_cast<char*>(line.ExposeMutable().data());
  if (readpassphrase((prompt + ": ").c_str(), text, line.size(), RPP_ECHO_OFF | RPP_REQUIRE_TTY) == nullptr) {
    return std::unexpected(errno == ENOTTY || errno == ENXIO ? NoPin("there is no terminal to ask for a secret on")
                                                             : Error::FromErrno(Code::kPinMissing, "asking for it"));
  }
  const std::size_t size = std::strlen(text);
  if (size > most) return std::unexpected(TooLong(most));
  if (size == 0) return std::unexpected(NoPin("nothing was typed"));
  line.Shrink(size);
  return line;
}

Result<std::string> PromptLine(const std::string& prompt, std::size_t most) {
  std::string line(most + 2, '\0');
  if (readpassphrase((prompt + ": ").c_str(), line.data(), line.size(), RPP_ECHO_ON | RPP_REQUIRE_TTY) == nullptr) {
    return std::unexpected(
        Error::FromErrno(Code::kUsage, "there is no terminal to ask on")
            .NextStep("run it on a terminal, or hand the answer over: --help names the descriptor's option"));
  }
  line.resize(std::strlen(line.c_str()));
  if (line.size() > most) return std::unexpected(TooLong(most));
  return line;
}

Result<std::string> ReadLine(int fd, std::size_t most) {
  std::string line;
  for (;;) {
    char octet = 0;
    const ssize_t count = read(fd, &octet, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return std::unexpected(Error::FromErrno(Code::kFileUnreadable, "reading descriptor " + std::to_string(fd)));
    }
    if (count == 0 || octet == '\n') return line;
    if (line.size() == most) return std::unexpected(TooLong(most));
    line += octet;
  }
}

Result<Secret> PinSource::Read() const {
  if (fd_ < 0 && file_.empty()) return PromptSecret(prompt_, kMostPinOctets);
  KF_TRY(Secret pin,
         fd_ >= 0 ? ReadSecretLine(fd_, kMostPinOctets) : ReadSecretFile(file_, kMostPinOctets, /*text=*/true));
  if (pin.empty()) {
    return std::unexpected(NoPin(fd_ >= 0 ? "descriptor " + std::to_string(fd_) + " handed over no PIN"
                                          : "PIN file " + file_ + " is empty"));
  }
  return pin;
}

}  // namespace keyferry
