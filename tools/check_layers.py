#!/usr/bin/python3
"""Holds the include lines of the tree against the layers of docs/architecture.md.

    tools/check_layers.py [--root DIR]     check a tree; 1 and one line per violation if there are any
    tools/check_layers.py --self-test      plant violations in a scratch tree and expect each to be found
"""

import argparse
import pathlib
import re
import sys
import tempfile

# What each layer may include besides itself.
MAY_INCLUDE = {
    "base": set(),
    "net": {"base"},
    "frame": {"base"},
    "codec": {"frame", "base"},
    "filter": {"frame", "base"},
    "wire": {"frame", "base"},
    # docs/decisions/0001-source-may-use-codec.md
    "source": {"codec", "frame", "base"},
    "hub": {"codec", "filter", "frame", "base"},
    "server": {"hub", "source", "wire", "net", "codec", "filter", "frame", "base"},
    # Of source, only what INTERFACES allows.
    "client": {"wire", "net", "codec", "filter", "frame", "base"},
    "cli": {"server", "client", "hub", "source", "wire", "net", "codec", "filter", "frame", "base"},
}

# Single headers of a layer that another one may include though the layer as a whole is closed to it.
INTERFACES = {"client": {"src/source/source_table.hpp", "include/lenswire/source.hpp"}}

# Public headers whose layer nothing else tells: one that has neither a layer's name nor a .cpp belongs to frame.
PUBLIC_HEADER_LAYER = {"time": "base"}

# Slow to compile or heavy to install: behind plain interfaces, in .cpp files only.
NEVER_IN_HEADERS = ("boost/beast", "gst/")

# Users of the public headers alone.
PUBLIC_ONLY = ("examples", "python")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".cc", ".ipp"}


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES and p.is_file())


class Tree:
    def __init__(self, root):
        self.root = root
        self.problems = []
        self.public_layers = {}

    def layer_of_public(self, header):
        """The layer of include/lenswire/<header>."""
        name = pathlib.PurePosixPath(header).stem
        if name not in self.public_layers:
            self.public_layers[name] = self.find_public_layer(name)
        return self.public_layers[name]

    def find_public_layer(self, name):
        if name in PUBLIC_HEADER_LAYER:
            return PUBLIC_HEADER_LAYER[name]
        if name in MAY_INCLUDE:
            return name
        holders = sorted({l for l in MAY_INCLUDE if any((self.root / "src" / l).rglob(f"{name}.cpp"))})
        if len(holders) > 1:
            self.problems.append(
                f"include/lenswire/{name}.hpp: {name}.cpp is in {' and '.join(holders)}; rename one, "
                "or name the layer in PUBLIC_HEADER_LAYER"
            )
        return holders[0] if holders else "frame"

    def target(self, file, bracket, include):
        """(layer, path in the tree) of an include line, or None for other people's headers."""
        if include.startswith("lenswire/"):
            return self.layer_of_public(include), f"include/{include}"
        first = include.split("/")[0]
        if first in MAY_INCLUDE and "/" in include and bracket == '"':
            return first, f"src/{include}"
        if bracket == "<":
            return None
        beside = (file.parent / include).resolve()
        try:
            inside = beside.relative_to(self.root.resolve())
        except ValueError:
            return None
        if len(inside.parts) > 2 and inside.parts[0] == "src" and inside.parts[1] in MAY_INCLUDE:
            return inside.parts[1], inside.as_posix()
        return None

    def includes(self, file):
        text = BLOCK_COMMENT.sub(
            lambda m: "\n" * m.group(0).count("\n"), file.read_text(encoding="utf-8", errors="replace")
        )
        for match in INCLUDE.finditer(text):
            yield text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2)

    def check_file(self, file, layer):
        name = file.relative_to(self.root).as_posix()
        allowed = MAY_INCLUDE[layer] | {layer}
        for line, bracket, include in self.includes(file):
            if file.suffix != ".cpp" and include.startswith(NEVER_IN_HEADERS):
                self.problems.append(f"{name}:{line}: {include} belongs in a .cpp file, behind a plain interface")
            found = self.target(file, bracket, include)
            if found and found[0] not in allowed and found[1] not in INTERFACES.get(layer, ()):
                listed = ", ".join(sorted(MAY_INCLUDE[layer])) or "nothing of ours"
                self.problems.append(f"{name}:{line}: {layer} may not include {include} ({found[0]}); it may use {listed}")

    def check_public_only(self, file):
        name = file.relative_to(self.root).as_posix()
        for line, bracket, include in self.includes(file):
            inner = include.split("/")[0] in MAY_INCLUDE and "/" in include
            if bracket == '"' and (inner or "src/" in include):
                self.problems.append(f"{name}:{line}: only <lenswire/...> may be included here, not {include}")

    def check(self):
        for folder in sorted(p for p in (self.root / "src").iterdir() if p.is_dir()):
            if folder.name not in MAY_INCLUDE:
                self.problems.append(f"src/{folder.name}: not a layer; add it to tools/check_layers.py with a decision")
                continue
            for file in sources(folder):
                self.check_file(file, folder.name)
        for file in sources(self.root / "include"):
            self.check_file(file, self.layer_of_public(file.name))
        for folder in PUBLIC_ONLY:
            for file in sources(self.root / folder):
                self.check_public_only(file)
        return self.problems


# (file, text, what the one expected problem says; "" for none)
PLANTED = [
    ("src/base/up.hpp", '#include "frame/image.hpp"\n', "base may not include frame/image.hpp"),
    ("src/net/sideways.cpp", '#include "frame/image.hpp"\n', "net may not include"),
    ("src/codec/sibling.cpp", '#include "filter/scale.hpp"\n', "codec may not include"),
    ("src/hub/meets.cpp", '\n\n#include "source/source_table.hpp"\n', "src/hub/meets.cpp:3: hub may not include"),
    ("src/source/v4l2/up.cpp", '#include "hub/hub.hpp"\n', "source may not include"),
    ("src/wire/up.cpp", "#include <lenswire/server.hpp>\n", "wire may not include lenswire/server.hpp (server)"),
    ("src/frame/dots.cpp", '#include "../net/socket.hpp"\n', "frame may not include ../net/socket.hpp"),
    ("src/client/source.cpp", '#include "source/source_runner.hpp"\n', "client may not include"),
    ("src/hub/knows.cpp", "#include <lenswire/source.hpp>\n", "hub may not include lenswire/source.hpp"),
    ("src/server/heavy.hpp", "#include <boost/beast/http.hpp>\n", "belongs in a .cpp file"),
    ("src/source/gst.hpp", "#include <gst/gst.h>\n", "belongs in a .cpp file"),
    ("include/lenswire/pixel_format.hpp", "#include <lenswire/server.hpp>\n", "frame may not include"),
    ("examples/inside.cpp", '#include "hub/hub.hpp"\n', "only <lenswire/...>"),
    ("src/util/all.hpp", "", "not a layer"),
    ("src/server/heavy.cpp", "#include <boost/beast/http.hpp>\n", ""),
    ("src/source/replay/png.cpp", '#include "codec/codec.hpp"\n', ""),
    ("src/client/remote.cpp", '#include "source/source_table.hpp"\n#include <lenswire/source.hpp>\n', ""),
    ("src/base/clock.hpp", "#include <lenswire/time.hpp>\n", ""),
    ("src/wire/comment.cpp", '/*\n#include "net/socket.hpp"\n*/\n// #include "net/socket.hpp"\n', ""),
    ("examples/good.cpp", "#include <lenswire/client.hpp>\n", ""),
]


def self_test():
    failures = 0
    for name, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            (root / "src/frame").mkdir(parents=True)
            (root / "src/frame/pixel_format.cpp").write_text("")
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            problems = Tree(root).check()
        good = len(problems) == 1 and expected in problems[0] if expected else not problems
        if not good:
            failures += 1
            print(f"self-test: {name}: expected {expected or 'no problem'!r}, got {problems}", file=sys.stderr)
    print(f"self-test: {len(PLANTED) - failures} of {len(PLANTED)} planted files judged right")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    problems = Tree(options.root).check()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
