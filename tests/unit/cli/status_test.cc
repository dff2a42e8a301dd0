// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/status.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace keyferry::cli {
namespace {

std::string GoldenPath(const std::string& name) {
  const char* source = std::getenv("KEYFERRY_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/tests/golden/status/" + name;
}

std::string Golden(const std::string& name) {
  std::ifstream file(GoldenPath(name));
  EXPECT_TRUE(file) << GoldenPath(name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Where KEYFERRY_UPDATE_GOLDEN is set the file is written anew, to be looked at before it is committed.
void ExpectGolden(const std::string& actual, const std::string& name) {
  if (std::getenv("KEYFERRY_UPDATE_GOLDEN") != nullptr) std::ofstream(GoldenPath(name)) << actual;
  EXPECT_EQ(actual, Golden(name));
}

Json Daemon(const std::string& name) {
  auto json = Json::Parse(Golden(name));
  EXPECT_TRUE(json) << json.error().OneLine();
  return json.value_or(Json());
}

Json WithCondition(const char* condition) {
  Json worker = Json::EmptyObject();
  worker.Set("condition", condition);
  Json domain = Json::EmptyObject();
  domain.Set("name", "d").Set("bootstrapped", true).Set("worker", std::move(worker));
  Json domains = Json::EmptyArray();
  domains.Add(std::move(domain));
  return Json::EmptyObject().Set("domains", std::move(domains));
}

TEST(Status, OfAHealthyAgentIsOneScreen) { ExpectGolden(StatusText(Daemon("healthy.json")), "healthy.txt"); }

TEST(Status, ShowsWarningsFirstTheMostUrgentOnTop) {
  ExpectGolden(StatusText(Daemon("troubled.json")), "troubled.txt");
}

TEST(Status, AsJsonHasItsFormatAndEveryWarning) {
  ExpectGolden(StatusJson(Daemon("troubled.json")).Dump(true) + "\n", "troubled.status.json");
}

TEST(Status, ExitCodeTellsTheWorst) {
  EXPECT_EQ(StatusExitCode(Daemon("healthy.json")), ExitCode::kOk);
  EXPECT_EQ(StatusExitCode(Daemon("troubled.json")), ExitCode::kNotBootstrapped);
  EXPECT_EQ(StatusExitCode(WithCondition("serving")), ExitCode::kOk);
  EXPECT_EQ(StatusExitCode(WithCondition("starting")), ExitCode::kOk);
  EXPECT_EQ(StatusExitCode(WithCondition("latched")), ExitCode::kCredentialRefused);
  EXPECT_EQ(StatusExitCode(WithCondition("hsm-away")), ExitCode::kHsmUnreachable);
  EXPECT_EQ(StatusExitCode(WithCondition("stopped")), ExitCode::kFailure);
  EXPECT_EQ(StatusExitCode(WithCondition("not-running")), ExitCode::kFailure);
}

TEST(Status, OfAStoppedDomainHasTheExitCodeOfRestoredCopies) {
  Json domain = Json::EmptyObject();
  domain.Set("name", "d").Set("bootstrapped", true).Set("stopped", "sequence.diverged");
  const Json daemon = Json::EmptyObject().Set("domains", Json::EmptyArray().Add(std::move(domain)));
  EXPECT_EQ(StatusExitCode(daemon), ExitCode::kStaleOrReplayed);
}

TEST(Status, WarnsOfAQueueThatIsNearlyFull) {
  const auto with_queue = [](int queue) {
    Json domain = Json::EmptyObject();
    domain.Set("name", "d").Set("queue", queue).Set("queue_limit", 10);
    return Json::EmptyObject().Set("domains", Json::EmptyArray().Add(std::move(domain)));
  };
  EXPECT_TRUE(StatusWarnings(with_queue(7)).empty());
  ASSERT_EQ(StatusWarnings(with_queue(8)).size(), 1U);
  EXPECT_EQ(StatusWarnings(with_queue(8))[0],
            "domain d: 8 of 10 bundles wait; beyond that the KMS is answered \"busy\"");
}

TEST(Status, BearsAnAnswerThatLacksEverything) {
  EXPECT_EQ(StatusText(Json::EmptyObject()).substr(0, 12), "keyferryd -,");
  EXPECT_EQ(StatusText(Json()).substr(0, 12), "keyferryd -,");
}

TEST(Status, OfADaemonThatDoesNotRunHasItsExitCode) {
  std::string directory = ::testing::TempDir() + "status-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/keyferry.toml";
  std::ofstream(path) << "[agent]\nlisten = \"tcp://127.0.0.1:7700\"\nstate_dir = \"s\"\nrun_dir = \"r\"\n"
                         "[domain.d]\nworker_settings = \"w.toml\"\n";
  const auto status = ShowStatus(path, false);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), Code::kDaemonNotRunning);
  EXPECT_EQ(ExitCodeOf(status.error().code()), ExitCode::kDaemonNotRunning);
  ::unlink(path.c_str());
  ::rmdir(directory.c_str());
}

}  // namespace
}  // namespace keyferry::cli
