// A tile of keys, as the iterators over dense ranges and block lists hand it out.
#pragma once

struct KvTile {
  int begin, end;  // keys; at most block_n
  bool full;       // of a list of full blocks: nothing but the end of the keys hides any
};
