// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "protocol/settings/settings.h"

namespace keyferry::settings {
namespace {

std::string Source() {
  const char* source = std::getenv("KEYFERRY_SOURCE");
  return source == nullptr ? std::filesystem::current_path().string() : source;
}

std::string AgentManual() { return Source() + "/deploy/keyferry.toml"; }
std::string WorkerManual() { return Source() + "/deploy/worker.toml"; }

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The keys that a manual sets, named as the loader names them, with the comment above each.
struct Entry {
  std::string key;
  std::string comment;
};

std::vector<Entry> EntriesOf(const std::string& path) {
  std::vector<Entry> entries;
  std::string table;
  std::string comment;
  for (const auto& line : LinesOf(path)) {
    const auto equals = line.find(" = ");
    if (line.starts_with("#")) {
      comment += line + "\n";
    } else if (line.starts_with("[")) {
      table = line.substr(1, line.find(']') - 1);
      const auto dot = table.find('.');
      if (dot != std::string::npos) table = table.substr(0, dot) + ".*";
      comment.clear();
    } else if (equals != std::string::npos) {
      entries.push_back({table + "." + line.substr(0, equals), comment});
      comment.clear();
    } else {
      comment.clear();
    }
  }
  return entries;
}

void ExpectManualComplete(const std::string& path, const std::vector<std::string>& known) {
  std::vector<std::string> found;
  for (const auto& [key, comment] : EntriesOf(path)) {
    found.push_back(key);
    const bool states = comment.find("Required") != std::string::npos || comment.find("Optional") != std::string::npos;
    EXPECT_TRUE(states) << key << " in " << path << " does not say whether it is required or optional";
    if (comment.find("Optional") != std::string::npos) {
      EXPECT_NE(comment.find("default"), std::string::npos) << key << " in " << path << " does not give its default";
    }
  }
  EXPECT_EQ(found, known) << "keys of " << path << " against those that the loader knows";
}

TEST(Manual, NamesEveryKeyOfTheAgent) { ExpectManualComplete(AgentManual(), KnownAgentKeys()); }
TEST(Manual, NamesEveryKeyOfAWorker) { ExpectManualComplete(WorkerManual(), KnownWorkerKeys()); }

TEST(Manual, OfTheAgentLoads) {
  const auto agent = LoadAgent(AgentManual());
  ASSERT_TRUE(agent) << agent.error().ThreeLines();
  EXPECT_EQ(agent->path, AgentManual());
  EXPECT_EQ(agent->listen, "tcp://127.0.0.1:7700");
  EXPECT_EQ(agent->state_dir, "/var/lib/keyferry");
  EXPECT_EQ(agent->run_dir, "/run/keyferry");
  EXPECT_EQ(agent->log_level, "info");
  ASSERT_EQ(agent->domains.size(), 1U);
  EXPECT_EQ(agent->domains[0].name, "payments");
  EXPECT_EQ(agent->domains[0].worker_settings, Source() + "/deploy/worker.toml");
  EXPECT_EQ(agent->domains[0].queue, 64U);
  EXPECT_EQ(ControlSocketPath(*agent), "/run/keyferry/control.sock");
  EXPECT_EQ(JournalPath(*agent), "/var/lib/keyferry/journal.db");
}

TEST(Manual, OfAWorkerLoads) {
  const auto worker = LoadWorker(WorkerManual());
  ASSERT_TRUE(worker) << worker.error().ThreeLines();
  EXPECT_EQ(worker->domain_name, "payments");
  EXPECT_EQ(worker->socket, "/run/keyferry/payments.sock");
  EXPECT_EQ(worker->daemon_user, "keyferry");
  EXPECT_EQ(worker->token.module, "/usr/lib/softhsm/libsofthsm2.so");
  EXPECT_EQ(worker->token.uri, "pkcs11:token=payments-hsm");
  EXPECT_EQ(worker->token.call_deadline, std::chrono::seconds(30));
  EXPECT_FALSE(worker->token.accept_unenforced_template);
  EXPECT_FALSE(worker->token.exclusive);
  ASSERT_EQ(worker->targets.size(), 1U);
  EXPECT_EQ(worker->targets[0].name, "hsm");
  EXPECT_EQ(worker->targets[0].overlap, std::chrono::seconds(1));
  EXPECT_TRUE(worker->targets[0].keep_previous);
  ASSERT_EQ(worker->policies.size(), 1U);
  const auto& policy = worker->policies.at("default");
  EXPECT_EQ(policy.label_prefixes, std::vector<std::string>{""});
  EXPECT_EQ(policy.key_types.size(), 6U);
  EXPECT_EQ(policy.operations.size(), 4U);
  EXPECT_EQ(LedgerPath(*worker), "/var/lib/keyferry/payments/ledger.db");
}

// What the manual calls a default is what the loader takes: each optional line is taken out, and nothing changes.
TEST(Manual, DefaultsAreTrue) {
  const std::string directory = ::testing::TempDir();
  std::ofstream(directory + "/least.toml") << "[agent]\nlisten = \"tcp://127.0.0.1:7700\"\nstate_dir = \"s\"\n"
                                              "[domain.d]\nworker_settings = \"../w.toml\"\n";
  const auto agent = LoadAgent(directory + "/least.toml");
  ASSERT_TRUE(agent) << agent.error().ThreeLines();
  EXPECT_EQ(agent->run_dir, "/run/keyferry");
  EXPECT_EQ(agent->log_level, "info");
  EXPECT_EQ(agent->domains.at(0).queue, 64U);

  std::ofstream(directory + "/least-worker.toml")
      << "[worker]\ndomain = \"d\"\nstate_dir = \"/s\"\nsocket = \"w.sock\"\n[token]\nmodule = \"/m.so\"\n"
         "uri = \"pkcs11:token=t\"\n[target.hsm]\nkind = \"hsm\"\n[policy.default]\nlabel_prefixes = [\"\"]\n"
         "key_types = [\"aes\"]\noperations = [\"install\"]\n";
  const auto worker = LoadWorker(directory + "/least-worker.toml");
  ASSERT_TRUE(worker) << worker.error().ThreeLines();
  EXPECT_EQ(worker->daemon_user, "");
  EXPECT_EQ(worker->log_level, "info");
  EXPECT_EQ(worker->token.module_config, "");
  EXPECT_EQ(worker->token.pin_file, "");
  EXPECT_EQ(worker->token.call_deadline, std::chrono::seconds(30));
  EXPECT_EQ(worker->targets.at(0).overlap, std::chrono::seconds(1));
  EXPECT_TRUE(worker->targets.at(0).keep_previous);
}

}  // namespace
}  // namespace keyferry::settings
