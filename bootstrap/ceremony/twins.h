// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "bootstrap/ceremony/root_keys.h"
#include "bootstrap/record/enrolment.h"

// The root keys' twins in the KMS's HSM.
namespace keyferry::ceremony {

struct MadeTwin {
  record::Twin twin;
  CK_OBJECT_HANDLE object = 0;  // in the token: wraps only; of seal-in: signs only
  Blob blob;                    // the root key under the transport key
};

// Makes a root key as a session object, wraps it once by RSA-OAEP under `transport_key`, and copies it to the token,
// never to be extracted again and, where the token allows, never to be modified. Code::kReadBackWrong where the token
// did not keep that.
Result<MadeTwin> MakeTwin(const Workbench& bench, record::RootKey key, const Id16& domain, std::uint32_t generation,
                          CK_OBJECT_HANDLE transport_key, const cryptoki::Mechanism& oaep, WrapMethod method);

// What a try that died left under this domain's labels.
Status RemoveTwins(cryptoki::Session& session, const Id16& domain, std::uint32_t generation);

// The public half of the transport key, as a session object that wraps. Code::kMechanismMissing for less than 3072
// bits.
Result<CK_OBJECT_HANDLE> BringInTransportKey(const Workbench& bench, ByteView spki);

}  // namespace keyferry::ceremony
