// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fakes/wrap_vectors.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "protocol/base/file.h"
#include "protocol/base/json.h"

namespace keyferry::fakes {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "wrap vectors: %s\n", why.c_str());
  std::abort();
}

template <typename T>
T Must(Result<T> result, const std::string& what) {
  if (!result) {
    Die(what + ": " + result.error().OneLine());
  }
  return std::move(*result);
}

void ReadNist(const std::string& file, WrapMethod method, bool inverse, std::vector<WrapVector>& into) {
  std::ifstream in(DataDirectory() + "/nist_kw/" + file);
  if (!in) {
    Die("cannot read " + file);
  }
  std::string line;
  std::string length;
  WrapVector next;
  while (std::getline(in, line)) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
      line.pop_back();
    }
    const auto value = [&line] { return line.substr(line.find('=') + 2); };
    if (line.starts_with("[PLAINTEXT LENGTH")) {
      length = value().substr(0, value().size() - 1);
    } else if (line.starts_with("COUNT")) {
      next = WrapVector{};
      next.method = method;
      next.name = file + " length " + length + " count " + value();
    } else if (line.starts_with("K =")) {
      next.kek = Must(HexDecode(value()), next.name);
    } else if (line.starts_with("C =")) {
      next.wrapped = Must(HexDecode(value()), next.name);
    } else if (line.starts_with("P =") || line.starts_with("FAIL")) {
      next.valid = line.starts_with("P =") && !inverse;
      if (line.starts_with("P =")) {
        next.key = Must(HexDecode(value()), next.name);
      }
      into.push_back(next);
    }
  }
}

void ReadWycheproof(const std::string& file, WrapMethod method, std::vector<WrapVector>& into) {
  const Bytes octets = Must(ReadFile(DataDirectory() + "/wycheproof/" + file, std::size_t{1} << 24), file);
  const Json json = Must(Json::Parse(AsText(octets)), file);
  for (const Json& group : *Must(json.List("testGroups"), file)) {
    for (const Json& test : *Must(group.List("tests"), file)) {
      WrapVector vector;
      const std::string result = Must(test.Text("result"), file);
      vector.name = file + " tcId " + std::to_string(Must(test.Integer("tcId"), file));
      for (const Json& flag : *Must(test.List("flags"), file)) {
        vector.name += " (" + Must(flag.AsText(), file) + ")";
      }
      vector.method = method;
      vector.kek = Must(test.Hex("key"), vector.name);
      vector.wrapped = Must(test.Hex("ct"), vector.name);
      vector.key = Must(test.Hex("msg"), vector.name);
      vector.valid = result != "invalid";
      vector.may_refuse = result == "acceptable";
      into.push_back(std::move(vector));
    }
  }
}

}  // namespace

std::string DataDirectory() {
  if (const char* chosen = std::getenv("KEYFERRY_DATA"); chosen != nullptr) {
    return chosen;
  }
  const char* source = std::getenv("KEYFERRY_SOURCE");
  return std::string(source != nullptr ? source : ".") + "/../shared/data";
}

bool HaveData() { return std::filesystem::exists(DataDirectory() + "/nist_kw"); }

std::vector<WrapVector> WrapVectors() {
  std::vector<WrapVector> vectors;
  for (const char* bits : {"128", "256"}) {
    ReadNist(std::string("KWP_AD_") + bits + ".txt", WrapMethod::kAesKwp, false, vectors);
    ReadNist(std::string("KW_AD_") + bits + ".txt", WrapMethod::kAesKw, false, vectors);
  }
  ReadNist("KWP_AD_256_inv.txt", WrapMethod::kAesKwp, true, vectors);
  ReadNist("KW_AD_256_inv.txt", WrapMethod::kAesKw, true, vectors);
  ReadWycheproof("aes_kwp_test.json", WrapMethod::kAesKwp, vectors);
  ReadWycheproof("aes_wrap_test.json", WrapMethod::kAesKw, vectors);
  return vectors;
}

}  // namespace keyferry::fakes
