// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

// What shows that the search for keys can find one: each form planted in octets, and keys planted in the memory of a
// live process, in a file, and in what crosses a socket.

#include "tests/integration/secrecy/scanner.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "protocol/base/crypto.h"
#include "tests/fakes/process.h"
#include "tests/integration/secrecy/process_memory.h"
#include "tests/integration/secrecy/root_only.h"
#include "tests/integration/world/world.h"

namespace keyferry::secrecy {
namespace {

// 256 octets that no other test has, without a window that occurs twice.
Bytes KnownValue(std::uint8_t seed) {
  Bytes value;
  for (std::uint8_t i = 0; i < 8; ++i) {
    const Digest digest = Sha256(Bytes{seed, i});
    value.insert(value.end(), digest.begin(), digest.end());
  }
  return value;
}

Bytes Reversed(Bytes octets) {
  std::ranges::reverse(octets);
  return octets;
}
Bytes Text(const std::string& text) { return {text.begin(), text.end()}; }
std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Random octets with `planted` in the middle.
Bytes Haystack(const Bytes& planted) {
  Bytes hay = RandomBytes(4096);
  hay.insert(hay.begin() + 1777, planted.begin(), planted.end());
  return hay;
}

struct Form {
  std::string name;
  std::function<Bytes(const Bytes&)> write;
};

const Form kForms[] = {
    {"raw", [](const Bytes& b) { return b; }},
    {"hex", [](const Bytes& b) { return Text(HexEncode(b)); }},
    {"HEX", [](const Bytes& b) { return Text(Upper(HexEncode(b))); }},
    {"base64, alignment 0", [](const Bytes& b) { return Text(Base64Encode(b)); }},
    {"base64, alignment 1", [](const Bytes& b) { return Text(Base64Encode(Concat({Bytes{7}, b, Bytes{9}}))); }},
    {"base64, alignment 2", [](const Bytes& b) { return Text(Base64Encode(Concat({Bytes{7, 8}, b, Bytes{9}}))); }},
};

class ScannerTest : public testing::Test {
 protected:
  ScannerTest() { scanner_.Add("the key", value_); }
  bool Finds(const Bytes& planted) const { return !scanner_.Scan("hay", Haystack(planted)).empty(); }

  Bytes value_ = KnownValue(1);
  Scanner scanner_;
};

TEST_F(ScannerTest, FindsEveryWindowInEveryForm) {
  for (const Form& form : kForms) {
    for (std::size_t at = 0; at + Scanner::kWindow <= value_.size(); ++at) {
      const Bytes window(value_.begin() + static_cast<std::ptrdiff_t>(at),
                         value_.begin() + static_cast<std::ptrdiff_t>(at + Scanner::kWindow));
      EXPECT_TRUE(Finds(form.write(window))) << form.name << " of octets from " << at;
      EXPECT_TRUE(Finds(form.write(Reversed(window)))) << form.name << " of reversed octets from " << at;
      EXPECT_TRUE(Finds(Reversed(form.write(window)))) << form.name << ", reversed, of octets from " << at;
    }
  }
}

TEST_F(ScannerTest, FindsBase64OfTheUrlKind) {
  std::string text = Base64Encode(value_);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  EXPECT_TRUE(Finds(Text(text)));
}

TEST_F(ScannerTest, FindsWhatStandsAtBothEnds) {
  const Bytes window(value_.begin() + 3, value_.begin() + 3 + Scanner::kWindow);
  EXPECT_EQ(scanner_.Scan("hay", window).size(), 1U);
  EXPECT_EQ(scanner_.Scan("hay", Concat({RandomBytes(100), window})).size(), 1U);
  EXPECT_EQ(scanner_.Scan("hay", Concat({window, RandomBytes(100)})).size(), 1U);
}

TEST_F(ScannerTest, SaysWhichKeyInWhichFormAndWhere) {
  scanner_.Add("the other key", KnownValue(2));
  const auto findings = scanner_.Scan("hay", Concat({RandomBytes(64), Text(HexEncode(KnownValue(2)))}));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(Describe(findings.front()), "hay, offset 64: the other key (hex)");
}

TEST_F(ScannerTest, FindsNothingWhereNothingIs) {
  EXPECT_TRUE(scanner_.Scan("hay", RandomBytes(8 << 20)).empty());
  EXPECT_TRUE(scanner_.Scan("hay", KnownValue(3)).empty());
  // 15 octets of a key are not 16.
  EXPECT_TRUE(scanner_.Scan("hay", Haystack(Bytes(value_.begin(), value_.begin() + 15))).empty());
  EXPECT_TRUE(scanner_.Scan("hay", Bytes()).empty());
}

// A live process that is not dumpable, as the programs under test are, and holds something in its memory. The value
// comes through a pipe after the fork, so that nothing of the test's own memory is what is found.
class Holder {
 public:
  explicit Holder(const std::function<void(const Bytes&)>& hold) {
    int ends[2];
    int ready[2];
    if (pipe(ends) != 0 || pipe(ready) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) Hold(ends[0], ready[1], hold);
    to_ = ends[1];
    ready_ = ready[0];
    close(ends[0]);
    close(ready[1]);
  }
  ~Holder() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(to_);
    close(ready_);
  }
  void Give(const Bytes& masked) const {
    char byte = 0;
    if (write(to_, masked.data(), masked.size()) != static_cast<ssize_t>(masked.size())) std::abort();
    if (read(ready_, &byte, 1) != 1) std::abort();
  }
  pid_t pid() const { return pid_; }

  static constexpr std::uint8_t kMask = 0x5a;
  static constexpr std::size_t kSize = 32;

 private:
  [[noreturn]] static void Hold(int from, int ready, const std::function<void(const Bytes&)>& hold) {
    prctl(PR_SET_DUMPABLE, 0);
    Bytes value(kSize);
    if (read(from, value.data(), value.size()) != static_cast<ssize_t>(value.size())) _exit(1);
    for (std::uint8_t& octet : value) octet ^= kMask;
    hold(value);
    Wipe(value);
    if (write(ready, "x", 1) != 1) _exit(1);
    for (;;) pause();
  }

  pid_t pid_ = -1;
  int to_ = -1;
  int ready_ = -1;
};

void InHeap(const Bytes& value) {
  auto* copy = new Bytes(value);
  asm volatile("" : : "r"(copy) : "memory");
}
void InGuardedMemory(const Bytes& value) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memcpy(page, value.data(), value.size());
  mprotect(page, 4096, PROT_NONE);
}
void AcrossTwoPages(const Bytes& value) {
  // More than one read of ScanMemory, with the value across the place where the first ends.
  constexpr std::size_t kMany = std::size_t{1024} * 4096;
  auto* pages = static_cast<std::uint8_t*>(
      mmap(nullptr, 2 * kMany, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
  std::memcpy(pages + kMany - 8, value.data(), 24);
}
void AsText(const Bytes& value) {
  auto* text = new std::string(HexEncode(value));
  asm volatile("" : : "r"(text) : "memory");
}

void ExpectFoundInProcess(const std::function<void(const Bytes&)>& hold) {
  const Holder holder(hold);
  const Bytes value = RandomBytes(Holder::kSize);
  Scanner scanner;
  scanner.Add("planted", value);
  EXPECT_TRUE(ScanMemory(holder.pid(), "holder", scanner).findings.empty()) << "before it is there";
  Bytes masked = value;
  for (std::uint8_t& octet : masked) octet ^= Holder::kMask;
  holder.Give(masked);
  const Frozen frozen(holder.pid());
  const MemoryScan scan = ScanMemory(holder.pid(), "holder", scanner);
  EXPECT_FALSE(scan.findings.empty());
  EXPECT_GT(scan.octets, 100000U);
  EXPECT_EQ(scan.unreadable, "");
}

TEST(PlantedInAProcess, IsFound) {
  KEYFERRY_ROOT_ONLY();
  for (const auto& hold : {InHeap, InGuardedMemory, AcrossTwoPages, AsText}) ExpectFoundInProcess(hold);
}

TEST(PlantedInAFile, IsFound) {
  const fakes::TempDir dir;
  const Bytes value = KnownValue(4);
  Scanner scanner;
  scanner.Add("planted", value);
  std::size_t files = 0;
  world::Spit(dir.path() + "/harmless", HexEncode(KnownValue(5)));
  EXPECT_TRUE(ScanFiles(dir.path(), scanner, files).empty());
  world::Spit(dir.path() + "/journal.db-wal", "x" + HexEncode(value));
  EXPECT_EQ(ScanFiles(dir.path(), scanner, files).size(), 1U);
  EXPECT_EQ(files, 3U);
}

}  // namespace
}  // namespace keyferry::secrecy
