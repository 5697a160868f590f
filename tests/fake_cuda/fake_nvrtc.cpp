// A libnvrtc.so that compiles nothing: the environment-free way to a compiler of any version and temper. What it does is in
// its name, decided when it is built (FAKE_NVRTC_MAJOR), and in the source it is given:
//   "#error X"        fails with X in the log
//   "#broken"         answers as if libnvrtc-builtins were missing
//   "#no memory"      runs out of memory
// Otherwise the "cubin" is the source behind a section name for each kernel, and the log is that of a compiler.
#include <cstring>
#include <string>
#include <vector>

#ifndef FAKE_NVRTC_MAJOR
#define FAKE_NVRTC_MAJOR 12
#endif
#ifndef FAKE_NVRTC_MINOR
#define FAKE_NVRTC_MINOR 3
#endif

namespace {

struct Program {
  std::string source, log, cubin, ptx;
};

// Names that follow "void " and end with "(".
std::vector<std::string> kernels(const std::string& source) {
  std::vector<std::string> names;
  for (size_t at = source.find("void "); at != std::string::npos; at = source.find("void ", at + 1)) {
    names.push_back(source.substr(at + 5, source.find('(', at) - at - 5));
  }
  return names;
}

int give_size(const std::string& text, size_t* bytes) {
  *bytes = text.size() + 1;
  return 0;
}
int give(const std::string& text, char* target) {
  std::memcpy(target, text.c_str(), text.size() + 1);
  return 0;
}
Program& program(void* handle) { return *static_cast<Program*>(handle); }

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE const char* nvrtcGetErrorString(int result) {
  return result == 7 ? "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE" : "NVRTC_ERROR";
}
FAKE int nvrtcVersion(int* major, int* minor) {
  *major = FAKE_NVRTC_MAJOR;
  *minor = FAKE_NVRTC_MINOR;
  return 0;
}
FAKE int nvrtcGetNumSupportedArchs(int* count) {
  *count = 3;
  return 0;
}
FAKE int nvrtcGetSupportedArchs(int* archs) {
  archs[0] = 80, archs[1] = 89, archs[2] = 90;
  return 0;
}
FAKE int nvrtcCreateProgram(void** handle, const char* source, const char*, int, const char* const*, const char* const*) {
  if (std::strstr(source, "#no memory") != nullptr) return 1;
  *handle = new Program{source, {}, {}, {}};
  return 0;
}
FAKE int nvrtcDestroyProgram(void** handle) {
  delete static_cast<Program*>(*handle);
  *handle = nullptr;
  return 0;
}
FAKE int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
  Program& p = program(handle);
  if (p.source.find("#broken") != std::string::npos) return 7;
  if (const size_t at = p.source.find("#error "); at != std::string::npos) {
    p.log = "kernel.cu(1): error: " + p.source.substr(at + 7);
    return 6;
  }
  std::string arch;
  for (int n = 0; n < count; ++n) {
    const std::string option = options[n];
    p.ptx += "// " + option + "\n";
    if (option.starts_with("--gpu-architecture=")) arch = option.substr(option.find('=') + 1);
    if (option == "--no-cache") return 5;  // came with 12.9
  }
  for (const std::string& name : kernels(p.source)) {
    p.ptx += ".visible .entry " + name + "(\n)\n{\n}\n";
    p.cubin += ".text." + name + '\0';
    p.log += "ptxas info    : Compiling entry function '" + name + "' for '" + arch +
             "'\nptxas info    : Function properties for " + name +
             "\nptxas         .     16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n"
             "ptxas info    : Used 64 registers, used 1 barriers, 2048 bytes smem\n";
  }
  p.log += "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized\n";
  return 0;
}
FAKE int nvrtcGetProgramLogSize(void* handle, size_t* bytes) { return give_size(program(handle).log, bytes); }
FAKE int nvrtcGetProgramLog(void* handle, char* log) { return give(program(handle).log, log); }
FAKE int nvrtcGetCUBINSize(void* handle, size_t* bytes) { return give_size(program(handle).cubin, bytes); }
FAKE int nvrtcGetCUBIN(void* handle, char* cubin) { return give(program(handle).cubin, cubin); }
FAKE int nvrtcGetPTXSize(void* handle, size_t* bytes) { return give_size(program(handle).ptx, bytes); }
FAKE int nvrtcGetPTX(void* handle, char* ptx) { return give(program(handle).ptx, ptx); }
