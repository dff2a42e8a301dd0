// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/daemon/wake.h"

#include <sys/eventfd.h>

#include <cstdlib>

namespace keyferry::daemon {

Wake::Wake() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_.valid()) std::abort();
}

void Wake::Signal() {
  // EAGAIN means that it is signalled 2^64 - 2 times over already.
  [[maybe_unused]] const int done = eventfd_write(fd_.get(), 1);
}

void Wake::Clear() {
  eventfd_t count = 0;
  // EAGAIN means that it was clear.
  [[maybe_unused]] const int done = eventfd_read(fd_.get(), &count);
}

}  // namespace keyferry::daemon
