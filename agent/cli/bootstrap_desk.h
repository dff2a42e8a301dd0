// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bootstrap/ceremony/agent_half.h"
#include "protocol/base/file.h"
#include "protocol/settings/settings.h"
#include "targets/cryptoki/module.h"

namespace keyferry::cli {

// What the bootstrap commands are told.
struct BootstrapOptions {
  std::string settings = "/etc/keyferry/keyferry.toml";
  std::string domain;  // may be empty where there is only one
  int pin_fd = -1;
  int fingerprint_fd = -1;
  bool renew = false;
  unsigned valid_hours = 24;
  std::string file;  // the ceremony's file that comes in
  std::string out;
  bool json = false;
};

// The agent's and the domain's settings. Code::kUsage where the domain is not among them.
struct BootstrapSettings {
  settings::AgentSettings agent;
  settings::WorkerSettings worker;
};
Result<BootstrapSettings> LoadBootstrapSettings(const BootstrapOptions& options);

// The token of a domain, opened for a ceremony: its lock held, logged in once under the PIN latch, the agent's keys
// made where they were not there. Must go before main returns.
class BootstrapDesk {
 public:
  // Code::kLocked where the domain's worker runs; credential.*, hsm.*, file.*.
  static Result<std::unique_ptr<BootstrapDesk>> Open(const BootstrapOptions& options);

  const ceremony::AgentSide& side() const { return side_; }

 private:
  BootstrapDesk(BootstrapSettings settings, LockFile lock) : settings_(std::move(settings)), lock_(std::move(lock)) {}
  Status OpenToken(int pin_fd);
  Status Prepare();

  SystemClock clock_;
  BootstrapSettings settings_;
  LockFile lock_;
  std::unique_ptr<cryptoki::Module> module_;
  std::optional<cryptoki::Token> token_;
  ceremony::AgentSide side_;
};

}  // namespace keyferry::cli
