// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

#include "protocol/base/file.h"
#include "protocol/sender/commands.h"
#include "protocol/sender/pem.h"
#include "protocol/sender/versions.h"
#include "protocol/wire/limits.h"

namespace keyferry::sender {
namespace {

struct PushOptions {
  std::string domain;
  std::vector<std::string> keys;
  std::string label, id, expected_id, usage, target = "hsm", object_class = "secret-key";
  std::string not_before, not_after, save_bundle, file;
  bool simulate = false, each_alone = false, no_wait = false, usage_given = false;
  unsigned accept_within = 3600, install_within = 0, patience = 60;
};

// "2026-11-21" as midnight UTC.
Result<UnixSeconds> ParseDay(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%d", &parts);
  if (end == nullptr || *end != '\0') {
    return std::unexpected(Error::Make(Code::kUsage, "'" + Printable(text) + "' is no day; write it as 2026-11-21"));
  }
  return static_cast<UnixSeconds>(timegm(&parts));
}

Result<Bytes> IdOf(const char* option, const std::string& text) {
  auto id = HexDecode(text);
  if (id) return id;
  return std::unexpected(
      Error::Caused(Code::kUsage, std::string(option) + " '" + Printable(text) + "' is no CKA_ID", id.error().what())
          .NextStep("write it in hexadecimal, two digits an octet"));
}

// Before a number is taken: what cannot be kept is better not sealed.
Status CheckSaving(const PushOptions& options) {
  if (options.save_bundle.empty()) return {};
  if (options.each_alone) {
    return std::unexpected(
        Error::Make(Code::kUsage, "--save-bundle writes one bundle, and --each-alone makes several"));
  }
  if (!Exists(options.save_bundle)) return WriteDurably(options.save_bundle, {}, 0600);
  KF_CHECK(ReadFile(options.save_bundle, wire::limits::kEnvelopeBytes));
  return {};
}

Result<Placement> PlacementOf(const PushOptions& options, Operation operation) {
  Placement placement;
  placement.operation = operation;
  placement.target = options.target;
  placement.label = options.label;
  KF_TRY(placement.id, IdOf("--id", options.id));
  KF_TRY(placement.expected_id, IdOf("--expected-id", options.expected_id));
  if (options.usage_given) {
    KF_TRY(placement.usage, UsageFromNames(options.usage));
  }
  if (!options.not_before.empty()) {
    KF_TRY(placement.not_before, ParseDay(options.not_before));
  }
  if (!options.not_after.empty()) {
    KF_TRY(placement.not_after, ParseDay(options.not_after));
  }
  return placement;
}

// Certificates and public keys may lie open; a private key may not.
Result<Secret> ReadPemFile(const std::string& path) {
  bool is_private = false;
  KF_TRY(Secret pem, ReadLockedFile(path, 256 * 1024, is_private));
  if (is_private) return pem;
  KF_TRY(const PemContent content, ReadPem(pem));
  if (!content.private_key) return pem;
  return std::unexpected(Error::Make(
      Code::kFileModeUnsafe, "others than its owner may read '" + Printable(path) + "', which holds a private key"));
}

// The items that one argument names: an object of the HSM, or what a PEM file holds.
Result<std::vector<Item>> ItemsOf(SendingSession& session, const std::string& key, const Placement& placement) {
  if (key.starts_with("pkcs11:")) {
    KF_TRY(const cryptoki::ObjectUri uri, cryptoki::ObjectUri::Parse(key));
    KF_TRY(Item item, WrapFromToken(session.hsm(), session.twins(), uri, placement));
    std::vector<Item> items;
    items.push_back(std::move(item));
    return items;
  }
  KF_TRY(const Secret pem, ReadPemFile(key));
  if (placement.label.empty())
    return std::unexpected(Error::Make(Code::kUsage, "a PEM file names no label").NextStep("give --label"));
  return WrapFromPem(session.hsm(), session.twins(), pem, placement);
}

// The version that is to be replaced: as told, else what the receipts here say is current.
Status FillExpected(SendingSession& session, const PushOptions& options, Item& item) {
  if (item.operation == Operation::kInstall || !item.expected_id.empty()) return {};
  KF_TRY(item.expected_id, CurrentVersion(session.store(), options.domain, item));
  return {};
}

Status Send(SendingSession& session, const PushOptions& options, const std::vector<BundleRequest>& requests,
            CommandContext& context) {
  KF_CHECK(CheckSaving(options));
  std::uint64_t last = 0;
  for (const BundleRequest& request : requests) {
    KF_TRY(last, session.Enqueue(request));
    if (options.save_bundle.empty()) continue;
    KF_TRY(const auto bundle, session.store().FindBundle(options.domain, last));
    if (!bundle) return std::unexpected(Error::Make(Code::kInternal, "the bundle just sealed is not in the store"));
    KF_CHECK(WriteDurably(options.save_bundle, bundle->envelope, 0600));
  }
  if (options.no_wait) {
    std::printf("sealed up to number %llu; send with: keyferry-kms wait %s\n", static_cast<unsigned long long>(last),
                options.domain.c_str());
    return {};
  }
  KF_TRY(const auto deliveries, session.sender().Drive(last, std::chrono::seconds(options.patience)));
  PrintDeliveries(deliveries, context);
  return {};
}

BundleRequest RequestOf(const PushOptions& options, std::vector<Item> items) {
  BundleRequest request;
  request.items = std::move(items);
  request.simulate = options.simulate;
  request.accept_within = std::chrono::seconds(options.accept_within);
  if (options.install_within > 0) request.install_within = std::chrono::seconds(options.install_within);
  return request;
}

Status PushKeys(const PushOptions& options, Operation operation, CommandContext& context) {
  KF_TRY(const Placement placement, PlacementOf(options, operation));
  KF_TRY(const auto session, SendingSession::Open(context.options, options.domain));
  std::vector<BundleRequest> requests;
  std::vector<Item> all;
  for (const std::string& key : options.keys) {
    KF_TRY(std::vector<Item> items, ItemsOf(*session, key, placement));
    for (Item& item : items) {
      KF_CHECK(FillExpected(*session, options, item));
      all.push_back(std::move(item));
    }
    if (options.each_alone) requests.push_back(RequestOf(options, std::exchange(all, {})));
  }
  if (!all.empty()) requests.push_back(RequestOf(options, std::move(all)));
  return Send(*session, options, requests, context);
}

// The wire wants a type that goes with the class; for what it holds already, the target goes by its ledger.
KeyType AnyTypeOf(ObjectClass object_class) {
  switch (object_class) {
    case ObjectClass::kSecretKey:
      return KeyType::kAes;
    case ObjectClass::kPrivateKey:
    case ObjectClass::kPublicKey:
      return KeyType::kRsa;
    case ObjectClass::kCertificate:
      return KeyType::kX509;
  }
  return KeyType::kAes;
}

// Deletion and rollback carry no key.
Status PushChange(const PushOptions& options, Operation operation, CommandContext& context) {
  Item item;
  item.operation = operation;
  item.target = options.target;
  item.label = options.label;
  KF_TRY(item.object_class, ObjectClassFromName(options.object_class));
  item.key_type = AnyTypeOf(item.object_class);
  KF_TRY(item.expected_id, IdOf("--expected-id", options.expected_id));
  KF_TRY(const auto session, SendingSession::Open(context.options, options.domain));
  KF_CHECK(FillExpected(*session, options, item));
  std::vector<Item> items;
  items.push_back(std::move(item));
  return Send(*session, options, {RequestOf(options, std::move(items))}, context);
}

Status Wait(const PushOptions& options, CommandContext& context) {
  KF_TRY(const auto session, ReceivingSession::Open(context.options, options.domain));
  KF_TRY(const DomainRow domain, session->store().FindDomain(options.domain));
  KF_TRY(const auto deliveries,
         session->sender().Drive(domain.next_sequence - 1, std::chrono::seconds(options.patience)));
  PrintDeliveries(deliveries, context);
  return {};
}

Status SendFile(const PushOptions& options, CommandContext& context) {
  KF_TRY(const Bytes envelope, ReadFile(options.file, wire::limits::kEnvelopeBytes));
  KF_TRY(const auto session, ReceivingSession::Open(context.options, options.domain));
  KF_TRY(Delivery delivery, session->sender().SendAsIs(envelope, std::chrono::seconds(options.patience)));
  std::vector<Delivery> deliveries;
  deliveries.push_back(std::move(delivery));
  PrintDeliveries(deliveries, context);
  return {};
}

using Options = std::shared_ptr<PushOptions>;

CLI::App* AddSending(CLI::App& app, CommandContext& context, const Options& options, const char* name,
                     const char* help) {
  CLI::App* command = app.add_subcommand(name, help);
  command->add_option("domain", options->domain, "the enrolled domain (keyferry-kms agent list)")->required();
  command->add_flag("--json", context.options.json, "print the receipts as JSON");
  command->add_option("--patience", options->patience, "seconds without progress before giving up")
      ->capture_default_str();
  return command;
}

void AddBundleOptions(CLI::App& command, CommandContext& context, const Options& options) {
  AddHsmOptions(command, context);
  command.add_option("--target", options->target, "target of the domain")->capture_default_str();
  command.add_flag("--simulate", options->simulate, "rehearse: the receipt says what would have happened");
  command.add_option("--accept-within", options->accept_within, "seconds in which the agent may accept it")
      ->capture_default_str();
  command.add_option("--install-within", options->install_within, "seconds in which it may be installed; 0: no limit")
      ->capture_default_str();
  command.add_option("--save-bundle", options->save_bundle, "also write the sealed bundle to this file");
  command.add_flag("--no-wait", options->no_wait, "seal and store; send later with 'wait'");
}

void AddKeyPush(CLI::App& app, CommandContext& context, const char* name, const char* help, Operation operation) {
  const auto options = std::make_shared<PushOptions>();
  CLI::App* command = AddSending(app, context, options, name, help);
  AddBundleOptions(*command, context, options);
  command->add_option("keys", options->keys, "PKCS#11 URIs of keys in the KMS's HSM, or PEM files")->required();
  command->add_option("--label", options->label, "label at the target; default: the label here");
  command->add_option("--id", options->id, "CKA_ID of this version, hexadecimal; default: random");
  command->add_option("--usage", options->usage, "encrypt,decrypt,sign,verify,derive; default: the key's usage here")
      ->each([options](const std::string&) { options->usage_given = true; });
  command->add_option("--not-before", options->not_before, "first day of use: 2026-11-21");
  command->add_option("--not-after", options->not_after, "last day of use");
  command->add_flag("--each-alone", options->each_alone, "one bundle a key: one that is refused leaves the others");
  if (operation == Operation::kUpdate) {
    command->add_option("--expected-id", options->expected_id,
                        "CKA_ID of the version that must be current; default: what the receipts here say");
  }
  command->callback(
      [options, operation, &context] { context.Run([&] { return PushKeys(*options, operation, context); }); });
}

void AddChange(CLI::App& app, CommandContext& context, const char* name, const char* help, Operation operation) {
  const auto options = std::make_shared<PushOptions>();
  CLI::App* command = AddSending(app, context, options, name, help);
  AddBundleOptions(*command, context, options);
  command->add_option("--label", options->label, "label at the target")->required();
  command->add_option("--class", options->object_class, "secret-key, private-key, public-key or certificate")
      ->capture_default_str();
  command->add_option("--expected-id", options->expected_id,
                      "CKA_ID of the version that must be current; default: what the receipts here say");
  command->callback(
      [options, operation, &context] { context.Run([&] { return PushChange(*options, operation, context); }); });
}

}  // namespace

void AddPushCommands(CLI::App& app, CommandContext& context) {
  AddKeyPush(app, context, "push", "install keys: keyferry-kms push payments 'pkcs11:object=card-kek;type=secret-key'",
             Operation::kInstall);
  AddKeyPush(app, context, "update", "install a new version of keys that are there", Operation::kUpdate);
  AddChange(app, context, "delete", "destroy a key at the target, all versions", Operation::kDelete);
  AddChange(app, context, "rollback", "bring the previous version back", Operation::kRollback);

  const auto waiting = std::make_shared<PushOptions>();
  AddSending(app, context, waiting, "wait", "send what has no receipt yet, and wait for the receipts")
      ->callback([waiting, &context] { context.Run([&] { return Wait(*waiting, context); }); });

  const auto sending = std::make_shared<PushOptions>();
  CLI::App* send = AddSending(app, context, sending, "send", "send a sealed bundle from a file, as it is");
  send->add_option("file", sending->file, "as --save-bundle wrote it")->required();
  send->callback([sending, &context] { context.Run([&] { return SendFile(*sending, context); }); });
}

}  // namespace keyferry::sender
