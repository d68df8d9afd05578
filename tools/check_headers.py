#!/usr/bin/python3
"""Checks that each public header compiles alone and brings nothing but the standard library, tl::expected and itself.

    tools/check_headers.py [--compiler g++] [--root DIR]
    tools/check_headers.py --self-test     plant bad headers in a scratch tree and expect each to be found

Alone: a file with only that #include line compiles without a warning.
Nothing else: no file of a third party is opened, and every macro that the include leaves defined is the
compiler's, the standard library's, tl::expected's, or ours by its beginning. C headers (.h) also compile as C.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

STANDARD = """
algorithm any array atomic bit bitset charconv chrono codecvt compare complex concepts condition_variable coroutine
deque exception execution filesystem forward_list fstream functional future initializer_list iomanip ios iosfwd
iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional
ostream queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream
stack stdexcept stop_token streambuf string string_view syncstream system_error thread tuple typeindex typeinfo
type_traits unordered_map unordered_set utility valarray variant vector version barrier
cassert cctype cerrno cfenv cfloat cinttypes climits clocale cmath csetjmp csignal cstdarg cstddef cstdint cstdio
cstdlib cstring ctime cuchar cwchar cwctype
""".split()
# The standard library's parallel algorithms pull in TBB where it is installed; that is not ours to judge.
STANDARD.remove("execution")

OUR_MACROS = ("LENSWIRE_", "STRATA_")

LINE_MARK = re.compile(r'^# \d+ "([^"]+)"')
DEFINE = re.compile(r"^#define (\w+)")
UNDEF = re.compile(r"^#undef (\w+)")


def preprocess(compiler, flags, text):
    """Every file opened, and the macros left defined with the file that defined each."""
    done = subprocess.run([compiler, "-std=c++20", "-E", "-dD", "-x", "c++", *flags, "-"], input=text,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    files, macros, file = set(), {}, ""
    for line in done.stdout.splitlines():
        if mark := LINE_MARK.match(line):
            file = mark.group(1)
            files.add(file)
        elif define := DEFINE.match(line):
            macros[define.group(1)] = file
        elif undef := UNDEF.match(line):
            macros.pop(undef.group(1), None)
    return files, macros


def check_header(compiler, flags, header, include, baseline):
    line = f"#include <{header.relative_to(include).as_posix()}>\n"
    common = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror", "-fsyntax-only"]
    name = header.name
    languages = [["-x", "c++", "-std=c++20"]] + ([["-x", "c", "-std=c99"]] if header.suffix == ".h" else [])
    for language in languages:
        # Twice: a header without a guard defines its types again.
        alone = subprocess.run([compiler, *language, *common, *flags, "-"], input=line + line, capture_output=True,
                               text=True, check=False)
        if alone.returncode:
            yield f"{name}: does not compile alone as {language[1]}:\n{alone.stderr}"
            return
    files, macros = preprocess(compiler, flags, line)
    for file in sorted(files - baseline):
        inside = "/include/lenswire/" in file or file.startswith("<")
        if not inside and not file.endswith("/tl/expected.hpp"):
            yield f"{name}: opens {file}; public headers use the standard library and tl::expected only"
    for macro, file in sorted(macros.items()):
        if file in baseline or file.startswith("<") or macro.startswith(OUR_MACROS):
            continue
        if macro.startswith("TL_") and file.endswith("/tl/expected.hpp"):
            continue
        yield f"{name}: leaves the macro {macro} defined (from {file})"


def check(compiler, root):
    include = (root / "include").resolve()
    flags = [f"-I{include}"]
    baseline, _ = preprocess(compiler, [], "".join(f"#include <{name}>\n" for name in STANDARD))
    headers = sorted([*(include / "lenswire").rglob("*.hpp"), *(include / "lenswire").rglob("*.h")])
    problems = [p for h in headers for p in check_header(compiler, flags, h, include, baseline)]
    return len(headers), problems


PLANTED = [
    ("planted.h", "#pragma once\nstruct Plain { int x; };\nPlain make(void);\n", "does not compile alone as c:"),
    ("planted.h", "#pragma once\n#include <stdint.h>\n#define STRATA_ONE 1\nuint8_t make(void);\n", ""),
    ("planted.hpp", "#pragma once\ninline std::string name;\n", "does not compile alone"),
    ("planted.hpp", "struct Twice {};\n", "does not compile alone"),
    ("planted.hpp", "#pragma once\ninline int f(long n) { return n; }\n", "does not compile alone"),
    ("planted.hpp", "#pragma once\n#include <linux/videodev2.h>\n", "opens "),
    ("planted.hpp", "#pragma once\n#define CHECK(x) (x)\n", "leaves the macro CHECK defined"),
    ("planted.hpp", "#pragma once\n#include <vector>\n#define LENSWIRE_X 1\n#define HERE 1\n#undef HERE\n", ""),
]


def self_test(compiler):
    failures = 0
    for name, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as scratch:
            header = pathlib.Path(scratch) / "include/lenswire" / name
            header.parent.mkdir(parents=True)
            header.write_text(text)
            _, problems = check(compiler, pathlib.Path(scratch))
        if (expected not in problems[0] if problems else expected) or (problems and not expected):
            failures += 1
            print(f"self-test: {text!r}: expected {expected or 'no problem'!r}, got {problems}", file=sys.stderr)
    print(f"self-test: {len(PLANTED) - failures} of {len(PLANTED)} planted headers judged right")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options.compiler)
    count, problems = check(options.compiler, options.root)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{count} public headers, {len(problems)} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
