// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/wire/bundle.h"

namespace keyferry::wire {

std::string_view Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kRefused:
      return "refused";
    case Outcome::kPartial:
      return "partial";
    case Outcome::kExpired:
      return "expired";
  }
  return "unknown";
}

std::string_view Name(ItemResult result) {
  switch (result) {
    case ItemResult::kOk:
      return "ok";
    case ItemResult::kRefused:
      return "refused";
    case ItemResult::kUndone:
      return "undone";
  }
  return "unknown";
}

}  // namespace keyferry::wire
