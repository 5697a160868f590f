// ORC with JITLink: one JITDylib a kernel, closed against the process except for a short list of library calls.
#include "runtime/object_linker.hpp"

#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>

namespace attune::runtime {
namespace {

namespace orc = llvm::orc;

// What is wrong with an object is LLVM's to say and goes to the log; what to do is ours.
Error load_error(std::string_view what, llvm::Error error) {
  return {Status::load_failed,
          fmt::format("{} Remove the kernel cache (`attune gc --max-size 0`) and try again; report it if it stays.", what),
          llvm::toString(std::move(error))};
}

template <class Function>
orc::ExecutorSymbolDef symbol_of(Function* function) {
  return {orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
}

// LLVM lowers llvm.memcpy, llvm.fma without hardware FMA, and the like to these.
void define_library_calls(orc::LLJIT& jit, orc::SymbolMap& symbols) {
  const auto define = [&](const char* name, auto* function) { symbols[jit.mangleAndIntern(name)] = symbol_of(function); };
  define("memcpy", static_cast<void* (*)(void*, const void*, size_t)>(&std::memcpy));
  define("memmove", static_cast<void* (*)(void*, const void*, size_t)>(&std::memmove));
  define("memset", static_cast<void* (*)(void*, int, size_t)>(&std::memset));
  define("fmaf", static_cast<float (*)(float, float, float)>(&::fmaf));
  define("fma", static_cast<double (*)(double, double, double)>(&::fma));
  define("expf", static_cast<float (*)(float)>(&::expf));
  define("exp2f", static_cast<float (*)(float)>(&::exp2f));
  define("logf", static_cast<float (*)(float)>(&::logf));
  define("log2f", static_cast<float (*)(float)>(&::log2f));
  define("tanhf", static_cast<float (*)(float)>(&::tanhf));
  define("floorf", static_cast<float (*)(float)>(&::floorf));
  define("ceilf", static_cast<float (*)(float)>(&::ceilf));
  define("roundevenf", static_cast<float (*)(float)>(&::roundevenf));
  define("rintf", static_cast<float (*)(float)>(&::rintf));
  define("nearbyintf", static_cast<float (*)(float)>(&::nearbyintf));
}

class OrcKernel final : public CpuKernel {
 public:
  OrcKernel(std::shared_ptr<orc::LLJIT> jit, orc::JITDylib& dylib, std::vector<std::string> names)
      : jit_(std::move(jit)), dylib_(&dylib), names_(std::move(names)) {}

  ~OrcKernel() override {
    // Nothing can be done about a failure here; the memory then lives as long as the session.
    llvm::consumeError(jit_->getExecutionSession().removeJITDylib(*dylib_));
  }

  Result<void> resolve() {
    for (const std::string& name : names_) {
      auto address = jit_->lookup(*dylib_, name);
      if (!address)
        return load_error(fmt::format("The kernel's entry '{}' could not be linked.", name), address.takeError());
      entries_.push_back(address->toPtr<CpuEntry>());
    }
    return {};
  }

  CpuEntry entry(std::string_view name) const override {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (names_[i] == name) return entries_[i];
    }
    return nullptr;
  }

 private:
  std::shared_ptr<orc::LLJIT> jit_;
  orc::JITDylib* dylib_;
  std::vector<std::string> names_;
  std::vector<CpuEntry> entries_;
};

// With links on several threads a reason may land in another's log: better than losing it.
struct Reasons {
  std::mutex mutex;
  std::string text;

  std::string take() {
    const std::scoped_lock lock(mutex);
    return std::exchange(text, {});
  }
};

class OrcLinker final : public ObjectLinker {
 public:
  static Result<std::unique_ptr<ObjectLinker>> make() {
    static std::once_flag once;
    std::call_once(once, [] {
      llvm::InitializeNativeTarget();
      llvm::InitializeNativeTargetAsmPrinter();
    });
    // Kernels have no static initialisers, so no platform support is needed.
    auto jit =
        orc::LLJITBuilder().setPlatformSetUp(orc::setUpInactivePlatform).setLinkProcessSymbolsByDefault(false).create();
    if (!jit) {
      return Error(Status::device_unavailable,
                   "LLVM's JIT could not be started on this machine: check that LLVM 19 is installed completely and that "
                   "executable memory may be mapped.",
                   llvm::toString(jit.takeError()));
    }
    auto linker = std::make_unique<OrcLinker>();
    linker->jit_ = std::move(*jit);
    // What a lookup returns only names the entry; the reason comes through here (and would go to standard error).
    linker->jit_->getExecutionSession().setErrorReporter([reasons = linker->reasons_](llvm::Error error) {
      const std::scoped_lock lock(reasons->mutex);
      reasons->text += llvm::toString(std::move(error)) + "\n";
    });
    orc::SymbolMap symbols;
    define_library_calls(*linker->jit_, symbols);
    auto library = linker->jit_->createJITDylib("library");
    if (!library) return load_error("The JIT could not create a library.", library.takeError());
    linker->library_ = &*library;
    if (auto error = library->define(orc::absoluteSymbols(std::move(symbols)))) {
      return load_error("The JIT could not define its library calls.", std::move(error));
    }
    return std::unique_ptr<ObjectLinker>(std::move(linker));
  }

  Result<std::shared_ptr<const CpuKernel>> link(const Binary& binary) override {
    auto dylib = jit_->createJITDylib(fmt::format("kernel{}", next_.fetch_add(1, std::memory_order_relaxed)));
    if (!dylib) return load_error("The JIT could not create a library for the kernel.", dylib.takeError());
    dylib->addToLinkOrder(*library_);
    auto kernel = std::make_shared<OrcKernel>(jit_, *dylib, binary.entries);
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(binary.bytes, "kernel.o");
    if (auto error = jit_->addObjectFile(*dylib, std::move(buffer))) {
      return load_error("The kernel's object file could not be read.", std::move(error));
    }
    if (auto resolved = kernel->resolve(); !resolved) {
      const Error& error = resolved.error();
      return Error(error.status(), error.message(), reasons_->take() + error.log());
    }
    return std::shared_ptr<const CpuKernel>(std::move(kernel));
  }

 private:
  std::shared_ptr<orc::LLJIT> jit_;
  std::shared_ptr<Reasons> reasons_ = std::make_shared<Reasons>();
  orc::JITDylib* library_ = nullptr;
  std::atomic<uint64_t> next_{0};
};

}  // namespace

Result<std::unique_ptr<ObjectLinker>> ObjectLinker::create() { return OrcLinker::make(); }

}  // namespace attune::runtime
