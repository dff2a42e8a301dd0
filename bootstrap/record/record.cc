// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/record.h"

#include <utility>

#include "bootstrap/record/signed_document.h"
#include "protocol/base/file.h"

namespace keyferry::record {
namespace {

constexpr std::size_t kMostOctets = 1024 * 1024;

Digest HashOfStep(const Digest& previous, const Step& step) {
  const Json json = Json::EmptyObject().Set("what", step.what).Set("time", step.time).Set("details", step.details);
  return Sha256({previous, AsBytes(json.Dump())});
}

Error Wrong(const std::string& path, std::string why) {
  return Error::Make(Code::kRecordWrong, "record " + path + " " + std::move(why));
}

Result<Record> Verified(const std::string& path, ByteView octets) {
  KF_TRY_WITH(const SignedDocument document, ParseDocument(AsText(octets), "record"), path);
  auto json = Json::Parse(document.json);
  if (!json) return std::unexpected(Wrong(path, "does not hold JSON: " + json.error().what()));
  auto record = FromJson(*json);
  if (!record) return std::unexpected(Wrong(path, "cannot be read: " + record.error().what()));
  const Digest digest = Sha256(SignedOctets("record", document.json));
  if (!EcdsaP256Verify(record->receipt_key, digest, document.signature)) {
    return std::unexpected(Wrong(path, "does not bear the signature of its receipt key"));
  }
  KF_CHECK_WITH(CheckSteps(*record), path);
  return std::move(*record);
}

}  // namespace

std::string_view Name(RootKey key) {
  switch (key) {
    case RootKey::kAes:
      return "aes";
    case RootKey::kMac:
      return "mac";
    case RootKey::kPrivate:
      return "private";
    case RootKey::kSealIn:
      return "seal-in";
  }
  return "unknown";
}

std::string RootLabel(RootKey key, std::uint32_t generation) {
  return "keyferry root " + std::string(Name(key)) + " g" + std::to_string(generation);
}

std::string TwinLabel(RootKey key, const Id16& domain, std::uint32_t generation) {
  return "keyferry twin " + std::string(Name(key)) + " " + HexEncode(domain) + " g" + std::to_string(generation);
}

std::string ReceiptLabel() { return "keyferry receipt"; }

const Generation* Record::Serving(std::uint32_t number) const {
  for (const Generation& generation : generations) {
    if (generation.number == number && generation.serving) return &generation;
  }
  return nullptr;
}

void AddStep(Record& record, std::string what, UnixSeconds time, Json details) {
  Step step{std::move(what), time, std::move(details), {}};
  step.hash = HashOfStep(record.steps.empty() ? Digest{} : record.steps.back().hash, step);
  record.steps.push_back(std::move(step));
}

Status CheckSteps(const Record& record) {
  Digest previous{};
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    if (HashOfStep(previous, record.steps[i]) != record.steps[i].hash) {
      return std::unexpected(
          Error::Make(Code::kRecordWrong, "the chain of the ceremony's steps breaks at step " + std::to_string(i + 1)));
    }
    previous = record.steps[i].hash;
  }
  return {};
}

std::string RecordPath(const std::string& domain_state_dir) { return domain_state_dir + "/record.kfr"; }

Result<std::optional<Record>> LoadAny(const std::string& path) {
  auto octets = ReadFile(path, kMostOctets);
  if (!octets) {
    if (octets.error().code() == Code::kFileMissing) return std::nullopt;
    return std::unexpected(std::move(octets).error());
  }
  KF_TRY(Record record, Verified(path, *octets));
  return record;
}

Result<Record> LoadConfirmed(const std::string& path) {
  KF_TRY(std::optional<Record> record, LoadAny(path));
  if (!record) {
    return std::unexpected(
        Error::Make(Code::kNotBootstrapped, "the domain is not bootstrapped: there is no record " + path));
  }
  if (record->stage != Stage::kConfirmed) {
    const char* missing = record->stage == Stage::kRequested ? "the KMS's response was not imported yet"
                                                             : "the KMS's confirmation is missing";
    return std::unexpected(Error::Make(
        Code::kNotBootstrapped, "domain '" + Printable(record->domain_name) + "' is not bootstrapped: " + missing));
  }
  return std::move(*record);
}

}  // namespace keyferry::record
