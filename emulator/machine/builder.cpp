#include "emulator/machine/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "common/arithmetic.hpp"
#include "emulator/machine/control.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/layout.hpp"

namespace attune::emulator {
namespace {

class Builder final : public Names {
 public:
  Builder(const ptx::Module& module, const ModuleLayout& layout, int architecture)
      : module_(module), layout_(layout), architecture_(architecture) {}

  Result<Kernel> run(int32_t entry) {
    const ptx::Function& function = module_.functions[static_cast<size_t>(entry)];
    kernel_.name = function.name;
    kernel_.maxntid = function.maxntid;
    kernel_.reqntid = function.reqntid;
    kernel_.opcodes.emplace_back();  // index 0: instructions the builder adds
    // The first KiB of a CTA's shared memory belongs to the system from sm_90 on.
    kernel_.shared_base_bytes = architecture_ >= 90 ? 1024 : 0;
    shared_end_ = kernel_.shared_base_bytes;
    for (const int32_t parameter : function.parameters) {
      const ptx::Variable& variable = module_.variables[static_cast<size_t>(parameter)];
      const int64_t offset = round_up(kernel_.parameter_bytes, std::max<int64_t>(variable.align_bytes, 1));
      kernel_.parameters.push_back({offset, variable.size_bytes});
      kernel_.parameter_bytes = offset + variable.size_bytes;
      parameter_offsets_[parameter] = static_cast<uint64_t>(offset);
    }
    ATTUNE_CHECK(add_function(entry));
    // Building a function may add others to the list.
    for (size_t i = 0; i < order_.size(); ++i) {  // NOLINT(modernize-loop-convert)
      ATTUNE_CHECK(build_function(order_[i]));
    }
    ATTUNE_CHECK(check_recursion(entry));
    finish();
    return std::move(kernel_);
  }

  // --- Names ------------------------------------------------------------------------------------------------------------
  Slot register_slot(int32_t index) override {
    Slot& slot = slots_[static_cast<size_t>(index)];
    if (slot == kSinkSlot) slot = new_slot(size_bytes(register_type(index)) == 8);
    return slot;
  }
  ptx::Type register_type(int32_t index) const override { return function_->registers[static_cast<size_t>(index)].type; }
  PredicateIndex predicate(int32_t index) override {
    Slot& slot = slots_[static_cast<size_t>(index)];
    if (slot == kSinkSlot) slot = kernel_.predicates++;
    return slot;
  }
  Slot constant(const Constant& constant) override {
    const auto key = std::make_tuple(static_cast<int>(constant.base), constant.bits, constant.wide);
    const auto [found, is_new] = constants_.try_emplace(key, kConstantBank | kernel_.constant_units);
    if (is_new) {
      kernel_.constants.push_back(constant);
      kernel_.constant_slots.push_back(found->second);
      kernel_.constant_units += constant.wide ? 2 : 1;
    }
    return found->second;
  }
  Slot special(SpecialRegister name) override {
    const auto [found, is_new] = specials_.try_emplace(static_cast<int>(name), 0);
    if (is_new) {
      found->second = new_slot(false);
      kernel_.special_registers.emplace_back(name, found->second);
    }
    return found->second;
  }
  Slot scratch(bool wide) override { return new_slot(wide); }
  int architecture() const override { return architecture_; }

  Result<Constant> address_of(int32_t index) override {
    const ptx::Variable& variable = module_.variables[static_cast<size_t>(index)];
    Constant constant;
    switch (variable.space) {
      case ptx::Space::global:
      case ptx::Space::constant:
        constant.base = Constant::Base::module;
        constant.bits = static_cast<uint64_t>(layout_.offsets[static_cast<size_t>(index)]);
        return constant;
      case ptx::Space::shared: {
        constant.base = Constant::Base::shared;
        if (variable.is_extern) {
          kernel_.dynamic_align_bytes = std::max(kernel_.dynamic_align_bytes, variable.align_bytes);
          constant.bits = kDynamicShared;
          return constant;
        }
        auto [found, is_new] = shared_offsets_.try_emplace(index, 0);
        if (is_new) {
          found->second = round_up(shared_end_, std::max<int64_t>(variable.align_bytes, 1));
          shared_end_ = found->second + variable.size_bytes;
        }
        constant.bits = static_cast<uint64_t>(found->second);
        return constant;
      }
      case ptx::Space::param:
      case ptx::Space::local: {
        if (const auto parameter = parameter_offsets_.find(index); parameter != parameter_offsets_.end()) {
          constant.bits = parameter->second;
          return constant;
        }
        auto [found, is_new] = local_offsets_.try_emplace(index, 0);
        if (is_new) {
          found->second = round_up(kernel_.local_bytes, std::max<int64_t>(variable.align_bytes, 1));
          kernel_.local_bytes = found->second + variable.size_bytes;
        }
        constant.bits = static_cast<uint64_t>(found->second);
        if (variable.space == ptx::Space::param) constant.bits += kLocalParameterBase;
        return constant;
      }
      default:
        return Error(Status::invalid_argument,
                     fmt::format("the variable '{}' has no state space; correct the PTX", variable.name));
    }
  }

 private:
  static constexpr uint64_t kDynamicShared = uint64_t{1} << 40;  // replaced when the static part is known

  struct Block {
    std::vector<Instruction> code;
    std::vector<std::vector<Slot>> operands;
    std::vector<int> successors;
    int fallthrough = -1;  // block that follows when the last instruction does not jump
  };

  Slot new_slot(bool wide) {
    const Slot slot = kernel_.register_units;
    kernel_.register_units += wide ? 2 : 1;
    return slot;
  }

  Result<void> add_function(int32_t index) {
    if (!module_.functions[static_cast<size_t>(index)].has_body) {
      return Error(Status::unsupported, fmt::format("the function '{}' is called but has no body; link the module first",
                                                    module_.functions[static_cast<size_t>(index)].name));
    }
    if (starts_.try_emplace(index, -1).second) order_.push_back(index);
    return {};
  }

  // Functions have one frame each, so a function must not be entered again before it returns.
  Result<void> check_recursion(int32_t function, int depth = 0) const {
    if (depth > 64) {
      return Error(Status::unsupported,
                   fmt::format("'{}' calls itself, directly or through others; the emulator gives every "
                               "function one frame: write it as a loop",
                               module_.functions[static_cast<size_t>(function)].name));
    }
    const auto calls = calls_.find(function);
    if (calls == calls_.end()) return {};
    for (const int32_t callee : calls->second) ATTUNE_CHECK(check_recursion(callee, depth + 1));
    return {};
  }

  Result<void> build_function(int32_t index) {
    function_ = &module_.functions[static_cast<size_t>(index)];
    slots_.assign(function_->registers.size(), kSinkSlot);
    std::vector<Block> blocks;
    ATTUNE_CHECK(make_blocks(index, blocks));
    lay_out(index, blocks);
    return {};
  }

  Result<void> make_blocks(int32_t index, std::vector<Block>& blocks) {
    const auto& list = function_->instructions;
    std::vector<bool> leads(list.size() + 1);
    leads[0] = true;
    for (const int32_t target : function_->label_targets) leads[static_cast<size_t>(target)] = true;
    for (size_t i = 0; i < list.size(); ++i) {
      if (ends_block(list[i].opcode)) leads[i + 1] = true;
    }
    // The end of the text is an implicit return.
    leads[list.size()] = true;
    std::vector<int> block_of(list.size() + 1);
    int count = -1;
    for (size_t i = 0; i <= list.size(); ++i) {
      if (leads[i]) ++count;
      block_of[i] = count;
    }
    blocks.resize(static_cast<size_t>(count) + 1);
    const auto block_of_label = [&](int32_t label) {
      return block_of[static_cast<size_t>(function_->label_targets[static_cast<size_t>(label)])];
    };
    for (size_t i = 0; i < list.size(); ++i) {
      Block& block = blocks[static_cast<size_t>(block_of[i])];
      ControlFlow flow;
      ATTUNE_CHECK(decode_into(index, list[i], block, flow));
      for (const int32_t label : flow.labels) block.successors.push_back(block_of_label(label));
      if (flow.labels.size() == 1 && !flow.is_table) {
        block.code.back().target = static_cast<uint32_t>(block.successors.back());
      } else if (flow.is_table) {
        auto table = std::make_shared<std::vector<uint32_t>>();
        for (const int32_t label : flow.labels) table->push_back(static_cast<uint32_t>(block_of_label(label)));
        tables_.push_back(table);
        block.code.back().detail = table.get();
        kernel_.details.push_back(table);
      }
      if (leads[i + 1] && flow.falls_through) block.fallthrough = block_of[i + 1];
    }
    Block& last = blocks.back();
    last.code.push_back(make_return());
    last.operands.emplace_back();
    for (Block& block : blocks) {
      if (block.fallthrough >= 0) block.successors.push_back(block.fallthrough);
    }
    return {};
  }

  Result<void> decode_into(int32_t function, const ptx::Instruction& source, Block& block, ControlFlow& flow) {
    Decoder decoder(*this, source);
    if (source.guard >= 0) {
      if (register_type(source.guard) != ptx::Type::pred) return decoder.malformed("the guard is not a predicate");
      decoder.out.guard = {predicate(source.guard), source.guard_negated};
    }
    if (is_call(decoder.mnemonic())) {
      return decode_call(function, decoder, block, flow);
    }
    ATTUNE_CHECK(decode(decoder));
    ATTUNE_CHECK(control_flow(decoder, *function_, flow));
    append(decoder, block);
    return {};
  }

  // Arguments are copied into the callee's parameters, and its results back: all of them lie in local memory.
  Result<void> decode_call(int32_t caller, Decoder& decoder, Block& block, ControlFlow& flow) {
    ATTUNE_TRY(CallOperands call, call_operands(decoder));
    ATTUNE_CHECK(add_function(call.function));
    calls_[caller].push_back(call.function);
    const ptx::Function& callee = module_.functions[static_cast<size_t>(call.function)];
    if (callee.parameters.size() != call.arguments.size() || callee.results.size() != call.results.size()) {
      return decoder.malformed(fmt::format("'{}' has other parameters", callee.name));
    }
    const auto copies = [&](const std::vector<int32_t>& from,
                            const std::vector<int32_t>& to) -> Result<std::vector<LocalCopy>> {
      std::vector<LocalCopy> list;
      for (size_t i = 0; i < from.size(); ++i) {
        ATTUNE_TRY(const Constant source, address_of(from[i]));
        ATTUNE_TRY(const Constant destination, address_of(to[i]));
        const int64_t bytes = std::min(module_.variables[static_cast<size_t>(from[i])].size_bytes,
                                       module_.variables[static_cast<size_t>(to[i])].size_bytes);
        list.push_back({static_cast<int64_t>(destination.bits - kLocalParameterBase),
                        static_cast<int64_t>(source.bits - kLocalParameterBase), bytes});
      }
      return list;
    };
    ATTUNE_TRY(std::vector<LocalCopy> in, copies(call.arguments, callee.parameters));
    ATTUNE_TRY(std::vector<LocalCopy> out, copies(callee.results, call.results));
    const auto add_copies = [&](std::vector<LocalCopy> list) {
      if (list.empty()) return;
      Instruction copy = make_local_copy(decoder.out);
      auto shared = std::make_shared<const std::vector<LocalCopy>>(std::move(list));
      copy.detail = shared.get();
      kernel_.details.push_back(std::move(shared));
      block.code.push_back(copy);
      block.operands.emplace_back();
    };
    add_copies(std::move(in));
    decoder.out.target = static_cast<uint32_t>(call.function);
    append(decoder, block);
    add_copies(std::move(out));
    flow.falls_through = true;
    return {};
  }

  void append(Decoder& decoder, Block& block) {
    const auto add = [&](Instruction instruction, std::vector<Slot> operands) {
      block.code.push_back(instruction);
      block.operands.push_back(std::move(operands));
    };
    const auto add_extra = [&](Decoder::Extra& extra) {
      extra.instruction.line = decoder.out.line;
      extra.instruction.guard = decoder.out.guard;
      if (extra.keep) kernel_.details.push_back(std::move(extra.keep));
      add(extra.instruction, std::move(extra.operands));
    };
    for (Decoder::Extra& extra : decoder.before) add_extra(extra);
    Instruction instruction = decoder.out;
    const auto [found, is_new] =
        opcode_indices_.try_emplace(decoder.opcode(), static_cast<uint32_t>(kernel_.opcodes.size()));
    if (is_new) kernel_.opcodes.push_back(decoder.opcode());
    instruction.opcode = found->second;
    instruction.destinations = static_cast<uint16_t>(decoder.destinations.size());
    instruction.sources = static_cast<uint16_t>(decoder.sources.size());
    if (decoder.detail_) {
      instruction.detail = decoder.detail_.get();
      kernel_.details.push_back(decoder.detail_);
    }
    std::vector<Slot> operands = std::move(decoder.destinations);
    operands.insert(operands.end(), decoder.sources.begin(), decoder.sources.end());
    const bool extra_after = !decoder.after.empty();
    if (extra_after) {
      add(instruction, std::move(operands));
      for (Decoder::Extra& extra : decoder.after) add_extra(extra);
    } else {
      add(instruction, std::move(operands));
    }
  }

  // Writes the blocks in the order of reconvergence and turns block numbers into instruction numbers.
  void lay_out(int32_t index, std::vector<Block>& blocks) {
    std::vector<std::vector<int>> successors;
    successors.reserve(blocks.size());
    for (const Block& block : blocks) successors.push_back(block.successors);
    const std::vector<int> order = reconvergence_order(successors);
    std::vector<uint32_t> start(blocks.size());
    starts_[index] = static_cast<int64_t>(kernel_.code.size());
    const size_t first = kernel_.code.size();
    for (size_t i = 0; i < order.size(); ++i) {
      Block& block = blocks[static_cast<size_t>(order[i])];
      start[static_cast<size_t>(order[i])] = static_cast<uint32_t>(kernel_.code.size());
      for (size_t j = 0; j < block.code.size(); ++j) {
        kernel_.code.push_back(block.code[j]);
        operand_lists_.push_back(std::move(block.operands[j]));
      }
      const int next = i + 1 < order.size() ? order[i + 1] : -1;
      if (block.fallthrough >= 0 && block.fallthrough != next) {
        Instruction jump = make_jump();
        jump.target = static_cast<uint32_t>(block.fallthrough);
        jump.line = block.code.empty() ? 0 : block.code.back().line;
        kernel_.code.push_back(jump);
        operand_lists_.emplace_back();
      }
    }
    for (size_t i = first; i < kernel_.code.size(); ++i) {
      if (is_jump(kernel_.code[i])) kernel_.code[i].target = start[kernel_.code[i].target];
    }
    for (const auto& table : tables_) {
      for (uint32_t& target : *table) target = start[target];
    }
    tables_.clear();
  }

  void finish() {
    for (Instruction& instruction : kernel_.code) {
      if (is_call(instruction))
        instruction.target = static_cast<uint32_t>(starts_[static_cast<int32_t>(instruction.target)]);
    }
    size_t total = 0;
    for (const auto& list : operand_lists_) total += list.size();
    kernel_.operands.reserve(total);
    for (size_t i = 0; i < kernel_.code.size(); ++i) {
      kernel_.code[i].operands = kernel_.operands.data() + kernel_.operands.size();
      kernel_.operands.insert(kernel_.operands.end(), operand_lists_[i].begin(), operand_lists_[i].end());
    }
    const int64_t dynamic = round_up(shared_end_, kernel_.dynamic_align_bytes);
    kernel_.static_shared_bytes = shared_end_ - kernel_.shared_base_bytes;
    for (Constant& constant : kernel_.constants) {
      if (constant.base == Constant::Base::shared && constant.bits >= kDynamicShared / 2) {
        constant.bits = constant.bits - kDynamicShared + static_cast<uint64_t>(dynamic);
      }
    }
    kernel_.dynamic_start_bytes = dynamic;
    kernel_.local_bytes = round_up(kernel_.local_bytes, 16);
  }

  const ptx::Module& module_;
  const ModuleLayout& layout_;
  int architecture_;
  Kernel kernel_;
  const ptx::Function* function_ = nullptr;
  std::vector<Slot> slots_;  // by register of the function in hand; predicates have their own numbers
  std::map<std::tuple<int, uint64_t, bool>, Slot> constants_;
  std::map<int, Slot> specials_;
  std::unordered_map<std::string, uint32_t> opcode_indices_;
  std::unordered_map<int32_t, uint64_t> parameter_offsets_;
  std::unordered_map<int32_t, int64_t> shared_offsets_;
  std::unordered_map<int32_t, int64_t> local_offsets_;
  std::unordered_map<int32_t, int64_t> starts_;
  std::unordered_map<int32_t, std::vector<int32_t>> calls_;
  std::vector<int32_t> order_;
  std::vector<std::vector<Slot>> operand_lists_;
  std::vector<std::shared_ptr<std::vector<uint32_t>>> tables_;
  int64_t shared_end_ = 0;
};

}  // namespace

Result<Kernel> build_kernel(const ptx::Module& module, const ModuleLayout& layout, int32_t entry, int architecture) {
  return Builder(module, layout, architecture).run(entry);
}

}  // namespace attune::emulator
