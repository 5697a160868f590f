// The kernel store: the public face over its layers.
#include "cache/kernel_store.hpp"

#include "cache/fork_aware.hpp"
#include "cache/kernel_layers.hpp"

namespace attune::cache {
namespace {

class LayeredKernelStore final : public KernelStore {
 public:
  explicit LayeredKernelStore(const KernelStoreOptions& options)
      : layers_([options](bool forked) { return std::make_unique<KernelLayers>(options, forked); }) {}

  std::optional<KernelRow> find(std::string_view compile_key) override { return layers_.get().find(compile_key); }
  Result<void> add(const KernelRow& row) override { return layers_.get().add(row); }
  Result<Removed> collect_garbage(int64_t max_bytes, int64_t max_age_days) override {
    return layers_.get().collect_garbage(max_bytes, max_age_days);
  }
  Health health() override { return layers_.get().health(); }
  Health check() override { return layers_.get().check(); }

 private:
  ForkAware<KernelLayers> layers_;
};

}  // namespace

std::unique_ptr<KernelStore> KernelStore::open(const KernelStoreOptions& options) {
  return std::make_unique<LayeredKernelStore>(options);
}

}  // namespace attune::cache
