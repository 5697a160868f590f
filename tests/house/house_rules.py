#!/usr/bin/env python3
"""House rules as checks over the source tree.

    house_rules.py ROOT RULE        one rule; prints every violation and exits with 1 if there is one
    house_rules.py ROOT --self-test every rule against a tree made to break it: a rule that cannot fail is no rule
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Dependencies point one way: a room may include rooms of a lower floor and itself.
FLOORS = {"common": 0, "generator": 1, "cache": 1, "emulator": 1, "runtime": 2, "tuner": 3, "api": 4, "cli": 5}
OTHER_SOURCES = ["include", "tests", "bench", "examples"]
SOURCE_SUFFIXES = {".cpp", ".hpp", ".c", ".h", ".cuh"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".py", ".sh", ".cmake", ".txt", ".md", ".in", ".map"}
MAX_LINES = 600
EXCUSE = "longer than 600 lines because"

STANDARD_HEADERS = set(
    """algorithm any array atomic barrier bit bitset cassert cerrno cfenv cfloat charconv chrono cinttypes climits clocale
    cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio
    cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem forward_list fstream functional future
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex
    new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span sstream stack stdexcept stop_token streambuf string string_view syncstream system_error thread
    tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version
    stddef.h stdint.h""".split()
)


def files(root, suffixes, folders=None):
    """Files of the tree in a stable order, without build outputs and hidden folders."""
    top = [root / folder for folder in folders] if folders else [root]
    found = []
    for folder in top:
        for directory, subdirectories, names in os.walk(folder):
            subdirectories[:] = sorted(
                name for name in subdirectories
                if name not in ("build", "__pycache__") and (not name.startswith(".") or name == ".ci")
            )
            found += [Path(directory) / name for name in sorted(names) if Path(name).suffix in suffixes]
    return found


def sources(root, folders=None):
    return files(root, SOURCE_SUFFIXES, folders or list(FLOORS) + OTHER_SOURCES)


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def room_of(root, path):
    room = path.relative_to(root).parts[0]
    return room if room in FLOORS else None


def includes(path):
    """(line number, '<' or '"', name) of each include directive."""
    for number, line in enumerate(lines_of(path), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1), match.group(2)


def included_room(root, name):
    first = Path(name).parts[0]
    return first if first in FLOORS and (root / name).exists() else None


def check_include_direction(root):
    for path in sources(root, list(FLOORS)):
        room = room_of(root, path)
        for number, _, name in includes(path):
            other = included_room(root, name)
            if other and other != room and FLOORS[other] >= FLOORS[room]:
                yield f"{path.relative_to(root)}:{number}: {room} includes {name} of {other}, which is not below it"
            if Path(name).parts[0] in ("tests", "bench", "examples"):
                yield f"{path.relative_to(root)}:{number}: {room} includes {name}, which is not part of the library"
            if ".." in Path(name).parts:
                yield f"{path.relative_to(root)}:{number}: {name} is not written from the root of the repository"


def check_third_party_headers(root):
    """A header that another room includes must not carry third-party headers with it, at any depth."""
    reached = {}  # header -> who brings it through a door
    for path in sources(root, list(FLOORS)):
        for _, _, name in includes(path):
            other = included_room(root, name)
            if other and other != room_of(root, path):
                reached.setdefault(root / name, str(path.relative_to(root)))
    for path in files(root, {".h", ".hpp"}, ["include"]):
        reached.setdefault(path, "the users of the library")
    waiting = list(reached)
    while waiting:
        path = waiting.pop()
        for number, quote, name in includes(path):
            inner = root / name if (root / name).exists() else root / "include" / name
            if quote == '"' and inner.exists():
                if inner not in reached:
                    reached[inner] = reached[path]
                    waiting.append(inner)
            elif name not in STANDARD_HEADERS:
                yield (f"{path.relative_to(root)}:{number}: <{name}> is neither ours nor standard C++, and this header "
                       f"reaches {reached[path]}")


def check_file_length(root):
    for path in sources(root):
        lines = lines_of(path)
        if len(lines) > MAX_LINES and not any(EXCUSE in line.lower() for line in lines[:5]):
            yield f"{path.relative_to(root)}: {len(lines)} lines; split it, or say in the first lines: {EXCUSE} ..."


def check_purpose_comment(root):
    for path in files(root, {".hpp", ".h", ".cuh"}, list(FLOORS) + ["include"]):
        first = (lines_of(path) or [""])[0]
        if not first.startswith(("//", "/*")):
            yield f"{path.relative_to(root)}:1: begin with one line that says what the file is for"


def check_leftovers(root):
    words = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
    skipped = re.compile(r"\bGTEST_" + r"SKIP\b|\bDISABLED_\w")
    for path in files(root, TEXT_SUFFIXES):
        for number, line in enumerate(lines_of(path), 1):
            for pattern in (words, skipped):
                match = pattern.search(line)
                if match:
                    yield f"{path.relative_to(root)}:{number}: {match.group(0)}: finish it or take it out"


def check_environment(root):
    readers = re.compile(r"\b(getenv|secure_getenv|environ)\b")
    for path in sources(root, list(FLOORS) + ["include"]):
        if path.relative_to(root) == Path("runtime/environment.cpp"):
            continue
        for number, line in enumerate(lines_of(path), 1):
            code = re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])
            # A worker process gets the environment as it is: passing it on is not reading it.
            passed_on = "posix_spawn" in code or code.strip() == "extern char** environ;"
            if readers.search(code) and not passed_on:
                yield f"{path.relative_to(root)}:{number}: the environment is read in runtime/environment.cpp alone"


def check_scripts(root):
    scripts = files(root, {".sh"}) + [root / ".ci" / "run"]
    for path in scripts:
        if not path.exists():
            yield f"{path.relative_to(root)}: is missing"
        elif not os.access(path, os.X_OK):
            yield f"{path.relative_to(root)}: is not executable; run: chmod +x {path.relative_to(root)}"
        elif not lines_of(path)[0].startswith("#!"):
            yield f"{path.relative_to(root)}:1: has no #! line"


def check_format(root):
    paths = [path for path in sources(root) if path.suffix != ".cuh"]
    if not paths:
        return
    command = ["clang-format-19", f"--style=file:{root / '.clang-format'}", "--dry-run", "--ferror-limit=1"]
    report = subprocess.run(command + [str(path) for path in paths], capture_output=True, text=True)
    named = {line.split(":")[0] for line in report.stderr.splitlines() if "[-Wclang-format-violations]" in line}
    for path in paths:
        if str(path) in named:
            yield f"{path.relative_to(root)}: run: clang-format-19 -i {path.relative_to(root)}"
    if report.returncode != 0 or (report.stderr and not named):
        yield f"clang-format-19 failed: {report.stderr.strip()}"


RULES = {
    "include_direction": check_include_direction,
    "third_party_headers": check_third_party_headers,
    "file_length": check_file_length,
    "purpose_comment": check_purpose_comment,
    "leftovers": check_leftovers,
    "environment": check_environment,
    "scripts": check_scripts,
    "format": check_format,
}

# A tree in which each rule has something to find, and what it must say about which file.
BROKEN_TREE = {
    ".clang-format": "BasedOnStyle: Google\n",
    "common/low.hpp": '// Low.\n#pragma once\n#include "runtime/high.hpp"\n',
    "cache/sibling.hpp": '// Sibling.\n#include "generator/other.hpp"\n#include "tests/helper.hpp"\n',
    "generator/other.hpp": "#pragma once\n",
    "runtime/high.hpp": '// High.\n#include "runtime/inner.hpp"\n',
    "runtime/inner.hpp": "// Inner.\n#include <sqlite3.h>\n",
    "tuner/private.hpp": "// Not seen by another room: may include what it likes.\n#include <llvm/IR/Module.h>\n",
    "tuner/long.cpp": "\n" * 601,
    "tuner/long_with_reason.cpp": "// Longer than 600 lines because it is one table.\n" + "\n" * 700,
    "cli/unfinished.cpp": "// TO" + "DO later\n",
    "cli/reads.cpp": '#include <cstdlib>\nauto home = getenv("HOME");  // why\nauto text = "getenv";\n'
    "extern char** environ;\nauto id = posix_spawn(environ);\nauto first = environ[0];\n",
    "runtime/environment.cpp": 'auto home = getenv("HOME");\n',
    "api/ugly.cpp": "int  x ;\n",
    "tests/helper.hpp": "// Helper.\n",
    "scripts/plain.sh": "echo\n",
}
MUST_FIND = {
    "include_direction": ["common/low.hpp:3", "cache/sibling.hpp:2", "cache/sibling.hpp:3"],
    "third_party_headers": ["runtime/inner.hpp:2"],
    "file_length": ["tuner/long.cpp"],
    "purpose_comment": ["generator/other.hpp:1"],
    "leftovers": ["cli/unfinished.cpp:1"],
    "environment": ["cli/reads.cpp:2", "cli/reads.cpp:6"],
    "scripts": [".ci/run", "scripts/plain.sh"],
    "format": ["api/ugly.cpp"],
}


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in BROKEN_TREE.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for rule, check in RULES.items():
            found = list(check(root))
            for place in MUST_FIND[rule]:
                if not any(line.startswith(place) for line in found):
                    failures.append(f"{rule} did not find {place}; it found {found}")
            unexpected = [line for line in found if not any(line.startswith(place) for place in MUST_FIND[rule])]
            if rule != "format" and unexpected:
                failures.append(f"{rule} found too much: {unexpected}")
    return failures


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in [*RULES, "--self-test"]:
        print(__doc__ + "\nrules: " + " ".join(RULES), file=sys.stderr)
        return 2
    root = Path(sys.argv[1]).resolve()
    violations = self_test() if sys.argv[2] == "--self-test" else list(RULES[sys.argv[2]](root))
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
