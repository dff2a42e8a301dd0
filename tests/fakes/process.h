// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace keyferry::fakes {

// What is handed to a program besides its arguments: environment variables, and lines on descriptors (a PIN).
struct Surroundings {
  std::map<std::string, std::string> environment;
  std::map<int, std::string> descriptors;  // descriptor in the child → what it reads there
};

struct Finished {
  int exit_code = -1;  // 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

// Runs a program to its end; standard input is empty. Kills it after `deadline` (exit code 137).
Finished Run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {},
             std::chrono::seconds deadline = std::chrono::seconds(120));

// A program in the background; killed, with what it started, when the object goes.
class Background {
 public:
  // Standard output and error go to `log_path`.
  Background(const std::vector<std::string>& arguments, const Surroundings& surroundings, const std::string& log_path);
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int number) const;
  // The exit code (128 + signal), or nothing within `deadline`.
  std::optional<int> Wait(std::chrono::milliseconds deadline);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// The processes whose direct parent is `parent` and whose name (comm) is `name`, cut to 15 characters as the kernel
// does.
std::vector<pid_t> ChildrenNamed(pid_t parent, const std::string& name);

// Polls until `condition` holds; false after `deadline`.
template <typename F>
bool Eventually(F condition, std::chrono::milliseconds deadline = std::chrono::seconds(60));

}  // namespace keyferry::fakes

#include <thread>

template <typename F>
bool keyferry::fakes::Eventually(F condition, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}
