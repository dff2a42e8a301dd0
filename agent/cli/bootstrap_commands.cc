// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/bootstrap_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "agent/cli/bootstrap_desk.h"
#include "bootstrap/ceremony/documents.h"
#include "bootstrap/record/signed_document.h"
#include "protocol/base/prompt.h"

namespace keyferry::cli {
namespace {

constexpr std::size_t kMostFingerprint = 256;
constexpr UnixSeconds kHour = 3600;

// What a step ends with: for people a few lines, for scripts one object.
struct Report {
  const char* step;
  std::string file;
  std::string fingerprint;
  std::string next;
};

void Print(const Report& report, bool json) {
  if (json) {
    Json object = Json::EmptyObject();
    object.Set("format", "keyferry-bootstrap/1").Set("step", report.step);
    if (!report.file.empty()) object.Set("file", report.file);
    if (!report.fingerprint.empty()) object.Set("fingerprint", report.fingerprint);
    std::printf("%s\n", object.Dump().c_str());
    return;
  }
  std::printf("%s done\n", report.step);
  if (!report.file.empty()) std::printf("  file         %s\n", report.file.c_str());
  if (!report.fingerprint.empty()) std::printf("  fingerprint  %s\n", report.fingerprint.c_str());
  std::printf("  next         %s\n", report.next.c_str());
}

Result<std::string> TypedFingerprint(const BootstrapOptions& options, const char* of) {
  if (options.fingerprint_fd >= 0) return ReadLine(options.fingerprint_fd, kMostFingerprint);
  // The file's own is not shown: it is to be typed as it was heard, not copied from this screen.
  return PromptLine(std::string("Fingerprint of the ") + of + ", as the other side's operators read it to you",
                    kMostFingerprint);
}

Status Request(const BootstrapOptions& options) {
  KF_TRY(const auto desk, BootstrapDesk::Open(options));
  KF_TRY(const ceremony::MadeFile made,
         ceremony::MakeRequest(desk->side(), {options.valid_hours * kHour, options.renew}));
  KF_CHECK(WriteDurably(options.out, AsBytes(made.text), 0600));
  if (made.again && !options.json) std::puts("This request was made before, and waits for its answer.");
  Print({"request", options.out, made.fingerprint,
         "take the file to the KMS (keyferry-kms enrol answer), and read the fingerprint to its operators by another "
         "way"},
        options.json);
  return {};
}

Status Import(const BootstrapOptions& options) {
  KF_TRY(const Bytes response, ReadFile(options.file, ceremony::kMostDocumentOctets));
  KF_TRY(const auto desk, BootstrapDesk::Open(options));
  KF_TRY(const std::string typed, TypedFingerprint(options, "response"));
  KF_TRY(const ceremony::MadeFile proof, ceremony::ImportResponse(desk->side(), AsText(response), typed));
  KF_CHECK(WriteDurably(options.out, AsBytes(proof.text), 0600));
  if (proof.again && !options.json) std::puts("This response was imported before.");
  Print({"import", options.out, proof.fingerprint,
         "take the proof to the KMS (keyferry-kms enrol confirm), and bring its confirmation back"},
        options.json);
  return {};
}

Status Confirm(const BootstrapOptions& options) {
  KF_TRY(const Bytes confirmation, ReadFile(options.file, ceremony::kMostDocumentOctets));
  KF_TRY(const auto desk, BootstrapDesk::Open(options));
  KF_CHECK(ceremony::ConfirmBootstrap(desk->side(), confirmation));
  Print({"confirm", record::RecordPath(desk->side().state_dir), "",
         "start the agent; keep a copy of the record with the ceremony's papers"},
        options.json);
  return {};
}

const char* StageName(const std::optional<record::Record>& record) {
  if (!record) return "not begun";
  switch (record->stage) {
    case record::Stage::kRequested:
      return "requested";
    case record::Stage::kImported:
      return "imported";
    case record::Stage::kConfirmed:
      return "confirmed";
  }
  return "unknown";
}

void PrintRecord(const record::Record& record) {
  std::printf("  domain       %s\n", HexEncode(record.domain).c_str());
  std::printf("  token        %s (serial %s)\n", Printable(record.token.label).c_str(),
              Printable(record.token.serial).c_str());
  std::printf("  request      %s\n", record::Fingerprint(record.request_sha256).c_str());
  std::printf("  template     %s\n", record.template_enforced ? "enforced" : "NOT enforced by this token; accepted");
  if (!record.oaep.empty()) std::printf("  transport    %s\n", Printable(record.oaep).c_str());
  for (const record::SignerRecord& signer : record.signers) {
    std::printf("  signer       %s %s\n", HexEncode(IdOfKey(signer.key)).c_str(), Printable(signer.name).c_str());
  }
  for (const record::Step& step : record.steps) {
    std::printf("  %s  %s\n", FormatTime(step.time).c_str(), Printable(step.what).c_str());
  }
}

// Needs neither token nor PIN: the record verifies by itself.
Status ShowStatus(const BootstrapOptions& options) {
  KF_TRY(const BootstrapSettings settings, LoadBootstrapSettings(options));
  KF_TRY(const auto record, record::LoadAny(record::RecordPath(settings.worker.state_dir)));
  if (options.json) {
    Json object = Json::EmptyObject();
    object.Set("format", "keyferry-bootstrap/1").Set("step", "status").Set("domain", settings.worker.domain_name);
    object.Set("stage", StageName(record)).Set("record", record ? record::ToJson(*record) : Json());
    std::printf("%s\n", object.Dump(true).c_str());
    return {};
  }
  std::printf("bootstrap of domain '%s': %s\n", Printable(settings.worker.domain_name).c_str(), StageName(record));
  if (record) PrintRecord(*record);
  return {};
}

// Command line and what it fills in; both live as long as the app.
struct Commands {
  BootstrapOptions options;
  bool* json;
  std::function<Status()>* run;
};

CLI::App* Add(CLI::App& group, const std::shared_ptr<Commands>& commands, const char* name, const char* what,
              const char* examples, Status (*perform)(const BootstrapOptions&)) {
  CLI::App* command = group.add_subcommand(name, what);
  command->footer(std::string("Examples:\n") + examples);
  BootstrapOptions& options = commands->options;
  command->add_option("--settings", options.settings, "the agent's settings file (KEYFERRY_SETTINGS)")
      ->envname("KEYFERRY_SETTINGS")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--domain", options.domain, "the domain; may be left out where there is only one")
      ->type_name("NAME");
  command->add_flag("--json", options.json, "print JSON, errors too");
  command->callback([commands, perform] {
    if (commands->json != nullptr) {
      commands->options.json = commands->options.json || *commands->json;  // it may stand before "bootstrap"
      *commands->json = commands->options.json;
    }
    *commands->run = [commands, perform] { return perform(commands->options); };
  });
  return command;
}

void AddPin(CLI::App& command, BootstrapOptions& options) {
  command.add_option("--pin-fd", options.pin_fd, "descriptor to read the token's PIN from")->type_name("N");
}

}  // namespace

void AddBootstrapCommands(CLI::App& app, std::function<Status()>& run, bool* json) {
  CLI::App* group =
      app.add_subcommand("bootstrap", "Holds the key ceremony: brings the root keys into a domain's token.");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n"
      "  keyferry bootstrap request --domain payments --out request.kfq             here\n"
      "  keyferry-kms enrol answer --request request.kfq --out response.kfs         at the KMS\n"
      "  keyferry bootstrap import --response response.kfs --out proof.kfp          here\n"
      "  keyferry-kms enrol confirm --proof proof.kfp --out confirmation.kfc        at the KMS\n"
      "  keyferry bootstrap confirm --confirmation confirmation.kfc                 here\n"
      "Every command may be run again. Fingerprints are read out by another way than the files take.\n");
  const auto commands = std::make_shared<Commands>(Commands{{}, json, &run});
  BootstrapOptions& options = commands->options;

  CLI::App* request = Add(*group, commands, "request", "Step 1: makes the request for the KMS.",
                          "  keyferry bootstrap request --domain payments --out request.kfq\n"
                          "A request that waits for its answer is written out again.\n",
                          &Request);
  request->add_option("--out", options.out, "the request, to be written")->type_name("FILE")->required();
  request->add_option("--valid-hours", options.valid_hours, "how long it may be answered")
      ->check(CLI::Range(1U, 720U))
      ->capture_default_str();
  request->add_flag("--renew", options.renew, "give up a ceremony that was begun, and begin anew");
  AddPin(*request, options);

  CLI::App* import = Add(*group, commands, "import", "Step 2: imports the KMS's response, and makes the proof for it.",
                         "  keyferry bootstrap import --domain payments --response response.kfs --out proof.kfp\n"
                         "Asks for the fingerprint that the KMS's operators read to you by another way.\n",
                         &Import);
  import->add_option("--response", options.file, "the KMS's response")->type_name("FILE")->required();
  import->add_option("--out", options.out, "the proof, to be written")->type_name("FILE")->required();
  import->add_option("--fingerprint-fd", options.fingerprint_fd, "descriptor to read the fingerprint from")
      ->type_name("N");
  AddPin(*import, options);

  CLI::App* confirm =
      Add(*group, commands, "confirm", "Step 3: verifies the KMS's confirmation; the domain then works.",
          "  keyferry bootstrap confirm --domain payments --confirmation confirmation.kfc\n", &Confirm);
  confirm->add_option("--confirmation", options.file, "the KMS's confirmation")->type_name("FILE")->required();
  AddPin(*confirm, options);

  Add(*group, commands, "status", "Shows how far the ceremony of a domain is.",
      "  keyferry bootstrap status --domain payments\n", &ShowStatus);
}

}  // namespace keyferry::cli
