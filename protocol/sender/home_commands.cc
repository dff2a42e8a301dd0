// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <zmq.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>

#include "protocol/sender/commands.h"

namespace keyferry::sender {
namespace {

std::string Z85(const Bytes& key) {
  std::array<char, 41> text{};
  return zmq_z85_encode(text.data(), key.data(), key.size()) == nullptr ? "" : text.data();
}

Status Init(CommandContext& context) {
  Home home(context.options.home);
  KF_CHECK(home.Create());
  if (!context.options.hsm.empty()) {
    KF_CHECK(cryptoki::TokenUri::Parse(context.options.hsm));
    KF_CHECK(home.SetHsmUri(context.options.hsm));
  }
  KF_CHECK(home.OpenStore());
  KF_TRY(const Ed25519KeyPair signer, home.Signer());
  KF_TRY(const Secret channel_key, home.ChannelKey());
  const std::string id = HexEncode(IdOfKey(signer.public_key()));
  if (context.options.json) {
    Json json = Json::EmptyObject();
    json.Set("format", "keyferry-kms-home/1").Set("home", home.directory()).Set("signer_id", id);
    json.Set("signer_key", HexEncode(signer.public_key())).Set("channel_key", HexEncode(ChannelPublicKey(channel_key)));
    std::printf("%s\n", json.Dump(true).c_str());
    return {};
  }
  std::printf("home     %s\nsigner   %s\nchannel  %s\n", home.directory().c_str(), id.c_str(),
              Z85(ChannelPublicKey(channel_key)).c_str());
  return {};
}

Json ToJson(const DomainRow& domain) {
  Json json = Json::EmptyObject();
  json.Set("name", domain.name).Set("endpoint", domain.endpoint).Set("agent", HexEncode(domain.agent));
  json.Set("domain", HexEncode(domain.domain)).Set("generation", domain.generation);
  json.Set("next_sequence", domain.next_sequence).Set("stopped", domain.stopped);
  return json;
}

Status ListAgents(CommandContext& context) {
  KF_TRY(Store store, Home(context.options.home).OpenStore());
  KF_TRY(const std::vector<DomainRow> domains, store.Domains());
  if (context.options.json) {
    Json list = Json::EmptyArray();
    for (const DomainRow& domain : domains) list.Add(ToJson(domain));
    Json json = Json::EmptyObject();
    json.Set("format", "keyferry-kms-agents/1").Set("domains", std::move(list));
    std::printf("%s\n", json.Dump(true).c_str());
    return {};
  }
  if (domains.empty()) std::puts("no domain is enrolled yet; enrol one: keyferry-kms enrol --help");
  for (const DomainRow& domain : domains) {
    std::printf("%-16s %s  agent %s  next number %llu%s\n", domain.name.c_str(), domain.endpoint.c_str(),
                HexEncode(domain.agent).c_str(), static_cast<unsigned long long>(domain.next_sequence),
                domain.stopped.empty() ? "" : ("  STOPPED: " + domain.stopped).c_str());
  }
  return {};
}

struct Address {
  std::string domain, endpoint;
};

}  // namespace

void AddHomeCommands(CLI::App& app, CommandContext& context) {
  CLI::App* init = app.add_subcommand("init", "make the KMS's signer and channel keys, where they are not there yet");
  init->add_option("--hsm", context.options.hsm, "the HSM that is used from now on where no --hsm is given")
      ->type_name("URI");
  init->add_flag("--json", context.options.json, "print JSON");
  init->callback([&context] { context.Run([&] { return Init(context); }); });

  CLI::App* agent = app.add_subcommand("agent", "the agents' domains that this KMS has enrolled");
  agent->require_subcommand(1);
  CLI::App* list = agent->add_subcommand("list", "name, address, next number of each domain");
  list->add_flag("--json", context.options.json, "print JSON");
  list->callback([&context] { context.Run([&] { return ListAgents(context); }); });

  const auto address = std::make_shared<Address>();
  CLI::App* set = agent->add_subcommand("address", "set where a domain's agent listens");
  set->add_option("domain", address->domain, "the enrolled domain")->required();
  set->add_option("endpoint", address->endpoint, "tcp://HOST:PORT")->required();
  set->callback([address, &context] {
    context.Run([&]() -> Status {
      KF_TRY(Store store, Home(context.options.home).OpenStore());
      return store.SetEndpoint(address->domain, address->endpoint);
    });
  });
}

}  // namespace keyferry::sender
