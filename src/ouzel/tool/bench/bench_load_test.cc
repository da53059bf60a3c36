#include "ouzel/tool/bench/bench_load.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace ouzel {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string member(const std::string& line, const std::string& name) {
  const std::size_t begin = line.find("\"" + name + "\":\"") + name.size() + 4;
  return line.substr(begin, line.find('"', begin) - begin);
}

TEST(EventPool, LapsKeepIdsUniqueAndTimeGoingOn) {
  auto pool = EventPool::make(10, 100, 0, 1);
  ASSERT_TRUE(pool) << pool.error().message;
  EXPECT_EQ(pool->size(), 100U);
  std::set<std::string> ids;
  std::map<std::string, std::string> newest;
  for (int sent = 0; sent < 1000;) {
    for (const std::string& line : lines_of(pool->next(30))) {
      EXPECT_TRUE(ids.insert(member(line, "id")).second) << line;
      std::string& time = newest[member(line, "device_id")];
      EXPECT_LT(time, member(line, "time"));
      time = member(line, "time");
    }
    sent += static_cast<int>(pool->taken());
  }
  EXPECT_EQ(newest.size(), 10U);
}

TEST(EventPool, ShardsShareTheDevices) {
  std::map<std::string, std::uint32_t> owner;
  std::set<std::string> ids;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    auto pool = EventPool::make(10, 100, shard, 3);
    ASSERT_TRUE(pool);
    for (const std::string& line : lines_of(pool->next(1000))) {
      EXPECT_TRUE(ids.insert(member(line, "id")).second);
      EXPECT_EQ(owner.try_emplace(member(line, "device_id"), shard).first->second, shard);
    }
  }
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_FALSE(EventPool::make(2, 100, 2, 3));
}

}  // namespace
}  // namespace ouzel
