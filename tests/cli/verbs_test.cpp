// Every verb of the real program: exit codes, JSON that parses, and what must be on the page.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "common/files.hpp"
#include "tests/cli/program.hpp"

namespace attune::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* small = "B1 H2 S64 D32";

TEST(Verbs, VersionAndHelp) {
  const test::Program program;
  EXPECT_EQ(program.run({"--version"}).out, "attune 0.1.0\n");
  const auto help = program.run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* verb : {"run", "tune", "explain", "top", "emit", "verify", "bench", "export", "import", "merge", "gc",
                           "doctor", "support", "sample"}) {
    EXPECT_THAT(help.out, HasSubstr(verb));
    const auto of_verb = program.run({verb, "--help"});
    EXPECT_EQ(of_verb.code, 0);
    EXPECT_THAT(of_verb.out, HasSubstr(std::string("Example:\n  attune ") + verb));
    EXPECT_THAT(of_verb.out, HasSubstr("--json"));
  }
  EXPECT_THAT(help.out, ::testing::Not(HasSubstr("worker")));
}

TEST(Verbs, SupportAsksTheFamilies) {
  const test::Program program;
  const auto all = program.run({"support", "--json"});
  ASSERT_EQ(all.code, 0) << all.err;
  std::set<std::string> families;
  const json printed = all.json();
  for (const json& column : printed["families"]) {
    families.insert(column["family"]);
    EXPECT_FALSE(column["archs"].empty());
    for (const json& feature : column["features"]) {
      EXPECT_EQ(feature["dtypes"].size() < 3, feature.contains("reason")) << column["family"] << feature;
    }
  }
  EXPECT_EQ(families, (std::set<std::string>{"forward_mma", "forward_cpu", "forward_simt"}));
  const auto one = program.run({"support", "--arch", "sm_90", "--family", "forward_simt"});
  EXPECT_THAT(one.out, HasSubstr("sm_90a"));
  EXPECT_THAT(one.out, HasSubstr("paged K and V"));
  EXPECT_THAT(one.out, HasSubstr("quantization `sage1` is not available in forward_simt"));
  EXPECT_THAT(one.out, ::testing::Not(HasSubstr("forward_cpu")));
}

TEST(Verbs, AccuracyMeasuresWhatIsAsked) {
  const test::Program program;
  const auto one = program.run({"accuracy", "--table", "synthetic", "--seqlen", "64", "--heads", "1", "--json"});
  ASSERT_EQ(one.code, 0) << one.err;
  const json printed = one.json();
  ASSERT_EQ(printed["tables"].size(), 1u);
  EXPECT_EQ(printed["seqlen"], 64);
  for (const json& row : printed["tables"][0]["rows"]) {
    EXPECT_TRUE(row.contains("published"));
    EXPECT_GT(row["results"]["normal"]["cosine"], 0.99) << row;
    EXPECT_GT(row["results"]["normal"]["relative_l1"], 1e-3) << row;
  }
  const auto sage = program.run({"accuracy", "--quantization", "sage", "--seqlen", "32", "--heads", "1"});
  ASSERT_EQ(sage.code, 0) << sage.err;
  EXPECT_THAT(sage.out, HasSubstr("sage2++ "));
  EXPECT_THAT(sage.err, HasSubstr("dit-hard"));
  const auto page =
      program.run({"accuracy", "--quantization", "int8,k-mean", "--seqlen", "32", "--heads", "1", "--markdown"});
  EXPECT_THAT(page.out, HasSubstr("| `int8,k-mean` | 0.9"));
  EXPECT_THAT(page.out, HasSubstr("32 keys and queries, 1 heads"));
  EXPECT_EQ(program.run({"accuracy", "--table", "none"}).code, 1);
  EXPECT_THAT(program.run({"accuracy", "--table", "none"}).err, HasSubstr("give one of presets, synthetic"));
  EXPECT_THAT(program.run({"accuracy", "--quantization", "int3"}).err, HasSubstr("'int3' is unknown"));
  EXPECT_EQ(program.run({"accuracy", "--seqlen", "0"}).code, 1);
  EXPECT_THAT(program.run({"accuracy", "--dtype", "int32"}).err, HasSubstr("dtype"));
}

TEST(Verbs, UsageErrors) {
  const test::Program program;
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"fly"},
                                             {"tune"},
                                             {"tune", "B1 H2 S64"},
                                             {"tune", "llama9"},
                                             {"tune", small, "--budget", "soon"},
                                             {"bench", small, "--seconds", "-1"},
                                             {"explain", "--problem", "{\"batch\":0}"},
                                             {"explain", "--problem", "{"},
                                             {"emit", small, "vit-b"},
                                             {"emit", small, "--what", "object"},
                                             {"emit", small, "--config", "block_m=7x"},
                                             {"emit", small, "--config", "block_m=-64"},
                                             {"emit", small, "--config", "nothing=1"},
                                             {"top", "--limit", "0"},
                                             {"sample", small},
                                             {"sample", small, "--out", "x.npy"},
                                             {"gc", "--max-size", "big"},
                                             {"export"},
                                             {"tune", "--shapes-file", "/nonexistent"},
                                             {"doctor", "--isa", "mmx"},
                                             {"support", "--arch", "sm_1"},
                                             {"support", "--family", "forward_magic"},
                                             {"run"}}) {
    const auto ended = program.run(arguments);
    EXPECT_EQ(ended.code, 1) << ::testing::PrintToString(arguments) << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    auto with_json = arguments;
    with_json.emplace_back("--json");
    const json document = program.run(with_json).json();
    ASSERT_TRUE(document.is_object()) << ::testing::PrintToString(arguments);
    EXPECT_EQ(document["exit_code"], 1);
    EXPECT_FALSE(document["error"]["message"].get<std::string>().empty());
  }
}

TEST(Verbs, TuneRecordsWhatTheOthersTell) {
  const test::Program program;
  const auto tuned = program.run({"tune", small, "--budget", "6evals", "--json"});
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  const json outcome = tuned.json()["outcomes"][0];
  EXPECT_EQ(outcome["status"], "ok");
  EXPECT_GT(outcome["best_ms"].get<double>(), 0);
  EXPECT_THAT(tuned.err, HasSubstr("shape 1/1 B1 H2 S64x64 D32 fp32"));  // plain progress lines: no terminal here
  EXPECT_THAT(tuned.err, ::testing::Not(HasSubstr("\x1b")));

  const auto explained = program.run({"explain", small, "--json"});
  ASSERT_EQ(explained.code, 0) << explained.err;
  const json plan = explained.json()["plans"][0]["plan"];
  EXPECT_EQ(plan["provenance"], "exact record");
  EXPECT_EQ(plan["config"], outcome["config"]);
  EXPECT_FALSE(explained.json()["plans"][0]["tunables"].empty());

  const auto top = program.run({"top", small, "--json", "--limit", "2"});
  ASSERT_EQ(top.code, 0) << top.err;
  const json records = top.json()["boards"][0]["records"];
  ASSERT_GE(records.size(), 1u);
  EXPECT_LE(records.size(), 2u);
  EXPECT_EQ(records[0]["config"], outcome["config"]);
  EXPECT_EQ(program.run({"top", "--json"}).json()["boards"].size(), 1u);

  const auto verified = program.run({"verify", "--json"});
  ASSERT_EQ(verified.code, 0) << verified.err;
  EXPECT_EQ(verified.json()["verdicts"][0]["verdict"], "ok");

  const auto bench = program.run({"bench", small, "--seconds", "0.01", "--json"});
  ASSERT_EQ(bench.code, 0) << bench.err;
  EXPECT_GE(bench.json()["shapes"][0]["plan"]["samples"].get<int>(), 3);

  const auto exported = program.run({"export", program.path("r.jsonl"), "--json"});
  ASSERT_EQ(exported.code, 0) << exported.err;
  const auto count = exported.json()["records"].get<int>();
  EXPECT_GE(count, 1);
  const std::string other = program.path("other");
  EXPECT_EQ(program.run({"import", program.path("r.jsonl"), "--records-dir", other, "--json"}).json()["new_records"], count);
  EXPECT_EQ(program.run({"import", program.path("r.jsonl"), "--records-dir", other, "--json"}).json()["new_records"], 0);
  const std::string third = program.path("third");
  EXPECT_EQ(
      program.run({"merge", program.path("records/records.db"), "--records-dir", third, "--json"}).json()["new_records"],
      count);
  const auto collected = program.run({"gc", "--max-size", "0", "--json"});
  ASSERT_EQ(collected.code, 0) << collected.err;
  EXPECT_GE(collected.json()["removed_kernels"].get<int>(), 1);
  EXPECT_EQ(collected.json()["kernels"], 0);
  EXPECT_EQ(program.run({"top", "--json"}).json()["boards"].size(), 1u) << "gc must not touch records";
}

TEST(Verbs, ImportRefusesAFileWholeAndSaysWhichLine) {
  const test::Program program;
  program.save_bytes("bad.jsonl", "this is no record\n");
  const auto ended = program.run({"import", program.path("bad.jsonl"), "--json"});
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("1"));
  EXPECT_EQ(program.run({"import", program.path("bad.jsonl"), "--records-dir", ":memory:"}).code, 2);
}

TEST(Verbs, InterruptedTuningKeepsEverythingAndEndsPartial) {
  const test::Program program;
  // Asked for far more than there is time for; interrupted once something was measured.
  const auto ended = program.run_and_signal({"tune", "B1 H2 S256 D64", "--budget", "thorough", "--json"}, SIGINT,
                                            [](const std::string& err) { return err.find("best ") != std::string::npos; });
  EXPECT_EQ(ended.code, 3) << ended.err;
  EXPECT_TRUE(ended.json()["interrupted"].get<bool>());
  EXPECT_THAT(ended.err, HasSubstr("everything measured is kept"));
  EXPECT_FALSE(program.run({"top", "--json"}).json()["boards"].empty());
}

TEST(Verbs, EmitIsDeterministicInEveryForm) {
  const test::Program program;
  for (const char* what : {"source", "ir", "asm"}) {
    const auto one = program.run({"emit", small, "--what", what, "--config", "heuristic"});
    ASSERT_EQ(one.code, 0) << one.err;
    EXPECT_EQ(one.out, program.run({"emit", small, "--what", what, "--config", "heuristic"}).out);
    EXPECT_GT(one.out.size(), 1000u);
  }
  EXPECT_THAT(program.run({"emit", small}).out, HasSubstr("define "));
  ASSERT_EQ(program.run({"emit", small, "--what", "object", "--out", program.path("x.o")}).code, 0);
  const auto object = read_file(program.path("x.o"));
  ASSERT_TRUE(object.ok());
  EXPECT_TRUE(
      object->starts_with("\x7f"
                          "ELF"));
}

TEST(Verbs, EmitPicksAUnitByItsEntryPoint) {
  const test::Program program;
  const auto emit = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {
        "emit", "B1 H2 S64 D64 bf16 quantization(sage2-8b)", "--device", "emulated:sm_89", "--config", "heuristic"};
    words.insert(words.end(), more.begin(), more.end());
    return program.run(words);
  };
  const auto all = emit({});
  ASSERT_EQ(all.code, 0) << all.err;
  const std::string quantizers = emit({"--entry", "attune_quantize"}).out,
                    attention = emit({"--entry", "attune_forward"}).out;
  EXPECT_TRUE(quantizers.starts_with("// Attune quantizers"));
  EXPECT_TRUE(attention.starts_with("// Attune forward_mma"));
  EXPECT_EQ(quantizers.find("attune_forward("), std::string::npos);
  EXPECT_EQ(attention.find("attune_quantize("), std::string::npos);
  const std::string statistics = emit({"--entry", "attune_statistics"}).out;
  EXPECT_EQ(statistics.find("attune_quantize("), std::string::npos);
  EXPECT_TRUE(all.out.starts_with(statistics));
  EXPECT_NE(all.out.find(quantizers), std::string::npos);
  EXPECT_TRUE(all.out.ends_with(attention));
  const auto unknown = emit({"--entry", "attune_nothing"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("attune_statistics, attune_quantize, attune_forward"));
}

TEST(Verbs, SampleMakesWhatRunTakes) {
  const test::Program program;
  const std::string file = program.path("s.safetensors");
  const auto made = program.run({"sample", "B1 H4/2 S40 D64 bf16", "--kind", "dit", "--out", file, "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.json()["files"].size(), 3u);
  const auto ran = program.run({"run", "--q", file, "--k", file, "--v", file, "--check"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(program.run({"sample", small, "--out-dir", program.path("made/on/the/way")}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(program.path("made/on/the/way/q.npy")));
  EXPECT_EQ(program.run({"sample", small, "--out-dir", file + "/below"}).code, 2);  // below a file
}

TEST(Verbs, DoctorTellsReadyFromBroken) {
  const test::Program program;
  const auto ready = program.run({"doctor", "--json"});
  EXPECT_EQ(ready.code, 0) << ready.out;
  EXPECT_EQ(ready.json()["stores"]["records"]["state"], "ok");
  EXPECT_EQ(ready.json()["stores"]["records"]["mode"], "0700");
  program.save_bytes("file", "not a directory");
  const auto broken = program.run({"doctor", "--records-dir", program.path("file"), "--json"});
  EXPECT_EQ(broken.code, 2) << broken.out;
  EXPECT_EQ(broken.json()["broken"].size(), 1u);
  EXPECT_EQ(program.run({"doctor", "--device", "cuda:99"}).code, 2);
}

TEST(Verbs, DoctorTellsWhatOfCudaIsThere) {
  const test::Program program;
  const json cuda = program.run({"doctor", "--json"}).json()["cuda"];
  EXPECT_TRUE(cuda["driver"]["available"].is_boolean());
  EXPECT_TRUE(cuda["gpus"].is_array());
  ASSERT_TRUE(cuda["nvrtc"]["available"].get<bool>()) << "scripts/setup.sh provides it: " << cuda["nvrtc"].dump(1);
  EXPECT_THAT(cuda["nvrtc"]["archs"].get<std::vector<int>>(), ::testing::Contains(90));
  size_t used = 0;
  for (const json& probe : cuda["nvrtc"]["looked_at"]) used += probe["used"].get<bool>() ? 1 : 0;
  EXPECT_EQ(used, 1U);
  EXPECT_TRUE(cuda["nvrtc"]["looked_at"].back()["used"].get<bool>()) << "and nowhere after it";

  const auto without = program.run({"doctor", "--json", "--nvrtc", "none"});
  EXPECT_EQ(without.code, 0) << "no compiler for GPUs is no fault of a machine that serves the cpu";
  EXPECT_FALSE(without.json()["cuda"]["nvrtc"]["available"].get<bool>());
  EXPECT_THAT(without.json()["hints"].dump(), HasSubstr("unset it to compile CUDA C++"));
  EXPECT_EQ(program.run({"doctor", "--device", "emulated:sm_80", "--nvrtc", "none"}).code, 0) << "LLVM serves it";
  const auto missing = program.run({"doctor"}, {"ATTUNE_NVRTC=/nowhere/libnvrtc.so"});
  EXPECT_THAT(missing.out, HasSubstr("/nowhere/libnvrtc.so"));
}

TEST(Verbs, EnvironmentIsReadAndMalformedValuesAreNamed) {
  const test::Program program;
  const auto wrong = program.run({"doctor"}, {"ATTUNE_THREADS=many"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("ATTUNE_THREADS"));
  const auto typo = program.run({"explain", small}, {"ATTUNE_THREAD=1"});
  EXPECT_THAT(typo.err, HasSubstr("ATTUNE_THREAD is unknown"));
  const auto chosen = program.run({"doctor", "--json"}, {"ATTUNE_THREADS=3"});
  EXPECT_EQ(chosen.json()["device"]["class"]["compute_units"], 3);
}

}  // namespace
}  // namespace attune::cli
