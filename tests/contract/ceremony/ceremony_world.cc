// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/contract/ceremony/ceremony_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bootstrap/record/signed_document.h"

namespace keyferry::ceremony {
namespace {

constexpr std::string_view kPin = "4711-0815";

template <typename T>
T Must(Result<T> result, const char* what) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", what, result.error().OneLine().c_str());
    std::abort();
  }
  return std::move(*result);
}

// One per library and process, for as long as the process lives: SoftHSM2 must be finalised before main returns, and is
// by the environment below.
std::unique_ptr<cryptoki::Module> soft_module;
std::unique_ptr<cryptoki::Module> nss_module;

}  // namespace

std::string KindName(const testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::kSoftHsm2 ? "SoftHsm2" : "Nss";
}

Result<wire::Seal> HsmSealSigner::Sign(ByteView data) {
  KF_TRY(const Bytes mac, session_->Sign(cryptoki::Mechanism::HmacSha256(), key_, data));
  wire::Seal seal{};
  std::ranges::copy(mac, seal.begin());
  return seal;
}

OpenToken::OpenToken(const cryptoki::Module& module, const std::string& uri) {
  const cryptoki::TokenUri parsed = Must(cryptoki::TokenUri::Parse(uri), "uri");
  token_ = std::make_unique<cryptoki::Token>(Must(cryptoki::Token::Find(module, parsed), "token"));
  if (!token_->Login(fakes::TestSecret(kPin))) std::abort();
  session_ = std::make_unique<cryptoki::Session>(Must(token_->OpenSession(), "session"));
  profile_ = Must(cryptoki::ProbeToken(*session_), "profile");
}

std::size_t OpenToken::CountLabelled(const std::string& label) {
  return Must(session_->FindObjects(cryptoki::Template().Bool(CKA_TOKEN, true).Text(CKA_LABEL, label)), "find").size();
}

CK_OBJECT_HANDLE OpenToken::Labelled(const std::string& label) {
  return Must(session_->FindOne(cryptoki::Template().Bool(CKA_TOKEN, true).Text(CKA_LABEL, label), label), "find");
}

World::World(Kind kind) : accept_unenforced(kind == Kind::kNss) {
  InitCrypto();
  store_.AddToken("kms", std::string(kPin));
  store_.AddToken("stranger", std::string(kPin));
  store_.AddToken("payments", std::string(kPin));
  store_.Use();
  soft_module.reset();
  nss_module.reset();
  soft_module = Must(cryptoki::Module::Load(store_.module()), "SoftHSM2");
  kms.emplace(*soft_module, store_.UriOf("kms"));
  stranger.emplace(*soft_module, store_.UriOf("stranger"));
  if (kind == Kind::kNss) {
    database_.emplace(std::string(kPin));
    nss_module = Must(cryptoki::Module::Load(database_->module(), database_->init_string()), "NSS");
    target.emplace(*nss_module, fakes::NssDatabase::Uri());
  } else {
    target.emplace(*soft_module, store_.UriOf("payments"));
  }
  kms_signer = Must(Ed25519KeyPair::Generate(), "signer");
  stranger_signer = Must(Ed25519KeyPair::Generate(), "signer");
}

AgentSide World::Agent() {
  AgentSide side;
  side.token = &target->token();
  side.state_dir = state_dir();
  side.token_copy = state_dir() + "/token.object";
  side.domain_name = "payments";
  side.accept_unenforced_template = accept_unenforced;
  side.agent_key.fill(0x5a);
  side.agent_channel.assign(32, 0x6b);
  side.clock = &clock;
  return side;
}

KmsSide World::Kms() {
  return {
      {&kms->session(), &kms->profile()}, home(), "pkcs11:token=kms", "central", &*kms_signer, Bytes(32, 0x7c), &clock};
}

KmsSide World::Stranger() {
  return {{&stranger->session(), &stranger->profile()},
          dir_.path() + "/stranger",
          "pkcs11:token=stranger",
          "central",
          &*stranger_signer,
          Bytes(32, 0x8d),
          &clock};
}

MadeFile World::Request(bool renew) {
  RequestOptions options;
  options.renew = renew;
  return Must(MakeRequest(Agent(), options), "request");
}

MadeFile World::Answer(const MadeFile& request) {
  return Must(AnswerRequest(Kms(), request.text, request.fingerprint), "answer");
}

MadeFile World::Import(const MadeFile& response) {
  return Must(ImportResponse(Agent(), response.text, response.fingerprint), "import");
}

Bytes World::Confirm(const MadeFile& proof) {
  HsmSealSigner signer(kms->session(), SealInTwin(*kms));
  Confirmation made = Must(MakeConfirmation(Kms(), proof.text, signer), "confirmation");
  const Status confirmed = ConfirmBootstrap(Agent(), made.envelope);
  if (!confirmed) std::fprintf(stderr, "confirm: %s\n", confirmed.error().OneLine().c_str());
  if (!confirmed) std::abort();
  return std::move(made.envelope);
}

void World::RunAll() { Confirm(Import(Answer(Request()))); }

record::Record World::Record() {
  auto record = Must(record::LoadAny(record_path()), "record");
  if (!record) std::abort();
  return std::move(*record);
}

CK_OBJECT_HANDLE World::SealInTwin(OpenToken& token) {
  return token.Labelled(record::TwinLabel(record::RootKey::kSealIn, Record().domain, 1));
}

std::string ResignBySigner(const Ed25519KeyPair& signer, std::string_view kind, const std::string& json) {
  const Ed25519Signature signature = signer.Sign({record::SignedOctets(kind, json)});
  return record::FormatDocument({std::string(kind), json, Bytes(signature.begin(), signature.end())});
}

namespace {

class FinaliseModules : public testing::Environment {
 public:
  void TearDown() override {
    soft_module.reset();
    nss_module.reset();
  }
};
const auto* const kFinalise = testing::AddGlobalTestEnvironment(new FinaliseModules);

}  // namespace
}  // namespace keyferry::ceremony
