// Every verb of the program, one file each: registers its options and its action.
#pragma once

namespace CLI {
class App;
}

namespace attune::cli {

class Program;

void add_run(CLI::App& root, Program& program);
void add_tune(CLI::App& root, Program& program);
void add_explain(CLI::App& root, Program& program);
void add_top(CLI::App& root, Program& program);
void add_emit(CLI::App& root, Program& program);
void add_verify(CLI::App& root, Program& program);
void add_bench(CLI::App& root, Program& program);
void add_export(CLI::App& root, Program& program);
void add_import(CLI::App& root, Program& program);
void add_merge(CLI::App& root, Program& program);
void add_gc(CLI::App& root, Program& program);
void add_doctor(CLI::App& root, Program& program);
void add_support(CLI::App& root, Program& program);
void add_sample(CLI::App& root, Program& program);
void add_accuracy(CLI::App& root, Program& program);
void add_worker(CLI::App& root, Program& program);  // hidden: the tuner's measuring process
void add_docs(CLI::App& root, Program& program);    // hidden: prints docs/cli.md, docs/environment.md and docs/support.md

}  // namespace attune::cli
