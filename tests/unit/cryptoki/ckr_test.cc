// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "targets/cryptoki/ckr.h"

#include <gtest/gtest.h>

namespace keyferry::cryptoki {
namespace {

TEST(CkrName, NamesKnownVendorAndUnknownValues) {
  EXPECT_EQ(CkrName(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT (0xa0)");
  EXPECT_EQ(CkrName(CKR_OK), "CKR_OK (0x0)");
  EXPECT_EQ(CkrName(0x1A), "CKR_COPY_PROHIBITED (0x1a)");
  EXPECT_EQ(CkrName(0x80000005), "CKR_VENDOR_DEFINED + 0x5 (0x80000005)");
  EXPECT_EQ(CkrName(0x9999), "unknown CKR (0x9999)");
}

struct Expectation {
  CK_RV rv;
  const char* function;
  Code code;
  Rung rung;
};

class CkrErrorTable : public testing::TestWithParam<Expectation> {};

TEST_P(CkrErrorTable, GivesCodeAndRung) {
  const Expectation& expected = GetParam();
  const Error error = CkrError(expected.rv, expected.function, "doing it");
  EXPECT_EQ(error.code(), expected.code) << error.OneLine();
  EXPECT_EQ(RungFor(error), expected.rung) << CkrName(expected.rv);
  EXPECT_EQ(RvOf(error), expected.rv);
  EXPECT_NE(error.OneLine().find(CkrName(expected.rv)), std::string::npos) << error.OneLine();
  EXPECT_NE(error.OneLine().find(expected.function), std::string::npos) << error.OneLine();
}

INSTANTIATE_TEST_SUITE_P(
    All, CkrErrorTable,
    testing::Values(Expectation{CKR_PIN_INCORRECT, "C_Login", Code::kPinWrong, Rung::kNone},
                    Expectation{CKR_PIN_LEN_RANGE, "C_Login", Code::kPinWrong, Rung::kNone},
                    Expectation{CKR_PIN_LOCKED, "C_Login", Code::kPinLocked, Rung::kNone},
                    Expectation{CKR_USER_PIN_NOT_INITIALIZED, "C_Login", Code::kPinLocked, Rung::kNone},
                    Expectation{CKR_DEVICE_REMOVED, "C_Sign", Code::kTokenMissing, Rung::kModule},
                    Expectation{CKR_TOKEN_NOT_PRESENT, "C_OpenSession", Code::kTokenMissing, Rung::kModule},
                    Expectation{CKR_DEVICE_MEMORY, "C_CopyObject", Code::kTokenFull, Rung::kNone},
                    Expectation{CKR_HOST_MEMORY, "C_CopyObject", Code::kTokenFull, Rung::kNone},
                    Expectation{CKR_SESSION_HANDLE_INVALID, "C_Sign", Code::kTokenFailed, Rung::kSession},
                    Expectation{CKR_SESSION_CLOSED, "C_CopyObject", Code::kTokenUncertain, Rung::kSession},
                    Expectation{CKR_USER_NOT_LOGGED_IN, "C_UnwrapKey", Code::kTokenFailed, Rung::kLogin},
                    Expectation{CKR_DEVICE_ERROR, "C_Sign", Code::kTokenFailed, Rung::kModule},
                    Expectation{CKR_DEVICE_ERROR, "C_DestroyObject", Code::kTokenUncertain, Rung::kModule},
                    Expectation{CKR_GENERAL_ERROR, "C_UnwrapKey", Code::kTokenFailed, Rung::kModule},
                    Expectation{CKR_CRYPTOKI_NOT_INITIALIZED, "C_GetSlotList", Code::kTokenFailed, Rung::kModule},
                    Expectation{CKR_MUTEX_BAD, "C_Sign", Code::kTokenFailed, Rung::kWorker},
                    Expectation{CKR_MECHANISM_INVALID, "C_UnwrapKey", Code::kMechanismMissing, Rung::kNone},
                    Expectation{CKR_KEY_UNEXTRACTABLE, "C_WrapKey", Code::kKeyNotWrappable, Rung::kNone},
                    Expectation{CKR_WRAPPED_KEY_INVALID, "C_UnwrapKey", Code::kUnwrapFailed, Rung::kNone},
                    Expectation{CKR_SIGNATURE_INVALID, "C_Verify", Code::kSignatureWrong, Rung::kNone},
                    Expectation{CKR_OBJECT_HANDLE_INVALID, "C_DestroyObject", Code::kObjectMissing, Rung::kNone},
                    Expectation{CKR_TEMPLATE_INCONSISTENT, "C_UnwrapKey", Code::kTokenRefused, Rung::kNone},
                    Expectation{CKR_FUNCTION_NOT_SUPPORTED, "C_CopyObject", Code::kNotPossibleHere, Rung::kNone},
                    Expectation{CKR_VENDOR_DEFINED + 7, "C_CopyObject", Code::kTokenUncertain, Rung::kNone}));

TEST(CheckRv, PassesOk) { EXPECT_TRUE(CheckRv(CKR_OK, "C_Sign", "signing")); }

}  // namespace
}  // namespace keyferry::cryptoki
