// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <map>
#include <string>

#include "agent/daemon/board.h"
#include "protocol/channel/channel.h"

namespace keyferry::daemon {

// Looks at the workers for the status, beside the lines that work with them. One thread.
class WorkerWatch {
 public:
  explicit WorkerWatch(Board& board) : board_(board) {}
  // Asks the worker at `socket` for its state and leaves it on the board.
  void Look(const std::string& domain_name, const std::string& socket);

 private:
  struct Watched {
    channel::WorkerClient client;
    bool reachable = false;
  };
  Board& board_;
  std::map<std::string, Watched> watched_;
};

}  // namespace keyferry::daemon
