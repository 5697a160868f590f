// Token counts are those of the models' published resolutions; most are no multiple of 64, which is the normal case.
#include "cli/shapes/presets.hpp"

#include <array>

namespace attune::cli {
namespace {

constexpr std::array<std::string_view, 5> llama3_8b{
    "B1 H32/8 S4096 D128 bf16 causal(bottom_right)",    "B1 H32/8 S32768 D128 bf16 causal(bottom_right)",
    "B1 H32/8 S131072 D128 bf16 causal(bottom_right)",  "B1 H32/8 S1x8192 D128 bf16 causal(bottom_right)",
    "B16 H32/8 S1x2048 D128 bf16 causal(bottom_right)",
};
// 480p and 720p with 81 frames (21 latent frames); cross-attention over 512 text tokens.
constexpr std::array<std::string_view, 3> wan21_14b{
    "B1 H40 S32760 D128 bf16",
    "B1 H40 S75600 D128 bf16",
    "B1 H40 S75600x512 D128 bf16",
};
// 720p with 129 frames: 33 x 45 x 80 video tokens, joint with up to 256 text tokens; and the 30 x 48 x 80 canvas.
constexpr std::array<std::string_view, 2> hunyuanvideo{
    "B1 H24 S119056 D128 bf16",
    "B1 H24 S115200 D128 bf16",
};
// 13 x 30 x 45 video tokens and 226 text tokens, with and without guidance in one batch.
constexpr std::array<std::string_view, 1> cogvideox_2b{"B2 H30 S17776 D64 fp16"};
// 1024 x 1024 pixels: 4096 image tokens and 512 text tokens.
constexpr std::array<std::string_view, 1> flux{"B1 H24 S4608 D128 bf16"};
// 224 x 224 pixels in patches of 16: 196 tokens and the class token.
constexpr std::array<std::string_view, 2> vit_b{"B1 H12 S197 D64 fp32", "B8 H12 S197 D64 fp32"};

constexpr std::array<Preset, 6> all{{
    {"llama3-8b", "Llama 3.1 8B: prefill 4K, 32K and 128K, decode", llama3_8b},
    {"wan2.1-14b", "Wan 2.1 14B video: 480p, 720p, cross-attention", wan21_14b},
    {"hunyuanvideo", "HunyuanVideo: 720p with 129 frames", hunyuanvideo},
    {"cogvideox-2b", "CogVideoX 2B video", cogvideox_2b},
    {"flux", "Flux.1 at 1024 x 1024", flux},
    {"vit-b", "ViT-B/16 at 224 x 224, batch 1 and 8", vit_b},
}};

}  // namespace

std::span<const Preset> presets() { return all; }

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : all) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

}  // namespace attune::cli
