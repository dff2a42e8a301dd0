// SPDX-FileCopyrightText: The Keyferry authors
// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "protocol/settings/duration.h"
#include "protocol/settings/nearest.h"
#include "protocol/settings/settings.h"

namespace keyferry::settings {
namespace {

using std::chrono::milliseconds;

// A fresh directory with one file in it; goes with the object.
class File {
 public:
  explicit File(const std::string& text) {
    std::string pattern = ::testing::TempDir() + "settings-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::ofstream(path()) << text;
  }
  ~File() {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return directory_ + "/bad.toml"; }
  // An error's text with the directory taken out.
  std::string Short(std::string text) const {
    const std::string prefix = directory_ + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

 private:
  std::string directory_;
};

struct BadFile {
  const char* name;
  const char* text;
  const char* error;
};

void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }

class BadAgentFile : public ::testing::TestWithParam<BadFile> {};
class BadWorkerFile : public ::testing::TestWithParam<BadFile> {};

template <typename Loaded>
void ExpectError(const File& file, const Loaded& loaded, const char* expected) {
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Code::kSettingsInvalid);
  EXPECT_EQ(ExitCodeOf(loaded.error().code()), ExitCode::kSettings);
  EXPECT_EQ(file.Short(loaded.error().what()), expected);
}

TEST_P(BadAgentFile, IsRefusedWithPlaceAndCause) {
  const File file(GetParam().text);
  ExpectError(file, LoadAgent(file.path()), GetParam().error);
}

TEST_P(BadWorkerFile, IsRefusedWithPlaceAndCause) {
  const File file(GetParam().text);
  ExpectError(file, LoadWorker(file.path()), GetParam().error);
}

#define AGENT "[agent]\nlisten = \"tcp://*:7700\"\nstate_dir = \"s\"\n"
#define DOMAIN "[domain.d]\nworker_settings = \"w.toml\"\n"
#define WORKER "[worker]\ndomain = \"d\"\nstate_dir = \"s\"\nsocket = \"w\"\n"
#define TOKEN "[token]\nmodule = \"m.so\"\nuri = \"pkcs11:token=t\"\n"
#define TARGET "[target.hsm]\nkind = \"hsm\"\n"
#define POLICY "[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\"]\noperations = [\"install\"]\n"

constexpr BadFile kAgentFiles[] = {
    {"Typo", "[agent]\nlisten = \"tcp://*:7700\"\nstate_dri = \"s\"\n" DOMAIN,
     "settings file 'bad.toml' has 2 errors:\n"
     "  bad.toml:1:1: [agent] lacks its required key 'state_dir'\n"
     "  bad.toml:3:1: unknown key 'state_dri' in [agent]; did you mean 'state_dir'?"},
    {"KeyOfAnotherTable", AGENT "queue = 3\n" DOMAIN,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:4:1: unknown key 'queue' in [agent]; it belongs in [domain.NAME]"},
    {"KeyOfNoTable", AGENT DOMAIN "colour = 3\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:6:1: unknown key 'colour' in [domain.d]; known here: worker_settings, queue"},
    {"UnknownTable", AGENT DOMAIN "[agnet]\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:6:2: unknown table or key 'agnet'; did you mean 'agent'?"},
    {"WrongType", AGENT DOMAIN "queue = \"64\"\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:6:9: domain.d.queue must be a whole number"},
    {"OutOfRange", AGENT DOMAIN "queue = 0\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:6:9: domain.d.queue is 0; it must lie between 1 and 10000"},
    {"Duplicate", AGENT "listen = \"tcp://*:7701\"\n" DOMAIN,
     "settings file 'bad.toml' is not TOML:\n"
     "  bad.toml:4:10: Error while parsing key-value pair: cannot redefine existing string 'listen'"},
    {"NotToml", "[agent\n",
     "settings file 'bad.toml' is not TOML:\n"
     "  bad.toml:1:7: Error while parsing table header: expected ']', saw '\\n'"},
    {"Empty", "",
     "settings file 'bad.toml' has 2 errors:\n"
     "  bad.toml:1:1: the table [agent] is required\n"
     "  bad.toml:1:1: at least one table [domain.NAME] is required"},
    {"NoDomain", AGENT "[domain]\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:4:1: at least one table [domain.NAME] is required"},
    {"DomainName", AGENT "[domain.\"Pay ments\"]\nworker_settings = \"w.toml\"\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:4:9: the name of [domain.Pay ments]: 'Pay ments' must be 1 to 32 of a-z, 0-9 and '-'"},
    {"Listen", "[agent]\nlisten = \"127.0.0.1:7700\"\nstate_dir = \"s\"\n" DOMAIN,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:2:10: agent.listen: '127.0.0.1:7700' must be tcp://ADDRESS:PORT, with an IP address, an interface or "
     "'*', and a port of 1 to 65535"},
    {"LogLevel", AGENT "log_level = \"warn\"\n" DOMAIN,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:4:13: agent.log_level: 'warn' is not one of debug, info, warning, error"},
    {"EmptyPath", AGENT "run_dir = \"\"\n" DOMAIN,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:4:11: agent.run_dir is an empty path"},
};

constexpr BadFile kWorkerFiles[] = {
    {"Duration", WORKER TOKEN "call_deadline = \"30 seconds\"\n" TARGET POLICY,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:8:17: token.call_deadline: '30 seconds' is not a duration in quotes, as \"500ms\", \"1s\", \"10m\" or "
     "\"2h\""},
    {"DurationAsNumber", WORKER TOKEN "call_deadline = 30\n" TARGET POLICY,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:8:17: token.call_deadline must be a duration in quotes, as \"500ms\", \"1s\", \"10m\" or \"2h\""},
    {"DurationOutOfRange", WORKER TOKEN "call_deadline = \"500ms\"\n" TARGET POLICY,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:8:17: token.call_deadline is 500ms; it must lie between 1s and 10m"},
    {"TargetKind", WORKER TOKEN "[target.hsm]\nkind = \"java\"\n" POLICY,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:9:8: target.hsm.kind: 'java' is no kind of target; known: hsm"},
    {"PinInUri", WORKER "[token]\nmodule = \"m.so\"\nuri = \"pkcs11:token=t?pin-value=1234\"\n" TARGET POLICY,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:7:7: token.uri must not name a PIN; that goes into token.pin_file"},
    {"EmptyPolicy",
     WORKER TOKEN TARGET "[policy.default]\nlabel_prefixes = []\nkey_types = [\"aes\"]\noperations = [\"install\"]\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:11:18: policy.default.label_prefixes is empty; it must name at least one"},
    {"NoPolicy", WORKER TOKEN TARGET,
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:1:1: at least one table [policy.NAME] is required"},
    {"ListOfNumbers",
     WORKER TOKEN TARGET "[policy.a]\nlabel_prefixes = [1]\nkey_types = [\"aes\"]\noperations = [\"install\"]\n",
     "settings file 'bad.toml' has 1 error:\n"
     "  bad.toml:11:19: policy.a.label_prefixes must be a list of texts"},
    {"SeveralAtOnce",
     "[worker]\ndomain = \"d\"\nsockett = \"w\"\nstate_dir = 4\n" TOKEN "exclusive = \"yes\"\n" TARGET
     "[policy.default]\nlabel_prefixes = [\"\"]\nkey_types = [\"aes\", \"rsaa\"]\noperations = [\"instal\", "
     "\"wipe\"]\n",
     "settings file 'bad.toml' has 7 errors:\n"
     "  bad.toml:1:1: [worker] lacks its required key 'socket'\n"
     "  bad.toml:3:1: unknown key 'sockett' in [worker]; did you mean 'socket'?\n"
     "  bad.toml:4:13: worker.state_dir must be a path in quotes\n"
     "  bad.toml:8:13: token.exclusive must be true or false\n"
     "  bad.toml:13:21: policy.default.key_types: 'rsaa' is not one of aes, generic-secret, rsa, ec, ed25519, x509; "
     "did "
     "you mean 'rsa'?\n"
     "  bad.toml:14:15: policy.default.operations: 'instal' is not one of install, update, delete, rollback; did you "
     "mean 'install'?\n"
     "  bad.toml:14:25: policy.default.operations: 'wipe' is not one of install, update, delete, rollback"},
};

const auto kNameOf = [](const ::testing::TestParamInfo<BadFile>& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Table, BadAgentFile, ::testing::ValuesIn(kAgentFiles), kNameOf);
INSTANTIATE_TEST_SUITE_P(Table, BadWorkerFile, ::testing::ValuesIn(kWorkerFiles), kNameOf);

TEST(Settings, PathTooLongForASocketIsRefused) {
  const File file(std::string("[agent]\nlisten = \"tcp://*:7700\"\nstate_dir = \"s\"\nrun_dir = \"/") +
                  std::string(100, 'r') + "\"\n" DOMAIN);
  ExpectError(file, LoadAgent(file.path()),
              "settings file 'bad.toml' has 1 error:\n"
              "  bad.toml:4:11: agent.run_dir is a path of 101 octets; at most 94 are possible");
}

TEST(Settings, KindIsTold) {
  const File agent(AGENT DOMAIN);
  const File worker(WORKER TOKEN);
  EXPECT_EQ(KindOf(agent.path()), FileKind::kAgent);
  EXPECT_EQ(KindOf(worker.path()), FileKind::kWorker);
}

TEST(Settings, FileThatIsNotThereIsNamed) {
  const auto loaded = LoadAgent("/nowhere/keyferry.toml");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Code::kFileMissing);
  EXPECT_NE(loaded.error().OneLine().find("/nowhere/keyferry.toml"), std::string::npos);
}

TEST(Settings, ListenTakesAddressesAndPortsOnly) {
  const auto loads = [](const std::string& listen) {
    const File file("[agent]\nlisten = \"" + listen + "\"\nstate_dir = \"s\"\n" DOMAIN);
    return LoadAgent(file.path()).has_value();
  };
  for (const char* good : {"tcp://127.0.0.1:1", "tcp://*:65535", "tcp://[::1]:7700", "tcp://eth0:7700"}) {
    EXPECT_TRUE(loads(good)) << good;
  }
  for (const char* bad : {"", "tcp://", "tcp://:7700", "tcp://1.2.3.4", "tcp://1.2.3.4:", "tcp://1.2.3.4:0",
                          "tcp://1.2.3.4:65536", "tcp://1.2.3.4:77x", "ipc:///a:1", "tcp://::1:7700", "tcp://a b:1"}) {
    EXPECT_FALSE(loads(bad)) << bad;
  }
}

TEST(Duration, HasANumberAndAUnit) {
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("1s"), milliseconds(1000));
  EXPECT_EQ(ParseDuration("10m"), milliseconds(600'000));
  EXPECT_EQ(ParseDuration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
  for (const char* bad : {"", "1", "s", "1 s", "-1s", "+1s", "1.5s", "1sec", "1S", " 1s", "99999999999999999999h"}) {
    EXPECT_FALSE(ParseDuration(bad)) << bad;
  }
}

TEST(Duration, IsWrittenInItsLargestUnit) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0s");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(600'000)), "10m");
}

TEST(Nearest, FindsTypingErrorsOnly) {
  EXPECT_EQ(Nearest("lisen", {"listen", "log_level"}), "listen");
  EXPECT_EQ(Nearest("ilsten", {"listen", "log_level"}), "listen");
  EXPECT_EQ(Nearest("colour", {"listen", "log_level"}), "");
  EXPECT_EQ(Nearest("", {"a"}), "");
}

}  // namespace
}  // namespace keyferry::settings
