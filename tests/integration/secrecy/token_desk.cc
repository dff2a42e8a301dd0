// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/integration/secrecy/token_desk.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/fakes/soft_tokens.h"

namespace keyferry::secrecy {
namespace {

template <typename T>
T Must(Result<T> result, const std::string& what) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s: %s\n", what.c_str(), result.error().OneLine().c_str());
  std::abort();
}

}  // namespace

TokenDesk::TokenDesk(const std::string& conf, const std::string& label, const std::string& pin) {
  setenv("SOFTHSM2_CONF", conf.c_str(), 1);
  module_ = Must(cryptoki::Module::Load(fakes::SoftHsm2Module()), "SoftHSM2");
  cryptoki::TokenUri uri;
  uri.label = label;
  token_ = std::make_unique<cryptoki::Token>(Must(cryptoki::Token::Find(*module_, uri), "finding " + label));
  if (const Status login = token_->Login(fakes::TestSecret(pin)); !login) {
    std::fprintf(stderr, "%s\n", login.error().OneLine().c_str());
    std::abort();
  }
  session_ = std::make_unique<cryptoki::Session>(Must(token_->OpenSession(), "session"));
}

CK_OBJECT_HANDLE TokenDesk::Find(CK_OBJECT_CLASS object_class, const std::string& label) const {
  const auto wanted =
      std::move(cryptoki::Template().Bool(CKA_TOKEN, true).Ulong(CKA_CLASS, object_class).Text(CKA_LABEL, label));
  return Must(session_->FindOne(wanted, label), "finding " + label);
}

}  // namespace keyferry::secrecy
