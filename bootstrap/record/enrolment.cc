// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/enrolment.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bootstrap/record/json_fields.h"
#include "protocol/base/file.h"

namespace keyferry::record {
namespace {

constexpr std::size_t kMostOctets = 256 * 1024;
constexpr std::uint32_t kFormat = 1;
constexpr std::array kRootKeys = {RootKey::kAes, RootKey::kMac, RootKey::kPrivate, RootKey::kSealIn};

std::string Directory(const std::string& home) { return home + "/enrolments"; }

Result<RootKey> KeyOf(const Json& json) {
  KF_TRY(const std::string name, json.Text("key"));
  for (const RootKey key : kRootKeys) {
    if (name == Name(key)) return key;
  }
  return std::unexpected(Error::Make(Code::kJsonInvalid, "'" + Printable(name, 20) + "' is not a root key"));
}

Json TokenToJson(const TokenIdentity& token) {
  return Json::EmptyObject()
      .Set("label", token.label)
      .Set("serial", token.serial)
      .Set("manufacturer", token.manufacturer)
      .Set("model", token.model);
}

Status TakeAgent(const Json& json, Enrolment& enrolment) {
  KF_TRY(enrolment.agent_key, FixedHex<32>(json, "agent_key"));
  enrolment.agent = IdOfKey(enrolment.agent_key);
  KF_TRY(enrolment.agent_channel, json.Hex("agent_channel"));
  KF_TRY(enrolment.address, json.Text("address"));
  KF_TRY(enrolment.domain, FixedHex<16>(json, "domain"));
  KF_TRY(enrolment.domain_name, json.Text("domain_name"));
  KF_TRY(enrolment.generation, SmallNumber(json, "generation"));
  KF_TRY(enrolment.receipt_key, json.Hex("receipt_key"));
  KF_TRY(const Json* token, json.Sub("token"));
  KF_TRY(enrolment.token.label, token->Text("label"));
  KF_TRY(enrolment.token.serial, token->Text("serial"));
  KF_TRY(enrolment.token.manufacturer, token->Text("manufacturer"));
  KF_TRY(enrolment.token.model, token->Text("model"));
  KF_TRY(enrolment.template_enforced, json.Boolean("template_enforced"));
  return {};
}

Status TakeKeys(const Json& json, Enrolment& enrolment) {
  KF_TRY(const Json::Array* twins, json.List("twins"));
  for (const Json& member : *twins) {
    Twin twin;
    KF_TRY(twin.key, KeyOf(member));
    KF_TRY(twin.id, member.Hex("id"));
    enrolment.twins.push_back(std::move(twin));
  }
  KF_TRY(const Json::Array* proofs, json.List("proofs"));
  for (const Json& member : *proofs) {
    ExpectedProof proof;
    KF_TRY(proof.key, KeyOf(member));
    KF_TRY(proof.expected, member.Hex("expected"));
    enrolment.proofs.push_back(std::move(proof));
  }
  return {};
}

Result<Enrolment> Load(const std::string& path) {
  KF_TRY(const Bytes octets, ReadFile(path, kMostOctets));
  auto json = Json::Parse(AsText(octets));
  auto enrolment = json ? EnrolmentFromJson(*json) : std::unexpected(json.error());
  if (!enrolment) {
    return std::unexpected(
        Error::Caused(Code::kStoreUnreadable, "enrolment " + path + " cannot be read", enrolment.error().what()));
  }
  return enrolment;
}

}  // namespace

Json ToJson(const Enrolment& enrolment) {
  Json twins = Json::EmptyArray();
  for (const Twin& twin : enrolment.twins) {
    twins.Add(Json::EmptyObject().Set("key", Name(twin.key)).Set("id", HexEncode(twin.id)));
  }
  Json proofs = Json::EmptyArray();
  for (const ExpectedProof& proof : enrolment.proofs) {
    proofs.Add(Json::EmptyObject().Set("key", Name(proof.key)).Set("expected", HexEncode(proof.expected)));
  }
  return Json::EmptyObject()
      .Set("format", kFormat)
      .Set("stage", static_cast<unsigned>(enrolment.stage))
      .Set("agent", HexEncode(enrolment.agent))
      .Set("agent_key", HexEncode(enrolment.agent_key))
      .Set("agent_channel", HexEncode(enrolment.agent_channel))
      .Set("address", enrolment.address)
      .Set("domain", HexEncode(enrolment.domain))
      .Set("domain_name", enrolment.domain_name)
      .Set("generation", enrolment.generation)
      .Set("receipt_key", HexEncode(enrolment.receipt_key))
      .Set("token", TokenToJson(enrolment.token))
      .Set("template_enforced", enrolment.template_enforced)
      .Set("oaep", enrolment.oaep)
      .Set("hsm", enrolment.hsm)
      .Set("twins", std::move(twins))
      .Set("proofs", std::move(proofs))
      .Set("request_sha256", HexEncode(enrolment.request_sha256))
      .Set("response_sha256", HexEncode(enrolment.response_sha256))
      .Set("proof_sha256", HexEncode(enrolment.proof_sha256))
      .Set("challenge", HexEncode(enrolment.challenge))
      .Set("answered_at", enrolment.answered_at)
      .Set("confirmed_at", enrolment.confirmed_at);
}

Result<Enrolment> EnrolmentFromJson(const Json& json) {
  Enrolment enrolment;
  KF_TRY(const std::uint32_t format, SmallNumber(json, "format"));
  KF_TRY(const std::uint32_t stage, SmallNumber(json, "stage"));
  if (format != kFormat || stage < 1 || stage > 2) {
    return std::unexpected(Error::Make(Code::kJsonInvalid, "format or stage is not known here"));
  }
  enrolment.stage = static_cast<EnrolmentStage>(stage);
  KF_CHECK(TakeAgent(json, enrolment));
  KF_TRY(enrolment.oaep, json.Text("oaep"));
  KF_TRY(enrolment.hsm, json.Text("hsm"));
  KF_CHECK(TakeKeys(json, enrolment));
  KF_TRY(enrolment.request_sha256, FixedHex<32>(json, "request_sha256"));
  KF_TRY(enrolment.response_sha256, FixedHex<32>(json, "response_sha256"));
  KF_TRY(enrolment.proof_sha256, FixedHex<32>(json, "proof_sha256"));
  KF_TRY(enrolment.challenge, FixedHex<32>(json, "challenge"));
  KF_TRY(enrolment.answered_at, json.Integer("answered_at"));
  KF_TRY(enrolment.confirmed_at, json.Integer("confirmed_at"));
  return enrolment;
}

std::string EnrolmentPath(const std::string& home, const Id16& domain) {
  return Directory(home) + "/" + HexEncode(domain) + ".json";
}

std::string KeptResponsePath(const std::string& home, const Id16& domain) {
  return Directory(home) + "/" + HexEncode(domain) + ".response";
}

Status SaveEnrolment(const std::string& home, const Enrolment& enrolment) {
  KF_CHECK(MakeDirectories(Directory(home), 0700));
  return WriteDurably(EnrolmentPath(home, enrolment.domain), AsBytes(ToJson(enrolment).Dump(true) + "\n"), 0600);
}

Result<std::optional<Enrolment>> LoadEnrolment(const std::string& home, const Id16& domain) {
  const std::string path = EnrolmentPath(home, domain);
  if (!Exists(path)) return std::nullopt;
  KF_TRY(Enrolment enrolment, Load(path));
  return enrolment;
}

Result<std::vector<Enrolment>> LoadEnrolments(const std::string& home) {
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator at(Directory(home), error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".json") paths.push_back(at->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return std::unexpected(Error::Caused(Code::kFileUnreadable, "listing " + Directory(home), error.message()));
  }
  std::ranges::sort(paths);
  std::vector<Enrolment> enrolments;
  for (const std::string& path : paths) {
    KF_TRY(Enrolment enrolment, Load(path));
    enrolments.push_back(std::move(enrolment));
  }
  return enrolments;
}

}  // namespace keyferry::record
