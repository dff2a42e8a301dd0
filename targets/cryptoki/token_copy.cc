// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/token_copy.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <vector>

#include "protocol/base/file.h"

namespace keyferry::cryptoki {
namespace {

constexpr std::size_t kMost = 1024 * 1024;
constexpr int kLooks = 5;
constexpr std::chrono::milliseconds kBetweenLooks{100};

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string ConfigurationPath() {
  if (const char* path = std::getenv("SOFTHSM2_CONF"); path != nullptr && *path != '\0') return path;
  if (const char* home = std::getenv("HOME"); home != nullptr) {
    const std::string own = std::string(home) + "/.config/softhsm2/softhsm2.conf";
    if (Exists(own)) return own;
  }
  return "/etc/softhsm/softhsm2.conf";
}

std::optional<std::string> TokenDirectories() {
  const auto octets = ReadFile(ConfigurationPath(), kMost);
  if (!octets) return std::nullopt;
  std::optional<std::string> found;
  std::string_view text = AsText(*octets);
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    line = Trim(line.substr(0, line.find('#')));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || Trim(line.substr(0, equals)) != "directories.tokendir") continue;
    found = std::string(Trim(line.substr(equals + 1)));
  }
  return found;
}

// SoftHSM2's serial number is the last two groups of the UUID that names the token's directory, without the dash.
bool NamesSerial(std::string uuid, std::string_view serial) {
  std::erase(uuid, '-');
  return serial.size() == 16 && uuid.size() == 32 && uuid.ends_with(serial);
}

// nullopt where the file is missing.
std::optional<std::uintmax_t> SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return std::nullopt;
  return size;
}

// A login of another process leaves the file empty only for a moment.
bool IsEmptyForGood(const std::string& path) {
  for (int look = 0; look < kLooks; ++look) {
    const auto size = SizeOf(path);
    if (!size || *size > 0) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

}  // namespace

std::optional<std::string> FindTokenObject(std::string_view model, std::string_view serial) {
  if (!Trim(model).starts_with("SoftHSM")) return std::nullopt;
  const auto directories = TokenDirectories();
  if (!directories) return std::nullopt;
  std::error_code error;
  std::filesystem::directory_iterator entry(*directories, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (!NamesSerial(entry->path().filename().string(), Trim(serial))) continue;
    return (entry->path() / "token.object").string();
  }
  return std::nullopt;
}

Result<bool> StoreTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path) {
  const auto path = FindTokenObject(model, serial);
  if (!path) return false;
  // It holds the token's key under the PIN: as confidential as the token's own directory.
  KF_TRY_WITH(const Bytes octets, ReadFile(*path, kMost), "copying SoftHSM2's token.object");
  if (octets.empty()) {
    return std::unexpected(Error::Make(Code::kTokenFailed, "SoftHSM2's '" + *path + "' is empty: nothing to copy"));
  }
  KF_CHECK_WITH(WriteDurably(copy_path, octets, 0600), "copying SoftHSM2's token.object");
  return true;
}

Result<bool> RenewTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path) {
  const auto path = FindTokenObject(model, serial);
  if (!path || !Exists(copy_path)) return false;
  KF_TRY_WITH(const Bytes octets, ReadFile(*path, kMost), "copying SoftHSM2's token.object again");
  KF_TRY_WITH(const Bytes kept, ReadFile(copy_path, kMost), "copying SoftHSM2's token.object again");
  if (octets.empty() || octets == kept) return false;
  // It is written in place: what stands still is whole.
  std::this_thread::sleep_for(kBetweenLooks);
  KF_TRY_WITH(const Bytes again, ReadFile(*path, kMost), "copying SoftHSM2's token.object again");
  if (again != octets) return false;
  KF_CHECK_WITH(WriteDurably(copy_path, octets, 0600), "copying SoftHSM2's token.object again");
  return true;
}

Result<bool> PutBackTokenCopy(std::string_view model, std::string_view serial, const std::string& copy_path) {
  const auto path = FindTokenObject(model, serial);
  if (!path || !Exists(copy_path) || !IsEmptyForGood(*path)) return false;
  KF_TRY_WITH(const Bytes octets, ReadFile(copy_path, kMost), "putting SoftHSM2's token.object back");
  if (octets.empty()) return false;
  KF_CHECK_WITH(WriteDurably(*path, octets, 0600), "putting SoftHSM2's token.object back");
  return true;
}

}  // namespace keyferry::cryptoki
