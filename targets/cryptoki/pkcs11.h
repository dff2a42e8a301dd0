// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

// PKCS#11 (OASIS PKCS #11 Cryptographic Token Interface 2.40) by its usual names, with what p11-kit's header lacks. The
// one place that includes a header of another project for PKCS#11.

#include <p11-kit/pkcs11.h>

// PKCS#11 3.0 and 3.1.
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210BUL  // RFC 5649; some tokens have it under CKM_AES_KEY_WRAP_PAD (0x210A)
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKR_COPY_PROHIBITED
#define CKR_COPY_PROHIBITED 0x1AUL
#endif
#ifndef CKR_KEY_EXHAUSTED
#define CKR_KEY_EXHAUSTED 0x203UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x202UL
#endif
#ifndef CKR_AEAD_DECRYPT_FAILED
#define CKR_AEAD_DECRYPT_FAILED 0x42UL
#endif
#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED 0x201UL
#endif
#ifndef CKR_PENDING
#define CKR_PENDING 0x204UL
#endif

// NSS wants the public point of an EC private key under this vendor attribute, since its files are indexed by it.
#ifndef CKA_NSS_DB
#define CKA_NSS_DB 0xD5A0DB00UL
#endif
