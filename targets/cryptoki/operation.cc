// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/operation.h"

#include <array>

#include "protocol/base/secret.h"

namespace keyferry::cryptoki {

Operation::~Operation() {
  if (!active_) {
    return;
  }
  // PKCS#11 2.40 has no cancel: the operation's own last call ends it, whatever it answers, as long as the buffer is
  // large enough.
  const CK_FUNCTION_LIST& f = module_->functions();
  std::array<unsigned char, 2048> out{};
  std::array<unsigned char, 16> in{};
  CK_ULONG size = out.size();
  switch (kind_) {
    case Kind::kFind:
      f.C_FindObjectsFinal(session_);
      break;
    case Kind::kSign:
      f.C_Sign(session_, in.data(), in.size(), out.data(), &size);
      break;
    case Kind::kVerify:
      f.C_Verify(session_, in.data(), in.size(), in.data(), in.size());
      break;
    case Kind::kEncrypt:
      f.C_Encrypt(session_, in.data(), in.size(), out.data(), &size);
      break;
    case Kind::kDecrypt:
      f.C_Decrypt(session_, in.data(), in.size(), out.data(), &size);
      Wipe(out);
      break;
  }
}

}  // namespace keyferry::cryptoki
