// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cerrno>
#include <memory>
#include <mutex>

#include "protocol/base/bytes.h"

namespace keyferry {
namespace {

constexpr std::size_t kLongestValue = 1024;

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> MakeLogger(std::string_view program, LogLevel least) {
  auto logger = std::make_shared<spdlog::logger>(Printable(program), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %n %v", spdlog::pattern_time_type::utc));
  logger->set_level(LevelOf(least));
  return logger;
}

// The logger of this process. Replaced by StartLog while other threads may be writing: each keeps the one it began
// with.
class Current {
 public:
  std::shared_ptr<spdlog::logger> Get() {
    const std::lock_guard lock(mutex_);
    if (logger_ == nullptr) logger_ = MakeLogger(program_invocation_short_name, LogLevel::kInfo);
    return logger_;
  }
  void Put(std::shared_ptr<spdlog::logger> logger) {
    const std::lock_guard lock(mutex_);
    logger_ = std::move(logger);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<spdlog::logger> logger_;
};

// Never destroyed: threads may log while the process ends.
Current& TheLog() {
  static auto* const current = new Current;
  return *current;
}

void AppendField(std::string& line, std::string_view name, std::string_view value) {
  const std::string safe = Printable(value, kLongestValue);
  line.append(" ").append(name).append("=");
  if (!safe.empty() && safe.find_first_of(" \"=") == std::string::npos) {
    line += safe;
    return;
  }
  line += '"';
  for (const char c : safe) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

// spdlog catches what goes wrong in writing; only the end of memory is left, and ends the process.
void Write(LogLevel level, const std::string& line) noexcept {
  TheLog().Get()->log(LevelOf(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

LogField::LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
LogField::LogField(std::string_view field, const char* text) : name(field), value(text) {}
LogField::LogField(std::string_view field, const std::string& text) : name(field), value(text) {}
LogField::LogField(std::string_view field, std::int64_t number) : name(field), value(std::to_string(number)) {}
LogField::LogField(std::string_view field, std::uint64_t number) : name(field), value(std::to_string(number)) {}
LogField::LogField(std::string_view field, int number) : name(field), value(std::to_string(number)) {}
LogField::LogField(std::string_view field, unsigned number) : name(field), value(std::to_string(number)) {}

void StartLog(std::string_view program, LogLevel least) { TheLog().Put(MakeLogger(program, least)); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  std::string line(Printable(message, kLongestValue));
  for (const LogField& field : fields) AppendField(line, field.name, field.value);
  Write(level, line);
}

void LogError(std::string_view message, const Error& error, std::initializer_list<LogField> fields) {
  std::string line(Printable(message, kLongestValue));
  for (const LogField& field : fields) AppendField(line, field.name, field.value);
  AppendField(line, "code", Name(error.code()));
  AppendField(line, "error", error.what());
  if (!error.cause().empty()) AppendField(line, "cause", error.cause());
  AppendField(line, "next", error.next_step());
  Write(LogLevel::kError, line);
}

}  // namespace keyferry
