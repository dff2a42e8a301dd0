// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "agent/cli/explain.h"
#include "agent/cli/pin.h"
#include "protocol/base/file.h"
#include "targets/cryptoki/pin_latch.h"

namespace keyferry::cli {
namespace {

// An agent with two workers, in a directory of its own.
class Configured : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "config-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    Write("keyferry.toml",
          "[agent]\nlisten = \"tcp://127.0.0.1:7700\"\nstate_dir = \"s\"\nrun_dir = \"r\"\n"
          "[domain.a]\nworker_settings = \"a.toml\"\n[domain.b]\nworker_settings = \"b.toml\"\n");
    Write("a.toml", Worker("a", "a"));
    Write("b.toml", Worker("b", "b"));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static std::string Worker(const std::string& domain, const std::string& place) {
    return "[worker]\ndomain = \"" + domain + "\"\nstate_dir = \"" + place + "\"\nsocket = \"" + place +
           ".sock\"\n[token]\nmodule = \"m.so\"\nuri = \"pkcs11:token=t\"\n[target.hsm]\nkind = \"hsm\"\n"
           "[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\"]\noperations = [\"install\"]\n";
  }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(directory_ + "/" + name) << text; }
  std::string Path(const std::string& name = "keyferry.toml") const { return directory_ + "/" + name; }
  std::string Short(std::string text) const {
    const std::string prefix = directory_ + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

  std::string directory_;
};

TEST_F(Configured, LoadsAllFiles) {
  const auto all = LoadAll(Path());
  ASSERT_TRUE(all) << all.error().ThreeLines();
  ASSERT_EQ(all->workers.size(), 2U);
  EXPECT_EQ(all->workers[1].domain_name, all->agent.domains[1].name);
}

TEST_F(Configured, ErrorsOfAllFilesComeAtOnce) {
  Write("a.toml", "[worker]\n" + Worker("a", "a").substr(9) + "x = 1\n");
  std::filesystem::remove(Path("b.toml"));
  const auto all = LoadAll(Path());
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code(), Code::kSettingsInvalid);
  const std::string text = Short(all.error().what());
  EXPECT_NE(text.find("domain 'a': settings file 'a.toml' has 1 error:\n  a.toml:"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown key 'x' in [policy.default]"), std::string::npos) << text;
  EXPECT_NE(text.find("\ndomain 'b': "), std::string::npos) << text;
}

TEST_F(Configured, FilesThatContradictEachOtherAreRefused) {
  Write("b.toml", Worker("c", "a"));
  const auto all = LoadAll(Path());
  ASSERT_FALSE(all);
  EXPECT_EQ(Short(all.error().what()),
            "settings file 'b.toml' says worker.domain = \"c\", but 'keyferry.toml' calls the domain 'b'\n"
            "domains 'a' and 'b' both use 'a.sock'; each needs a socket and a state_dir of its own\n"
            "domains 'a' and 'b' both use 'a'; each needs a socket and a state_dir of its own");
}

TEST_F(Configured, CheckTakesBothKindsOfFile) {
  EXPECT_EQ(CheckConfig(Path(), false), ExitCode::kOk);
  EXPECT_EQ(CheckConfig(Path("a.toml"), true), ExitCode::kOk);
  Write("a.toml", "[worker]\n");
  const auto checked = CheckConfig(Path("a.toml"), false);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), Code::kSettingsInvalid);
}

TEST_F(Configured, PinRetryOpensTheLatchOfAWorkerThatDoesNotRun) {
  ASSERT_TRUE(MakeDirectories(Path("a"), 0700));
  const auto refused = [] { return Status(std::unexpected(Error::Make(Code::kPinWrong, "CKR_PIN_INCORRECT"))); };
  cryptoki::PinLatch latch(Path("a/latch"));
  EXPECT_FALSE(latch.Login(0, refused));
  ASSERT_FALSE(latch.Check());
  const auto opened = RetryPin(Path(), "a", false);
  ASSERT_TRUE(opened) << opened.error().ThreeLines();
  EXPECT_TRUE(latch.Check());
}

TEST_F(Configured, PinRetryLeavesATokenAloneThatAnotherHolds) {
  ASSERT_TRUE(MakeDirectories(Path("a"), 0700));
  const auto lock = LockFile::Acquire(Path("a/lock"));
  ASSERT_TRUE(lock) << lock.error().ThreeLines();
  const auto opened = RetryPin(Path(), "a", false);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kLocked);
}

TEST_F(Configured, PinRetryNeedsToKnowTheDomain) {
  const auto none = RetryPin(Path(), "", false);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::kUsage);
  EXPECT_EQ(none.error().next_step(), "name one with --domain: a, b");
  const auto wrong = RetryPin(Path("a.toml"), "b", false);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), Code::kUsage);
}

TEST(Explain, KnowsEveryCodeAndSuggestsTheNearest) {
  EXPECT_EQ(Explain("", true), ExitCode::kOk);
  EXPECT_EQ(Explain("trust.seal-wrong", false), ExitCode::kOk);
  const auto unknown = Explain("trust.seal-wrogn", false);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().next_step(), "did you mean: keyferry explain trust.seal-wrong");
}

}  // namespace
}  // namespace keyferry::cli
