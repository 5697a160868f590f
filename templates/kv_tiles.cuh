// The iterator over tiles of keys: the generator puts kv_dense.cuh or kv_lists.cuh here.
#pragma once

#include "kv_dense.cuh"
