// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace keyferry::fakes {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::abort();
}

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) Die("pipe2");
    read = ends[0];
    write = ends[1];
  }
};

struct Launch {
  std::vector<std::string> arguments;
  Surroundings surroundings;
  int out = -1;
  int err = -1;
};

// In the child; only what is safe after fork.
[[noreturn]] void BecomeChild(const Launch& launch, std::vector<char*>& argv, const std::map<int, int>& inputs) {
  setpgid(0, 0);
  const int none = open("/dev/null", O_RDONLY);
  dup2(none, 0);
  dup2(launch.out, 1);
  dup2(launch.err, 2);
  // Out of the way first, so that no input overwrites another.
  for (const auto& [target, source] : inputs) {
    const int high = fcntl(source, F_DUPFD, 200 + target);
    if (high < 0 || dup2(high, target) < 0) _exit(126);
    close(high);
  }
  for (const auto& [name, value] : launch.surroundings.environment) setenv(name.c_str(), value.c_str(), 1);
  sigset_t none_blocked;
  sigemptyset(&none_blocked);
  sigprocmask(SIG_SETMASK, &none_blocked, nullptr);
  execvp(argv[0], argv.data());
  std::perror(argv[0]);
  _exit(127);
}

pid_t Start(const Launch& launch) {
  std::map<int, int> inputs;
  for (const auto& [descriptor, content] : launch.surroundings.descriptors) {
    const Pipe pipe;
    if (write(pipe.write, content.data(), content.size()) != static_cast<ssize_t>(content.size())) Die("write");
    close(pipe.write);
    inputs[descriptor] = pipe.read;
  }
  std::vector<char*> argv;
  for (const std::string& argument : launch.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) Die("fork");
  if (pid == 0) BecomeChild(launch, argv, inputs);
  setpgid(pid, pid);
  for (const auto& [descriptor, source] : inputs) close(source);
  return pid;
}

int ExitCodeOf(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

std::optional<int> WaitFor(pid_t pid, std::chrono::milliseconds deadline) {
  int status = 0;
  const bool ended = Eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; }, deadline);
  return ended ? std::optional<int>(ExitCodeOf(status)) : std::nullopt;
}

// Reads both streams until their ends, or until `end`.
void Drain(int out, int err, Finished& finished, std::chrono::steady_clock::time_point end) {
  pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* into[2] = {&finished.out, &finished.err};
  while ((fds[0].fd >= 0 || fds[1].fd >= 0) && std::chrono::steady_clock::now() < end) {
    if (poll(fds, 2, 100) <= 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t size = read(fds[i].fd, buffer, sizeof buffer);
      if (size > 0) {
        into[i]->append(buffer, static_cast<std::size_t>(size));
      } else {
        fds[i].fd = -1;
      }
    }
  }
}

}  // namespace

Finished Run(const std::vector<std::string>& arguments, const Surroundings& surroundings,
             std::chrono::seconds deadline) {
  const Pipe out;
  const Pipe err;
  const pid_t pid = Start({arguments, surroundings, out.write, err.write});
  close(out.write);
  close(err.write);
  Finished finished;
  Drain(out.read, err.read, finished, std::chrono::steady_clock::now() + deadline);
  close(out.read);
  close(err.read);
  auto code = WaitFor(pid, std::chrono::seconds(2));
  if (!code) {
    kill(-pid, SIGKILL);
    code = WaitFor(pid, std::chrono::seconds(10));
  }
  finished.exit_code = code.value_or(137);
  return finished;
}

Background::Background(const std::vector<std::string>& arguments, const Surroundings& surroundings,
                       const std::string& log_path) {
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) Die("open log");
  pid_ = Start({arguments, surroundings, log, log});
  close(log);
}

Background::~Background() {
  if (exit_code_) return;
  kill(-pid_, SIGKILL);
  Wait(std::chrono::seconds(10));
}

void Background::Signal(int number) const { kill(pid_, number); }

std::optional<int> Background::Wait(std::chrono::milliseconds deadline) {
  if (!exit_code_) exit_code_ = WaitFor(pid_, deadline);
  return exit_code_;
}

std::vector<pid_t> ChildrenNamed(pid_t parent, const std::string& name) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string number = entry.path().filename();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string line;
    if (!std::getline(stat, line)) continue;
    const auto open_bracket = line.find('(');
    const auto close_bracket = line.rfind(')');
    if (open_bracket == std::string::npos || close_bracket == std::string::npos) continue;
    if (line.substr(open_bracket + 1, close_bracket - open_bracket - 1) != name.substr(0, 15)) continue;
    char state = 0;
    int ppid = 0;
    if (std::sscanf(line.c_str() + close_bracket + 1, " %c %d", &state, &ppid) == 2 && ppid == parent && state != 'Z') {
      found.push_back(std::stoi(number));
    }
  }
  return found;
}

}  // namespace keyferry::fakes
