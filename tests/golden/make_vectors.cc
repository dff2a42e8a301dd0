// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0
//
// Writes protocol/vectors anew: make_vectors DIRECTORY.

#include <cstdio>

#include "protocol/base/crypto.h"
#include "protocol/base/file.h"
#include "tests/golden/vectors.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("make_vectors DIRECTORY\n", stderr);
    return 2;
  }
  keyferry::InitCrypto();
  for (const auto& file : keyferry::golden::MakeVectors()) {
    const std::string path = std::string(argv[1]) + "/" + file.name;
    const std::string text = keyferry::golden::FileText(file);
    const auto written = keyferry::WriteDurably(path, keyferry::AsBytes(text), 0644);
    if (!written) {
      std::fprintf(stderr, "%s\n", written.error().ThreeLines().c_str());
      return 1;
    }
  }
  return 0;
}
