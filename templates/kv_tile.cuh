// A tile of keys, as the iterators over dense ranges and block lists hand it out.
#pragma once

struct KvTile {
  int begin, end;  // keys; at most block_n
  int first;       // the first key that is of the tile: not before begin
  bool full;       // of a list of full blocks: nothing but the ends of the tile hides any
};

constexpr int no_key = 0x7fffffff;  // beyond them all
