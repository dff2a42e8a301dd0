// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// `keyferry run` with the real daemon and a real worker of a domain that is not bootstrapped yet.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/base/file.h"
#include "protocol/base/json.h"
#include "tests/fakes/process.h"

namespace keyferry {
namespace {

using fakes::ChildrenNamed;
using fakes::Eventually;

// A port that was free a moment ago.
std::uint16_t FreePort() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(fd.get(), std::bit_cast<const sockaddr*>(&address), length), 0);
  EXPECT_EQ(getsockname(fd.get(), std::bit_cast<sockaddr*>(&address), &length), 0);
  return ntohs(address.sin_port);
}

std::string Program(const std::string& name) {
  const char* bin = std::getenv("KEYFERRY_BIN");
  return std::string(bin == nullptr ? "bin" : bin) + "/" + name;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Gone(pid_t pid) {
  const std::string stat = TextOf("/proc/" + std::to_string(pid) + "/stat");
  return stat.empty() || stat.substr(stat.rfind(')') + 2, 1) == "Z";
}

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "run-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    Write("keyferry.toml", "[agent]\nlisten = \"tcp://127.0.0.1:" + std::to_string(FreePort()) +
                               "\"\nstate_dir = \"agent\"\nrun_dir = \"run\"\n"
                               "[domain.payments]\nworker_settings = \"worker.toml\"\n");
    Write("worker.toml",
          "[worker]\ndomain = \"payments\"\nstate_dir = \"payments\"\nsocket = \"run/payments.sock\"\n"
          "[token]\nmodule = \"/usr/lib/softhsm/libsofthsm2.so\"\nuri = \"pkcs11:token=t\"\npin_file = \"pin\"\n"
          "[target.hsm]\nkind = \"hsm\"\n[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\"]\n"
          "operations = [\"install\"]\n");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::string Log() const { return TextOf(Path("log")); }
  bool ReadySoon(fakes::Background& run) const {
    const auto ready = [&] { return Log().find("keyferry: ready on tcp://127.0.0.1:") != std::string::npos; };
    return Eventually([&] { return ready() || run.Wait(std::chrono::milliseconds(0)); }) && ready();
  }
  std::vector<std::string> Command(const std::vector<std::string>& words) const {
    std::vector<std::string> arguments = {Program("keyferry")};
    arguments.insert(arguments.end(), words.begin(), words.end());
    arguments.insert(arguments.end(), {"--settings", Path("keyferry.toml")});
    return arguments;
  }

  std::string directory_;
};

TEST_F(Run, StartsAgainWhatIsKilledAndStopsCleanly) {
  fakes::Background run(Command({"run"}), {}, Path("log"));
  ASSERT_TRUE(ReadySoon(run)) << Log();
  EXPECT_NE(Log().find("payments not-bootstrapped"), std::string::npos) << Log();
  std::vector<pid_t> seen;
  for (const char* name : {"keyferry-worker", "keyferryd"}) {
    const auto before = ChildrenNamed(run.pid(), name);
    ASSERT_EQ(before.size(), 1U) << name;
    ASSERT_EQ(kill(before[0], SIGKILL), 0);
    const auto again = [&] {
      const auto now = ChildrenNamed(run.pid(), name);
      return now.size() == 1 && now != before;
    };
    ASSERT_TRUE(Eventually(again)) << name << "\n" << Log();
    seen.insert(seen.end(), {before[0], ChildrenNamed(run.pid(), name).at(0)});
  }
  // The new ones answer as the old ones did.
  const auto answers = [&] { return fakes::Run(Command({"status"})).exit_code == 3; };
  EXPECT_TRUE(Eventually(answers)) << Log();
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait(std::chrono::seconds(60)), 0) << Log();
  for (const pid_t pid : seen) EXPECT_TRUE(Gone(pid)) << pid;
  EXPECT_EQ(fakes::Run(Command({"status"})).exit_code, 9);
}

TEST_F(Run, TakesItsChildrenWithItWhenItIsKilled) {
  std::vector<pid_t> children;
  {
    fakes::Background run(Command({"run"}), {}, Path("log"));
    ASSERT_TRUE(ReadySoon(run)) << Log();
    for (const char* name : {"keyferry-worker", "keyferryd"}) children.push_back(ChildrenNamed(run.pid(), name).at(0));
    ASSERT_EQ(kill(run.pid(), SIGKILL), 0);
    EXPECT_EQ(run.Wait(std::chrono::seconds(60)), 128 + SIGKILL);
  }
  for (const pid_t pid : children) EXPECT_TRUE(Eventually([&] { return Gone(pid); })) << pid;
}

TEST_F(Run, StatusTellsWhatIsMissing) {
  fakes::Background run(Command({"run"}), {}, Path("log"));
  ASSERT_TRUE(ReadySoon(run)) << Log();
  const auto text = fakes::Run(Command({}));
  EXPECT_EQ(text.exit_code, 3);
  EXPECT_EQ(text.out.find("WARNING: domain payments: not bootstrapped"), 0U) << text.out;
  EXPECT_NE(text.out.find("as the same user"), std::string::npos) << text.out;
  const auto answer = fakes::Run(Command({"status", "--json"}));
  EXPECT_EQ(answer.exit_code, 3);
  const auto json = Json::Parse(answer.out);
  ASSERT_TRUE(json) << answer.out;
  EXPECT_EQ(json->Text("format"), "keyferry-status/1");
  const auto* const domains = json->Find("domains");
  ASSERT_NE(domains, nullptr);
  ASSERT_EQ(domains->Elements().size(), 1U);
  EXPECT_EQ(domains->Elements()[0].Text("separation"), "none");
}

TEST_F(Run, PinRetryGoesThroughTheWorker) {
  fakes::Background run(Command({"run"}), {}, Path("log"));
  ASSERT_TRUE(ReadySoon(run)) << Log();
  const auto retried = fakes::Run(Command({"pin", "retry", "--json"}));
  EXPECT_EQ(retried.exit_code, 0) << retried.err;
  const auto json = Json::Parse(retried.out);
  ASSERT_TRUE(json) << retried.out;
  EXPECT_EQ(json->Boolean("worker_running"), true);
}

TEST_F(Run, WrongSettingsStopItBeforeItStarts) {
  Write("worker.toml", "[worker]\ndomian = \"payments\"\n");
  const auto run = fakes::Run(Command({"run"}));
  EXPECT_EQ(run.exit_code, 78);
  EXPECT_NE(run.err.find("worker.toml:2:1: unknown key 'domian' in [worker]; did you mean 'domain'?"),
            std::string::npos)
      << run.err;
}

}  // namespace
}  // namespace keyferry
