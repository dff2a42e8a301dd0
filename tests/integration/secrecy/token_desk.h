// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <memory>
#include <string>

#include "targets/cryptoki/token.h"

namespace keyferry::secrecy {

// A SoftHSM2 token opened and logged in to by the test's own process. Aborts where that fails. One at a time.
class TokenDesk {
 public:
  TokenDesk(const std::string& conf, const std::string& label, const std::string& pin);

  cryptoki::Session& session() const { return *session_; }
  // The one token object of that class and label; aborts where there is another number of them.
  CK_OBJECT_HANDLE Find(CK_OBJECT_CLASS object_class, const std::string& label) const;

 private:
  std::unique_ptr<cryptoki::Module> module_;
  std::unique_ptr<cryptoki::Token> token_;
  std::unique_ptr<cryptoki::Session> session_;
};

}  // namespace keyferry::secrecy
