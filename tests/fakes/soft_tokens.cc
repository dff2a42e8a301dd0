// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/soft_tokens.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <vector>

#include "protocol/base/crypto.h"

namespace keyferry::fakes {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "soft tokens: %s\n", why.c_str());
  std::abort();
}

// Runs a tool with its output thrown away unless it fails.
void Run(const std::vector<std::string>& command, const std::string& directory) {
  std::vector<char*> argv;
  for (const std::string& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  const std::string log = directory + "/tool.log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    Die("cannot run " + command[0] + ": is it installed?");
  }
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) {
    std::ifstream in(log);
    Die(command[0] + " failed: " + std::string(std::istreambuf_iterator<char>(in), {}));
  }
  std::filesystem::remove(log);
}

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  if (!out.flush()) {
    Die("cannot write " + path);
  }
}

std::string FirstThatExists(const char* variable, std::initializer_list<const char*> candidates) {
  if (const char* chosen = std::getenv(variable); chosen != nullptr) {
    return chosen;
  }
  for (const char* candidate : candidates) {
    if (std::filesystem::exists(candidate)) {
      return candidate;
    }
  }
  Die(std::string("no library found; set ") + variable);
}

}  // namespace

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr ? base : "/tmp") + "/keyferry-test-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) {
    Die("cannot make a directory like " + path_);
  }
}

TempDir::~TempDir() {
  if (!path_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
}

std::string SoftHsm2Module() {
  return FirstThatExists("KEYFERRY_SOFTHSM2",
                         {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                          "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so"});
}

std::string NssModule() {
  return FirstThatExists("KEYFERRY_SOFTOKN",
                         {"/usr/lib/x86_64-linux-gnu/libsoftokn3.so", "/usr/lib/x86_64-linux-gnu/nss/libsoftokn3.so",
                          "/usr/lib/aarch64-linux-gnu/libsoftokn3.so", "/usr/lib64/libsoftokn3.so"});
}

Secret TestSecret(std::string_view text) {
  InitCrypto();
  std::string copy(text);
  auto secret = Secret::TakeFrom({reinterpret_cast<std::uint8_t*>(copy.data()), copy.size()});
  if (!secret) {
    Die(secret.error().OneLine());
  }
  return std::move(*secret);
}

SoftHsm2Store::SoftHsm2Store() {
  std::filesystem::create_directory(directory() + "/tokens");
  WriteText(conf(), "directories.tokendir = " + directory() +
                        "/tokens\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
  Use();
}

void SoftHsm2Store::Use() const { setenv("SOFTHSM2_CONF", conf().c_str(), 1); }

void SoftHsm2Store::AddToken(const std::string& label, const std::string& pin, const std::string& so_pin) {
  Use();
  Run({"softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", so_pin}, directory());
}

std::string SoftHsm2Store::UriOf(const std::string& label) { return "pkcs11:token=" + label; }

NssDatabase::NssDatabase(const std::string& pin) {
  setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1", 1);
  const std::string pin_file = directory() + "/pin.txt";
  WriteText(pin_file, pin + "\n");
  Run({"certutil", "-N", "-d", "sql:" + directory(), "-f", pin_file}, directory());
  std::filesystem::remove(pin_file);
}

std::string NssDatabase::init_string() const {
  return "configdir='sql:" + directory() + "' certPrefix='' keyPrefix='' secmod='secmod.db' flags=";
}

}  // namespace keyferry::fakes
