// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "protocol/base/file.h"

namespace keyferry::daemon {

// An eventfd: readable from Signal until Clear. Aborts where the system gives no descriptor at start.
class Wake {
 public:
  Wake();
  void Signal();
  void Clear();
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace keyferry::daemon
