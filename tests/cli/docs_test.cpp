// The reference pages are what the program prints; every environment variable has an option.
#include <gmock/gmock.h>

#include "common/files.hpp"
#include "tests/cli/program.hpp"

namespace attune::cli {
namespace {

using ::testing::HasSubstr;

TEST(Docs, PagesAreWhatTheProgramPrints) {
  const test::Program program;
  for (const char* what : {"cli", "environment", "support"}) {
    const auto printed = program.run({"docs", "--what", what});
    ASSERT_EQ(printed.code, 0) << printed.err;
    const auto page = read_file(std::string(ATTUNE_SOURCE_DIR "/docs/") + what + ".md");
    ASSERT_TRUE(page.ok()) << page.error().message();
    EXPECT_EQ(*page, printed.out) << "run: attune docs --what " << what << " > docs/" << what << ".md";
  }
}

TEST(Docs, EveryEnvironmentVariableIsMirroredByAnOption) {
  const test::Program program;
  const std::string help = program.run({"run", "--help"}).out;
  const std::string page = program.run({"docs", "--what", "environment"}).out;
  size_t rows = 0;
  for (size_t at = page.find("| `ATTUNE_"); at != std::string::npos; at = page.find("| `ATTUNE_", at + 1)) {
    const std::string row = page.substr(at, page.find('\n', at) - at);
    const size_t option = row.find("`--");
    ASSERT_NE(option, std::string::npos) << row;
    EXPECT_THAT(help, HasSubstr(row.substr(option + 1, row.find('`', option + 1) - option - 1)));
    ++rows;
  }
  EXPECT_GE(rows, 5u);
  EXPECT_LT(rows, 10u);
}

}  // namespace
}  // namespace attune::cli
