// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "bootstrap/record/signed_document.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyferry::record {
namespace {

const SignedDocument kDocument{"request", R"({"a":1})", {0x01, 0xff}};

TEST(SignedDocument, HasThreeLines) { EXPECT_EQ(FormatDocument(kDocument), "keyferry-request/1\n{\"a\":1}\n01ff\n"); }

TEST(SignedDocument, ReadsWhatItWrote) {
  const auto read = ParseDocument(FormatDocument(kDocument), "request");
  ASSERT_TRUE(read) << read.error().OneLine();
  EXPECT_EQ(read->kind, "request");
  EXPECT_EQ(read->json, kDocument.json);
  EXPECT_EQ(read->signature, kDocument.signature);
}

TEST(SignedDocument, RefusesEveryOtherForm) {
  const std::vector<std::string> wrong = {
      "",
      "keyferry-request/1\n{}\n01ff",      // the last newline is missing
      "keyferry-request/1\n{}\n01ff\n\n",  // a fourth line
      "keyferry-request/2\n{}\n01ff\n",    // another version
      "keyferry-response/1\n{}\n01ff\n",   // another kind
      "keyferry-request/1\r\n{}\n01ff\n",  // another line end
      "keyferry-request/1\n{}\n\n",        // no signature
      "keyferry-request/1\n{}\n01f\n",     // half an octet
      "keyferry-request/1\n{}\nzz\n",      // no hexadecimal
  };
  for (const std::string& text : wrong) {
    const auto read = ParseDocument(text, "request");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), Code::kRecordWrong) << text;
  }
}

TEST(SignedDocument, BoundsTheFileBeforeReadingIt) {
  const auto read = ParseDocument(std::string(2'000'000, 'x'), "request");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kFileTooLarge);
}

TEST(SignedDocument, SignsTheKindWithTheJson) {
  EXPECT_EQ(AsText(SignedOctets("proof", "{}")), std::string_view("keyferry/1 proof\0{}", 19));
  EXPECT_NE(SignedOctets("request", "{}"), SignedOctets("response", "{}"));
}

TEST(Fingerprint, ShowsTheFirst128Bits) {
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(i * 17);
  EXPECT_EQ(Fingerprint(digest), "0011-2233-4455-6677-8899-aabb-ccdd-eeff");
}

TEST(Fingerprint, CoversEveryOctetOfTheFile) {
  const std::string text = FormatDocument(kDocument);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_NE(Fingerprint(DocumentDigest(changed)), Fingerprint(DocumentDigest(text))) << i;
  }
}

TEST(Fingerprint, TakesWhatPeopleType) {
  const Digest digest = DocumentDigest("x");
  std::string typed = Fingerprint(digest);
  EXPECT_TRUE(CheckFingerprint(digest, typed));
  for (char& c : typed) c = c == '-' ? ' ' : static_cast<char>(std::toupper(c));
  EXPECT_TRUE(CheckFingerprint(digest, " " + typed + "\r"));
}

TEST(Fingerprint, RefusesAPartAndAnother) {
  const Digest digest = DocumentDigest("x");
  const std::string right = Fingerprint(digest);
  for (const std::string& typed : {std::string(), right.substr(0, right.size() - 1), right + "0", right + "-0000",
                                   Fingerprint(DocumentDigest("y")), std::string("yes")}) {
    const Status checked = CheckFingerprint(digest, typed);
    ASSERT_FALSE(checked) << typed;
    EXPECT_EQ(checked.error().code(), Code::kFingerprintMismatch);
  }
}

}  // namespace
}  // namespace keyferry::record
