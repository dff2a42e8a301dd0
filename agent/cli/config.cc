// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/config.h"

#include <map>

#include "agent/cli/render.h"
#include "protocol/base/json.h"

namespace keyferry::cli {
namespace {

class Problems {
 public:
  void Add(const std::string& text) {
    if (!text_.empty()) text_ += '\n';
    text_ += text;
  }
  void Add(const Error& error) { Add(error.what() + (error.cause().empty() ? "" : ": " + error.cause())); }
  Status Finish() && {
    if (text_.empty()) return {};
    return std::unexpected(Error::Make(Code::kSettingsInvalid, std::move(text_)));
  }

 private:
  std::string text_;
};

void Compare(const AllSettings& all, Problems& problems) {
  std::map<std::string, std::string> owners;
  for (std::size_t i = 0; i < all.workers.size(); ++i) {
    const auto& worker = all.workers[i];
    const std::string& name = all.agent.domains[i].name;
    if (worker.domain_name != name) {
      std::string text = "settings file '";
      text.append(worker.path).append("' says worker.domain = \"").append(worker.domain_name).append("\", but '");
      text.append(all.agent.path).append("' calls the domain '").append(name).append("'");
      problems.Add(text);
    }
    for (const auto& path : {worker.socket, worker.state_dir}) {
      const auto [owner, fresh] = owners.emplace(path, name);
      if (!fresh) {
        std::string text = "domains '";
        text.append(owner->second).append("' and '").append(name).append("' both use '").append(path);
        problems.Add(text.append("'; each needs a socket and a state_dir of its own"));
      }
    }
  }
}

void Print(const std::vector<std::string>& files, bool json) {
  std::string text;
  if (json) {
    Json list = Json::EmptyArray();
    for (const auto& file : files) list.Add(file);
    text = Json::EmptyObject().Set("format", "keyferry-config/1").Set("ok", true).Set("files", std::move(list)).Dump();
  } else {
    for (const auto& file : files) text += file + ": correct\n";
  }
  Say(std::move(text));
}

}  // namespace

Result<AllSettings> LoadAll(const std::string& path) {
  KF_TRY(auto agent, settings::LoadAgent(path));
  AllSettings all{.agent = std::move(agent), .workers = {}};
  Problems problems;
  for (const auto& domain : all.agent.domains) {
    auto worker = settings::LoadWorker(domain.worker_settings);
    if (worker) {
      all.workers.push_back(std::move(*worker));
    } else {
      problems.Add(std::move(worker).error().While("domain '" + domain.name + "'"));
    }
  }
  if (all.workers.size() == all.agent.domains.size()) Compare(all, problems);
  KF_CHECK(std::move(problems).Finish());
  return all;
}

Result<ExitCode> CheckConfig(const std::string& path, bool json) {
  KF_TRY(const settings::FileKind kind, settings::KindOf(path));
  std::vector<std::string> files = {path};
  if (kind == settings::FileKind::kWorker) {
    KF_TRY(const auto worker, settings::LoadWorker(path));
  } else {
    KF_TRY(const AllSettings all, LoadAll(path));
    for (const auto& worker : all.workers) files.push_back(worker.path);
  }
  Print(files, json);
  return ExitCode::kOk;
}

}  // namespace keyferry::cli
