// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/receipt.h"

#include "agent/cli/render.h"
#include "bootstrap/record/enrolment.h"
#include "bootstrap/record/record.h"
#include "protocol/base/file.h"
#include "protocol/seal/receipt.h"
#include "protocol/wire/codec.h"
#include "protocol/wire/envelope.h"

namespace keyferry::cli {
namespace {

constexpr std::size_t kReceiptMost = 1U << 21U;
constexpr std::size_t kEnrolmentMost = 1U << 20U;

// Whose receipts are to be believed.
struct Keys {
  Ed25519PublicKey agent{};
  Bytes receipt_key;
};

Result<Keys> LoadKeys(const std::string& path) {
  KF_TRY(const Bytes octets, ReadFile(path, kEnrolmentMost));
  const std::string text(octets.begin(), octets.end());
  if (!text.starts_with("{")) {
    KF_TRY(const auto record, record::LoadConfirmed(path));
    return Keys{.agent = record.agent, .receipt_key = record.receipt_key};
  }
  KF_TRY_WITH(const Json json, Json::Parse(text), "'" + path + "'");
  KF_TRY_WITH(const auto enrolment, record::EnrolmentFromJson(json), "'" + path + "'");
  return Keys{.agent = enrolment.agent_key, .receipt_key = enrolment.receipt_key};
}

Result<seal::VerifiedReceipt> Verify(const std::string& file, const Keys& keys) {
  KF_TRY(const Bytes octets, ReadFile(file, kReceiptMost));
  return seal::VerifyReceipt(octets, keys.agent, keys.receipt_key);
}

Result<seal::VerifiedReceipt> Decode(const std::string& file) {
  KF_TRY(const Bytes octets, ReadFile(file, kReceiptMost));
  KF_TRY(const wire::EnvelopeView view, wire::Split(octets, wire::Kind::kReceipt));
  KF_TRY(auto body, wire::DecodeReceipt(view.body));
  seal::VerifiedReceipt receipt{.body = std::move(body), .statement = std::nullopt};
  if (!receipt.body.statement.empty()) {
    KF_TRY(receipt.statement, wire::DecodeStatement(receipt.body.statement));
  }
  return receipt;
}

std::string Summary(const seal::VerifiedReceipt& receipt) {
  const auto& body = receipt.body;
  std::string text = "domain " + HexEncode(body.domain) + ", sequence " + std::to_string(body.sequence) + ": " +
                     std::string(Name(body.outcome));
  if (!body.code.empty()) text += " [" + Printable(body.code, 60) + "]";
  if (receipt.statement && receipt.statement->simulated) text += ", a rehearsal";
  return text + (receipt.statement ? ", attested by the worker in its token" : ", attested by the agent alone");
}

// Goes through all files, prints, and keeps the exit code of the first that fails.
class Report {
 public:
  Report(std::string format, bool json) : format_(std::move(format)), json_(json) {}

  void Good(const std::string& file, const std::string& text, Json receipt) {
    if (!json_) Say(text);
    list_.Add(Json::EmptyObject().Set("file", file).Set("ok", true).Set("receipt", std::move(receipt)));
  }

  void Bad(const std::string& file, Error error) {
    if (code_ == ExitCode::kOk) code_ = ExitCodeOf(error.code());
    list_.Add(Json::EmptyObject().Set("file", file).Set("ok", false).Set("error", ErrorJson(error)));
    if (json_) return;
    const bool named = error.what().find(file) != std::string::npos;
    PrintError(named ? std::move(error) : std::move(error).While("'" + file + "'"), false);
  }

  ExitCode Finish() {
    if (json_) {
      Json all = Json::EmptyObject();
      all.Set("format", format_).Set("ok", code_ == ExitCode::kOk).Set("receipts", std::move(list_));
      Say(all.Dump(true));
    }
    return code_;
  }

 private:
  std::string format_;
  bool json_;
  Json list_ = Json::EmptyArray();
  ExitCode code_ = ExitCode::kOk;
};

}  // namespace

Result<ExitCode> VerifyReceipts(const std::vector<std::string>& files, const std::string& record_path, bool json) {
  KF_TRY_WITH(const Keys keys, LoadKeys(record_path), "reading the keys to verify with");
  Report report("keyferry-receipt-verify/1", json);
  for (const auto& file : files) {
    auto receipt = Verify(file, keys);
    if (receipt) {
      report.Good(file, file + ": genuine; " + Summary(*receipt), seal::ToJson(*receipt));
    } else {
      report.Bad(file, std::move(receipt).error());
    }
  }
  return report.Finish();
}

Result<ExitCode> ShowReceipts(const std::vector<std::string>& files, bool json) {
  Report report("keyferry-receipt-show/1", json);
  for (const auto& file : files) {
    auto receipt = Decode(file);
    if (receipt) {
      const Json shown = seal::ToJson(*receipt);
      report.Good(file, file + ": NOT VERIFIED (keyferry receipt verify does that)\n" + Lines(shown), shown);
    } else {
      report.Bad(file, std::move(receipt).error());
    }
  }
  return report.Finish();
}

}  // namespace keyferry::cli
