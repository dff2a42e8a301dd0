// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "protocol/base/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace keyferry {
namespace {

std::string ProblemOf(std::string_view text) {
  const auto json = Json::Parse(text);
  EXPECT_FALSE(json) << text;
  if (json) return "";
  EXPECT_EQ(json.error().code(), Code::kJsonInvalid);
  return json.error().what();
}

TEST(Json, RoundTripKeepsOrderAndOctets) {
  const std::string text = R"({"z":1,"a":[true,false,null,-5,"x\"\\\n\u0001é🔑"],"m":{"b":{},"a":[]},"":""})";
  const auto json = Json::Parse(text);
  ASSERT_TRUE(json) << json.error().OneLine();
  EXPECT_EQ(json->Dump(), text);
}

TEST(Json, ReadsEscapesAndExtremes) {
  const auto json = Json::Parse(R"( {"t":"\u00e9\ud83d\udd11\/","l":9223372036854775807,"s":-9223372036854775808} )");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->Text("t"), "é🔑/");
  EXPECT_EQ(json->Integer("l"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(json->Integer("s"), std::numeric_limits<std::int64_t>::min());
}

TEST(Json, DumpsIndented) {
  const Json json = Json::EmptyObject().Set("a", Json::EmptyArray().Add(1).Add("b")).Set("c", Json::EmptyObject());
  EXPECT_EQ(json.Dump(true), "{\n  \"a\": [\n    1,\n    \"b\"\n  ],\n  \"c\": {}\n}");
}

TEST(Json, NeverWritesWhatIsNotUtf8) {
  const std::string text = Json(std::string("a\xff")).Dump();
  EXPECT_EQ(text, "\"a\xEF\xBF\xBD\"");
  EXPECT_TRUE(Json::Parse(text));
}

TEST(Json, RefusesDuplicatesWithTheirPlace) {
  EXPECT_EQ(ProblemOf(R"({"a":{"b":1,"c":2,"b":3}})"), "JSON at '/a/c': member 'b' stands there twice");
  EXPECT_NE(ProblemOf(R"({"a":1,"\u0061":2})"), "");
  EXPECT_TRUE(Json::Parse(R"([{"a":1},{"a":2}])")) << "in another object it is another member";
}

TEST(Json, RefusesNumbersThatAreNoIntegers) {
  for (const std::string_view bad : {"1.0", "1e3", "[0.5]", "9223372036854775808", "-9223372036854775809",
                                     "99999999999999999999999", "01", "+1", "0x10", "NaN", "-"}) {
    EXPECT_NE(ProblemOf(bad), "") << bad;
  }
  EXPECT_EQ(ProblemOf(R"({"a":[1,2.5]})"), "JSON at '/a/1': a number is no integer, or too large");
}

TEST(Json, BoundsItsDepth) {
  EXPECT_TRUE(Json::Parse("[[[]]]", 3));
  EXPECT_TRUE(Json::Parse("1", 0));
  EXPECT_FALSE(Json::Parse("[[[]]]", 2));
  EXPECT_FALSE(Json::Parse(R"({"a":{"b":{}}})", 2));
  EXPECT_TRUE(Json::Parse(std::string(16, '[') + std::string(16, ']')));
  EXPECT_NE(ProblemOf(std::string(17, '[') + std::string(17, ']')), "");
  // So deep that anything that recursed before it counted would have no stack left.
  EXPECT_NE(ProblemOf(std::string(5'000'000, '[')), "");
}

TEST(Json, RefusesWhatFollowsAndWhatIsCutOff) {
  for (const std::string_view bad : {"", " ", "{} {}", "{}x", "1 2", "{", "[1", "[1,]", R"({"a":1,})", R"({"a")",
                                     R"({a:1})", "'a'", "tru", "\"a", "\"\n\"", R"("\x")"}) {
    EXPECT_NE(ProblemOf(bad), "") << bad;
  }
  EXPECT_NE(ProblemOf(std::string_view("{}\0", 3)), "");
  EXPECT_NE(ProblemOf(std::string_view("{}\0 {}", 6)), "");
}

TEST(Json, RefusesComments) {
  EXPECT_NE(ProblemOf("// x\n{}"), "");
  EXPECT_NE(ProblemOf("{/* x */}"), "");
}

TEST(Json, RefusesInvalidUtf8) {
  for (const std::string_view bad : {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xc3\"", "{\"\xfe\":1}",
                                     R"("\ud800")", R"("\udc00x")", "\xEF\xBB\xBF{}"}) {
    EXPECT_NE(ProblemOf(bad), "");
  }
}

TEST(Json, NamesThePlaceAndNothingOfTheContent) {
  EXPECT_EQ(ProblemOf("{\n  \"a\": 1,\n  \"b\": s3cret\n}"), "JSON is wrong at line 3, column 8");
}

TEST(Json, ReadersNameTheMember) {
  const auto json = Json::Parse(R"({"t":"x","n":1,"b":true,"h":"0aff","l":[1],"o":{},"bad":"0"})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->Text("t"), "x");
  EXPECT_EQ(json->Integer("n"), 1);
  EXPECT_EQ(json->Boolean("b"), true);
  EXPECT_EQ(json->Hex("h"), (Bytes{0x0a, 0xff}));
  EXPECT_EQ(json->List("l").value()->size(), 1U);
  EXPECT_TRUE(json->Sub("o").value()->IsObject());
  EXPECT_EQ(json->Text("absent").error().what(), "member 'absent' is missing");
  EXPECT_EQ(json->Text("n").error().what(), "member 'n' is no text");
  EXPECT_EQ(json->Hex("bad").error().code(), Code::kJsonInvalid);
  EXPECT_FALSE(json->Integer("b"));
  EXPECT_FALSE(json->Integer("t"));
  EXPECT_FALSE(json->Boolean("n"));
  EXPECT_FALSE(json->List("o"));
  EXPECT_FALSE(json->Sub("l"));
  EXPECT_FALSE(Json(1).Text("a"));
  EXPECT_EQ(json->Find("absent"), nullptr);
  EXPECT_TRUE(Json("x").Elements().empty());
  EXPECT_TRUE(Json("x").Members().empty());
}

TEST(Json, SetReplaces) {
  Json json = Json::EmptyObject();
  json.Set("a", 1).Set("b", 2).Set("a", 3);
  EXPECT_EQ(json.Dump(), R"({"a":3,"b":2})");
}

TEST(JsonDeathTest, AbortsOnBrokenInvariants) {
  Json text("x");
  EXPECT_DEATH(text.Set("a", 1), "");
  EXPECT_DEATH(text.Add(1), "");
  EXPECT_DEATH(Json(std::numeric_limits<std::uint64_t>::max()), "");
}

}  // namespace
}  // namespace keyferry
