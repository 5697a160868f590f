#!/usr/bin/env python3
"""Installs the build into a prefix, moves the prefix, and builds and runs examples/ against it, by find_package and by
pkg-config, as a project that knows nothing of this repository would."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    print("+", *command, flush=True)
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"failed with {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def expect(condition, message):
    if not condition:
        sys.exit(message)


def main():
    parser = argparse.ArgumentParser()
    for option in ("cmake", "build", "source", "libdir", "cc", "cxx"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        built, prefix = folder / "built", folder / "moved" / "prefix"
        run(options.cmake, "--install", options.build, "--prefix", built, stdin=subprocess.DEVNULL)
        prefix.parent.mkdir()
        shutil.move(built, prefix)

        # Nothing of the machine's own but the tools: a home of its own, and no way back to the build.
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        environment |= {"HOME": str(folder / "home"), "PKG_CONFIG_PATH": str(prefix / options.libdir / "pkgconfig")}
        examples = folder / "examples"
        shutil.copytree(Path(options.source) / "examples", examples)

        header_files = sorted(path.name for path in (prefix / "include").rglob("*") if path.is_file())
        expect(header_files == ["attune.h", "attune.hpp"], f"unexpected public headers: {header_files}")
        for path in (prefix / options.libdir).rglob("*"):
            if path.suffix in (".cmake", ".pc"):
                text = path.read_text()
                for place in (options.build, options.source, str(built)):
                    expect(place not in text, f"{path.name} names {place}: the package could not be moved")

        # find_package
        out = folder / "by-cmake"
        run(options.cmake, "-S", examples, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={options.cc}",
            f"-DCMAKE_CXX_COMPILER={options.cxx}", env=environment)
        run(options.cmake, "--build", out, env=environment)
        outputs = [run(out / program, env=environment) for program in ("attention_c", "attention_cpp")]
        expect("largest error" in outputs[0] and "forward_cpu" in outputs[0], "attention_c did not say what it did")
        expect("gives zeros" in outputs[1] and "refused: " in outputs[1], "attention_cpp did not say what it did")

        # The second run of a program finds its kernels in the cache.
        again = run(out / "attention_c", env=environment)
        expect("kernel cache" in again, "the second process did not find the first one's kernel")

        # pkg-config
        flags = run("pkg-config", "--cflags", "--libs", "attune", env=environment).split()
        expect(run("pkg-config", "--modversion", "attune", env=environment).strip(), "no version")
        run(options.cc, "-std=c11", examples / "attention.c", "-o", folder / "c", *flags, "-lm", env=environment)
        run(options.cxx, "-std=c++20", examples / "attention.cpp", "-o", folder / "cpp", *flags, env=environment)
        loading = environment | {"LD_LIBRARY_PATH": str(prefix / options.libdir)}
        run(folder / "c", env=loading)
        run(folder / "cpp", env=loading)

        # The installed program runs from where it was moved to.
        run(prefix / "bin" / "attune", "--version", env=environment)


if __name__ == "__main__":
    main()
