// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "bootstrap/ceremony/agent_half.h"
#include "bootstrap/ceremony/kms_half.h"
#include "tests/fakes/soft_tokens.h"

namespace keyferry::ceremony {

enum class Kind { kSoftHsm2, kNss };
std::string KindName(const testing::TestParamInfo<Kind>& info);

class SettableClock final : public Clock {
 public:
  UnixSeconds Now() const override { return now; }
  std::chrono::steady_clock::time_point Monotonic() const override { return {}; }
  void SleepFor(std::chrono::milliseconds) override {}
  UnixSeconds now = 1'790'000'000;
};

// HMAC by a key in the KMS's token.
class HsmSealSigner final : public seal::SealSigner {
 public:
  HsmSealSigner(cryptoki::Session& session, CK_OBJECT_HANDLE key) : session_(&session), key_(key) {}
  Result<wire::Seal> Sign(ByteView data) override;

 private:
  cryptoki::Session* session_;
  CK_OBJECT_HANDLE key_;
};

// One token, logged in. Aborts the test where it cannot be opened.
class OpenToken {
 public:
  OpenToken(const cryptoki::Module& module, const std::string& uri);
  cryptoki::Token& token() { return *token_; }
  cryptoki::Session& session() { return *session_; }
  const cryptoki::TokenProfile& profile() const { return profile_; }
  std::size_t CountLabelled(const std::string& label);
  CK_OBJECT_HANDLE Labelled(const std::string& label);

 private:
  std::unique_ptr<cryptoki::Token> token_;
  std::unique_ptr<cryptoki::Session> session_;
  cryptoki::TokenProfile profile_;
};

// A KMS with a SoftHSM2 token, a stranger who plays KMS with another, and an agent with a token of the kind under test,
// all in one process.
class World {
 public:
  explicit World(Kind kind);
  World(const World&) = delete;

  AgentSide Agent();
  KmsSide Kms();
  KmsSide Stranger();
  std::string state_dir() const { return dir_.path() + "/agent"; }
  std::string home() const { return dir_.path() + "/kms"; }
  std::string record_path() const { return record::RecordPath(state_dir()); }

  // The steps as they go right; each returns the file.
  MadeFile Request(bool renew = false);
  MadeFile Answer(const MadeFile& request);
  MadeFile Import(const MadeFile& response);
  Bytes Confirm(const MadeFile& proof);
  void RunAll();
  record::Record Record();
  // The twin of seal-in in `side`'s token.
  CK_OBJECT_HANDLE SealInTwin(OpenToken& token);

  SettableClock clock;
  bool accept_unenforced;
  std::optional<OpenToken> target;
  std::optional<OpenToken> kms;
  std::optional<OpenToken> stranger;
  std::optional<Ed25519KeyPair> kms_signer;
  std::optional<Ed25519KeyPair> stranger_signer;

 private:
  // In the order in which they must end: modules after tokens.
  fakes::TempDir dir_;
  fakes::SoftHsm2Store store_;
  std::optional<fakes::NssDatabase> database_;
};

// Signs a document as the KMS's signer or the receipt key would.
std::string ResignBySigner(const Ed25519KeyPair& signer, std::string_view kind, const std::string& json);

// The code of a failure; kInternal where there was none, after a test failure.
template <typename T>
Code CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? Code::kInternal : result.error().code();
}

}  // namespace keyferry::ceremony
