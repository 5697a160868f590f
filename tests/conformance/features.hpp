// Every feature of the problem, alone and in the company that peers get wrong: what each device is held to.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "generator/problem.hpp"

namespace attune::test {

struct Feature {
  std::string name;
  std::function<void(Problem&)> set;  // on a base_problem()
};

const std::vector<Feature>& features();

// Ragged everything: B 2, H 6/2, S 45x173, D 40/24, with LSE.
Problem base_problem(DType dtype);

}  // namespace attune::test
