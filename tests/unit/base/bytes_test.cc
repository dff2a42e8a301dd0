// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace keyferry {
namespace {

TEST(Bytes, HexGoesThereAndBack) {
  const Bytes all = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(HexEncode(all), "000fa5ff");
  EXPECT_EQ(HexDecode("000FA5ff"), all);
  EXPECT_EQ(HexDecode(""), Bytes());
}

TEST(Bytes, HexTakesNothingElse) {
  for (const std::string_view bad : {"0", "0g", "0x00", " 00", "00 ", "-1", "0\n"}) {
    const auto decoded = HexDecode(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code(), Code::kEncodingInvalid);
  }
}

// RFC 4648 section 10.
TEST(Bytes, Base64Vectors) {
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(Base64Encode(AsBytes(plain)), coded);
    const auto decoded = Base64Decode(coded);
    ASSERT_TRUE(decoded) << coded;
    EXPECT_EQ(AsText(*decoded), plain);
  }
}

TEST(Bytes, Base64IsStrict) {
  // No padding, too much of it, bits left over, the URL alphabet, white space, something after the end.
  for (const std::string_view bad : {"Zg", "Zg=", "Zg===", "Zh==", "_-8=", "Zm 9v", "Zm9v\n", "Zg==Zg==", "="}) {
    EXPECT_FALSE(Base64Decode(bad)) << bad;
  }
}

TEST(Bytes, IntegersAreBigEndian) {
  Bytes out;
  AppendU16(out, 0x0102);
  AppendU32(out, 0x03040506);
  AppendU64(out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(HexEncode(out), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(ReadU16(out), 0x0102);
  EXPECT_EQ(ReadU32(ByteView(out).subspan(2)), 0x03040506U);
  EXPECT_EQ(ReadU64(ByteView(out).subspan(6)), 0x0708090a0b0c0d0eU);
}

TEST(Bytes, ConcatAndEqual) {
  const Bytes joined = Concat({AsBytes("ab"), AsBytes(""), AsBytes("c")});
  EXPECT_TRUE(Equal(joined, AsBytes("abc")));
  EXPECT_FALSE(Equal(joined, AsBytes("abd")));
  EXPECT_FALSE(Equal(joined, AsBytes("ab")));
}

TEST(Bytes, KnowsUtf8) {
  for (const std::string_view good : {"", "a", "\u00e9", "\u20ac", "\U0001f511", "\U0010ffff"}) {
    EXPECT_TRUE(IsUtf8(good)) << HexEncode(AsBytes(good));
  }
  // A stray continuation, cut off, overlong in 2, 3 and 4 octets, a surrogate, beyond U+10FFFF, never a first octet.
  for (const std::string_view bad : {"\x80", "\xc3", "\xe2\x82", "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
                                     "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xfe"}) {
    EXPECT_FALSE(IsUtf8(bad)) << HexEncode(AsBytes(bad));
  }
}

TEST(Printable, LeavesTextAlone) { EXPECT_EQ(Printable("label 'é' 42"), "label 'é' 42"); }

TEST(Printable, EscapesWhatCouldForgeALine) {
  EXPECT_EQ(Printable("a\nb\r\t\x1b[0m\x7f"), "a\\x0ab\\x0d\\x09\\x1b[0m\\x7f");
  EXPECT_EQ(Printable("a\\b"), "a\\\\b");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("\u0085"), "\\xc2\\x85");       // next line
  EXPECT_EQ(Printable("\u202e"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(Printable("\u2028"), "\\xe2\\x80\\xa8");  // line separator
}

TEST(Printable, CutsWhatIsLong) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(Printable("abcdeé", 6), "abcde…");  // never within a character
  EXPECT_EQ(Printable("abc\n", 6), "abc…");     // nor within an escape
}

}  // namespace
}  // namespace keyferry
