// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace keyferry::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of a process that ended and that nobody collected yet, too.
bool Gone(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text)) return true;
  return text.substr(text.rfind(')') + 2, 1) == "Z";
}

bool GoneSoon(pid_t pid) {
  const auto until = steady_clock::now() + std::chrono::seconds(60);
  while (!Gone(pid) && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(10));
  return Gone(pid);
}

class Supervised : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "supervisor-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    auto signal = StopSignal::Make();
    ASSERT_TRUE(signal);
    signal_ = *signal;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // A shell script; $F is a file that Lines() reads.
  Program Script(const std::string& name, const std::string& text, int rank = 0) const {
    return {.name = name, .arguments = {"/bin/sh", "-c", "F=" + directory_ + "/log; " + text}, .stop_rank = rank};
  }
  std::vector<std::string> Lines() const {
    std::ifstream file(directory_ + "/log");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::vector<pid_t> Pids() const {
    std::vector<pid_t> pids;
    for (const auto& line : Lines()) pids.push_back(static_cast<pid_t>(std::stol(line)));
    return pids;
  }

  std::string directory_;
  std::optional<StopSignal> signal_;
  Pace pace_{.first_pause = milliseconds(20), .most_pause = milliseconds(500)};
};

TEST_F(Supervised, AKilledProgramIsStartedAgainAndAllAreStopped) {
  Supervisor supervisor({Script("a", "echo $$ >> $F; exec sleep 1000")}, pace_);
  std::size_t killed = 0;
  const Status status = supervisor.Run(*signal_, [&] {
    const auto pids = Pids();
    if (pids.size() == 3) return kill(getpid(), SIGTERM) == 0;
    if (pids.size() > killed) kill(pids[killed++], SIGKILL);
    return false;
  });
  EXPECT_TRUE(status) << status.error().ThreeLines();
  ASSERT_EQ(Pids().size(), 3U);
  for (const pid_t pid : Pids()) EXPECT_TRUE(Gone(pid)) << pid;
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
}

TEST_F(Supervised, PausesGrowWhereAProgramEndsAtOnce) {
  Supervisor supervisor({Script("a", "echo $$ >> $F; exit 1")}, pace_);
  const auto begin = steady_clock::now();
  const Status status = supervisor.Run(*signal_, [&] { return Lines().size() >= 5 && kill(getpid(), SIGTERM) == 0; });
  EXPECT_TRUE(status);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(20 + 40 + 80 + 160));
}

TEST_F(Supervised, RanksAreStoppedInOrder) {
  const auto script = [](const std::string& name) {
    return "trap 'sleep 0.2; echo " + name + " >> $F; exit 0' TERM; echo up >> $F; while true; do sleep 0.01; done";
  };
  Supervisor supervisor({Script("worker", script("worker"), 1), Script("daemon", script("daemon"), 0)}, pace_);
  EXPECT_TRUE(supervisor.Run(*signal_, [&] { return Lines().size() == 2 && kill(getpid(), SIGINT) == 0; }));
  EXPECT_EQ(Lines(), (std::vector<std::string>{"up", "up", "daemon", "worker"}));
}

TEST_F(Supervised, WhatDoesNotStopIsKilledAfterTheGrace) {
  pace_.grace = milliseconds(100);
  Supervisor supervisor({Script("a", "trap '' TERM; echo $$ >> $F; while true; do sleep 0.01; done")}, pace_);
  EXPECT_TRUE(supervisor.Run(*signal_, [&] { return Lines().size() == 1 && kill(getpid(), SIGTERM) == 0; }));
  EXPECT_TRUE(Gone(Pids().at(0)));
}

TEST_F(Supervised, WrongSettingsEndEverything) {
  Supervisor supervisor({Script("good", "echo $$ >> $F; exec sleep 1000"),
                         Script("bad", "while [ ! -s $F ]; do sleep 0.01; done; exit 78")},
                        pace_);
  const Status status = supervisor.Run(*signal_, [] { return false; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::kSettingsInvalid);
  EXPECT_EQ(status.error().what(), "bad ended with exit code 78");
  EXPECT_TRUE(Gone(Pids().at(0)));
}

TEST_F(Supervised, AProgramThatIsNotThereIsNamed) {
  Supervisor supervisor({{.name = "a", .arguments = {"/nowhere/a"}}}, pace_);
  const Status status = supervisor.Run(*signal_, [] { return false; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::kFileMissing);
}

TEST_F(Supervised, ProgramsGoWithTheirSupervisor) {
  const pid_t supervising = fork();
  if (supervising == 0) {
    Supervisor supervisor({Script("a", "echo $$ >> $F; exec sleep 1000")}, pace_);
    static_cast<void>(supervisor.Run(*signal_, [] { return false; }));
    _exit(0);
  }
  const auto until = steady_clock::now() + std::chrono::seconds(60);
  while (Lines().empty() && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(10));
  ASSERT_FALSE(Lines().empty());
  ASSERT_EQ(kill(supervising, SIGKILL), 0);
  EXPECT_EQ(waitpid(supervising, nullptr, 0), supervising);
  EXPECT_TRUE(GoneSoon(Pids().at(0)));
}

}  // namespace
}  // namespace keyferry::cli
