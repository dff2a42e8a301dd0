// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/secret.h"
#include "targets/cryptoki/module.h"
#include "targets/cryptoki/session.h"
#include "targets/cryptoki/token.h"

namespace keyferry::bench {

enum class Loop { kNaive, kBest, kChecked };

// One SoftHSM2 token in this process and a bare loop over its C functions. Its KEK has the attributes of a root KEK
// (UNWRAP_TEMPLATE, ALLOWED_MECHANISMS), and the keys are what a bundle brings: AES-256, 16 octets of CKA_ID, a label,
// every usage given. Blobs and templates are made before the clock runs.
//   kNaive    C_UnwrapKey straight to a token object
//   kBest     C_UnwrapKey to a session object, C_CopyObject to the token
//   kChecked  as kBest, and what the product does for each key: all attributes read and compared, check value computed
//             and compared, copy, all attributes of the copy read and compared, session object destroyed
class BareLoop {
 public:
  // The token `label` of `module`, which must outlive the loop. Code::… of cryptoki.
  static Result<std::unique_ptr<BareLoop>> Open(const cryptoki::Module& module, const std::string& label,
                                                const Secret& pin, Loop kind);

  // Makes `keys` keys ready.
  Status Prepare(std::size_t keys);
  // Installs them. This is what is timed.
  Status Run();
  // Destroys what Run made.
  Status Clear();
  // Lets it stay in the token instead, and destroys only what is left in the session.
  Status Keep();

 private:
  struct Key {
    Bytes blob;
    Bytes check_value;
  };
  struct Ready {
    const Key* key = nullptr;
    cryptoki::Template attributes;
    std::vector<CK_ATTRIBUTE> expected;  // into `attributes` and constants
  };

  BareLoop(cryptoki::Token token, cryptoki::Session session, Loop kind)
      : token_(std::move(token)), session_(std::move(session)), kind_(kind) {}
  Status MakeKek();
  Status One(const Ready& ready);
  Status Compare(CK_OBJECT_HANDLE object, const Ready& ready, bool token) const;
  Status CompareCheckValue(CK_OBJECT_HANDLE object, const Ready& ready) const;
  const CK_FUNCTION_LIST& f() const { return session_.module().functions(); }

  cryptoki::Token token_;
  cryptoki::Session session_;
  Loop kind_;
  CK_OBJECT_HANDLE kek_ = 0;
  std::vector<Key> keys_;
  std::vector<Ready> ready_;
  std::vector<CK_OBJECT_HANDLE> installed_;
  std::vector<CK_OBJECT_HANDLE> left_in_session_;
  std::size_t serial_ = 0;
};

}  // namespace keyferry::bench
