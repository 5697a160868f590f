// CPU quotas: files as the two cgroup versions lay them out, including containers that cannot see their own path.
#include "common/cores.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <thread>

#include "tests/common/temporary_directory.hpp"

namespace attune {
namespace {

class Cgroups : public testing::Test {
 protected:
  void put(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories((mount / file).parent_path());
    std::ofstream(mount / file) << text;
  }
  int limit(std::string_view membership) { return cgroup_core_limit(membership, mount.path()); }

  test::TemporaryDirectory mount;
};

TEST_F(Cgroups, NoFilesMeanNoLimit) {
  EXPECT_EQ(limit("0::/user.slice\n"), 0);
  EXPECT_EQ(limit(""), 0);
}

TEST_F(Cgroups, Version2RoundsUpToWholeCores) {
  put("a/cpu.max", "150000 100000\n");
  EXPECT_EQ(limit("0::/a\n"), 2);
  put("a/cpu.max", "20000 100000\n");
  EXPECT_EQ(limit("0::/a\n"), 1);
  put("a/cpu.max", "max 100000\n");
  EXPECT_EQ(limit("0::/a\n"), 0);
}

TEST_F(Cgroups, TheTightestAncestorCounts) {
  put("a/b/c/cpu.max", "800000 100000\n");
  put("a/b/cpu.max", "max 100000\n");
  put("a/cpu.max", "300000 100000\n");
  EXPECT_EQ(limit("0::/a/b/c\n"), 3);
}

TEST_F(Cgroups, AContainersOwnRootIsRead) {
  put("cpu.max", "200000 100000\n");
  EXPECT_EQ(limit("0::/not/visible/in/here\n"), 2);
}

TEST_F(Cgroups, Version1ReadsQuotaAndPeriod) {
  put("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "250000\n");
  put("cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limit("4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n"), 3);
  put("cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(limit("3:cpu,cpuacct:/docker/x\n"), 0);
  put("cpu/y/cpu.cfs_quota_us", "100000\n");
  put("cpu/y/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(limit("1:cpu:/y"), 1);
}

TEST_F(Cgroups, NonsenseIsNoLimit) {
  for (const char* text : {"", "\n", "x y", "100000", "100000 0", "100000 -5", "nan nan", "1e400 1"}) {
    put("a/cpu.max", text);
    EXPECT_GE(limit("0::/a\n"), 0) << text;
  }
  EXPECT_EQ(limit("no colons here\n:\n::\n"), 0);
  put("a/cpu.max", "99999999999999999999 1\n");
  EXPECT_GT(limit("0::/a\n"), 1000);
}

TEST(UsableCores, FollowsTheAffinityMask) {
  EXPECT_GE(usable_cores(), 1);
  int pinned = 0;
  std::thread([&] {  // the mask is a thread's own
    cpu_set_t mask;
    ASSERT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &mask)) continue;
      CPU_ZERO(&mask);
      CPU_SET(cpu, &mask);
      break;
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof(mask), &mask), 0);
    pinned = usable_cores();
  })
      .join();
  EXPECT_EQ(pinned, 1);
}

}  // namespace
}  // namespace attune
