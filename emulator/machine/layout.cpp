#include "emulator/machine/layout.hpp"

#include <algorithm>
#include <ranges>

namespace attune::emulator {
namespace {

class Ordering {
 public:
  explicit Ordering(const std::vector<std::vector<int>>& successors)
      : successors_(successors),
        level_(successors.size(), -1),
        number_(successors.size()),
        low_(successors.size()),
        on_stack_(successors.size()) {}

  std::vector<int> run() {
    if (successors_.empty()) return {};
    order(reachable(), 0);
    return std::move(result_);
  }

 private:
  // In reverse post-order of a depth-first search, so that the entry of a loop stands before the rest of it.
  std::vector<int> reachable() const {
    std::vector<int> post_order;
    std::vector<bool> seen(successors_.size());
    std::vector<std::pair<int, size_t>> path{{0, 0}};
    seen[0] = true;
    while (!path.empty()) {
      auto& [node, next] = path.back();
      const auto& out = successors_[static_cast<size_t>(node)];
      if (next == out.size()) {
        post_order.push_back(node);
        path.pop_back();
        continue;
      }
      const int child = out[next++];
      if (!seen[static_cast<size_t>(child)]) {
        seen[static_cast<size_t>(child)] = true;
        path.emplace_back(child, 0);
      }
    }
    std::reverse(post_order.begin(), post_order.end());
    return post_order;
  }

  // Appends `nodes` (in reverse post-order): components in topological order, loops as their head and then the rest of them.
  void order(const std::vector<int>& nodes, int level) {
    for (const int node : nodes) {
      level_[static_cast<size_t>(node)] = level;
      number_[static_cast<size_t>(node)] = -1;
    }
    std::vector<std::vector<int>> components = strongly_connected(nodes, level);
    std::vector<int> position(successors_.size());
    for (size_t i = 0; i < nodes.size(); ++i) position[static_cast<size_t>(nodes[i])] = static_cast<int>(i);
    for (std::vector<int>& component : std::views::reverse(components)) {
      if (component.size() == 1) {
        result_.push_back(component.front());
        level_[static_cast<size_t>(component.front())] = -1;
        continue;
      }
      std::sort(component.begin(), component.end(),
                [&](int a, int b) { return position[static_cast<size_t>(a)] < position[static_cast<size_t>(b)]; });
      result_.push_back(component.front());
      level_[static_cast<size_t>(component.front())] = -1;
      order({component.begin() + 1, component.end()}, level + 1 + static_cast<int>(result_.size()));
    }
  }

  // Tarjan's algorithm over the nodes of one level, with an explicit path; components come in reverse topological order.
  std::vector<std::vector<int>> strongly_connected(const std::vector<int>& nodes, int level) {
    std::vector<std::vector<int>> components;
    std::vector<int> stack;
    int counter = 0;
    std::vector<std::pair<int, size_t>> path;
    const auto enter = [&](int node) {
      const auto n = static_cast<size_t>(node);
      number_[n] = low_[n] = counter++;
      on_stack_[n] = true;
      stack.push_back(node);
      path.emplace_back(node, 0);
    };
    for (const int root : std::views::reverse(nodes)) {
      if (number_[static_cast<size_t>(root)] >= 0) continue;
      enter(root);
      while (!path.empty()) {
        auto& [node, next] = path.back();
        const auto n = static_cast<size_t>(node);
        if (next < successors_[n].size()) {
          const int child = successors_[n][next++];
          const auto c = static_cast<size_t>(child);
          if (level_[c] != level) continue;
          if (number_[c] < 0) {
            enter(child);
          } else if (on_stack_[c]) {
            low_[n] = std::min(low_[n], number_[c]);
          }
          continue;
        }
        if (low_[n] == number_[n]) {
          std::vector<int> component;
          int member = -1;
          do {
            member = stack.back();
            stack.pop_back();
            on_stack_[static_cast<size_t>(member)] = false;
            component.push_back(member);
          } while (member != node);
          components.push_back(std::move(component));
        }
        const int low = low_[n];
        path.pop_back();
        if (!path.empty()) {
          int& parent = low_[static_cast<size_t>(path.back().first)];
          parent = std::min(parent, low);
        }
      }
    }
    return components;
  }

  const std::vector<std::vector<int>>& successors_;
  std::vector<int> level_;  // which call of order() a node is part of
  std::vector<int> number_;
  std::vector<int> low_;
  std::vector<bool> on_stack_;
  std::vector<int> result_;
};

}  // namespace

std::vector<int> reconvergence_order(const std::vector<std::vector<int>>& successors) { return Ordering(successors).run(); }

}  // namespace attune::emulator
