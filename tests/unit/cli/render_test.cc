// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "agent/cli/render.h"

#include <gtest/gtest.h>

namespace keyferry::cli {
namespace {

TEST(Render, TableIsAsWideAsItsWidestCell) {
  Table table({"name", "n"});
  table.Add({"a", "1"});
  table.Add({"zürich", "20"});
  EXPECT_EQ(table.Text(),
            "name    n\n"
            "a       1\n"
            "zürich  20\n");
}

TEST(Render, SpanHasTwoUnits) {
  EXPECT_EQ(SpanText(0), "0 s");
  EXPECT_EQ(SpanText(59), "59 s");
  EXPECT_EQ(SpanText(60), "1 min 0 s");
  EXPECT_EQ(SpanText(3725), "1 h 2 min");
  EXPECT_EQ(SpanText(93784), "1 d 2 h");
  EXPECT_EQ(SpanText(-1), "0 s");
}

TEST(Render, JsonAsLines) {
  const auto json =
      Json::Parse(R"({"a":1,"b":{"c":"x\ny","d":null},"e":[{"f":true,"g":2},{"f":false}],"h":[],"i":["k"]})");
  ASSERT_TRUE(json);
  EXPECT_EQ(Lines(*json),
            "a: 1\n"
            "b:\n"
            "  c: x\n"
            "     y\n"
            "  d: -\n"
            "e:\n"
            "  - f: true\n"
            "    g: 2\n"
            "  - f: false\n"
            "h: none\n"
            "i:\n"
            "  - k\n");
}

TEST(Render, ErrorAsJson) {
  const Error error = Error::Caused(Code::kPinWrong, "logging in", "CKR_PIN_INCORRECT (0xa0)");
  const std::string expected = R"j({"format":"keyferry-error/1","code":"credential.pin-wrong","what":"logging in",)j"
                               R"j("cause":"CKR_PIN_INCORRECT (0xa0)",)j"
                               R"j("next":"correct the PIN's credential, then open the latch: keyferry pin retry",)j"
                               R"j("retry":"permanent","exit_code":4})j";
  EXPECT_EQ(ErrorJson(error).Dump(), expected);
}

}  // namespace
}  // namespace keyferry::cli
