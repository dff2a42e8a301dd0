// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace keyferry {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// One field of a log line. Integers and texts only; never a secret, never a check value of a KEK.
struct LogField {
  LogField(std::string_view name, std::string_view value);
  LogField(std::string_view name, const char* value);
  LogField(std::string_view name, const std::string& value);
  LogField(std::string_view name, std::int64_t value);
  LogField(std::string_view name, std::uint64_t value);
  LogField(std::string_view name, int value);
  LogField(std::string_view name, unsigned value);

  std::string name;
  std::string value;
};

// Sends log lines of this process to standard error from now on: "time level program message name=value …". Values
// from outside are escaped, so that they cannot forge a line.
void StartLog(std::string_view program, LogLevel least);

// A fixed message and its fields.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
// At the boundary where an error is handled, once.
void LogError(std::string_view message, const Error& error, std::initializer_list<LogField> fields = {});

}  // namespace keyferry
