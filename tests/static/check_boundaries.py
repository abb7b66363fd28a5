#!/usr/bin/python3
"""Fails on an #include that breaks the boundaries of docs/ARCHITECTURE.md.

Folders may include only the folders below them, and a third-party library only stands where it is owned. LibTorch is also
followed through our own headers: a file outside its folders must not see it at all, as its include folder carries another
fmt and protobuf.

    check_boundaries.py [ROOT]      ROOT: the repository; by default the one this file is in
"""
import collections
import fnmatch
import pathlib
import re
import sys

# Which of our folders a folder may include, besides itself. The longest matching name counts.
ALLOWED_FOLDERS = {
    "server/base": [],
    "proto/spec": ["proto"],
    "server/device": ["server/base"],
    "server/kernels": ["server/base"],
    "server/log": ["server/base"],
    "server/serving": ["server/base"],
    "server/image": ["server/serving", "server/base"],
    "server/metrics": ["server/jobs", "server/serving", "server/base"],
    "server/model": ["server/device", "server/kernels", "server/serving", "server/base", "server/log"],
    "server/rpc/credentials": ["server/base", "server/log"],
    "server/rpc": ["server/jobs", "server/serving", "server/base", "server/log", "server/rpc/credentials", "proto"],
    "server/jobs": ["server/base", "server/log", "proto", "proto/spec"],
    "server/data": ["server/base"],
    "server/eval": ["server/data", "server/serving", "server/base"],
    "server/eval_": ["server/eval", "server/device", "server/model", "server/data", "server/serving", "server/base"],
    "server/train": ["server/data", "server/device", "server/eval", "server/base", "server/jobs", "proto", "proto/spec"],
    "server/training": ["server/device", "server/jobs", "server/log", "server/serving", "server/option", "server/base", "proto"],
    "server/trainer_": ["server/train", "server/device", "server/eval", "server/data", "server/jobs", "server/base", "proto", "proto/spec"],
    "server/option": ["server/base", "server/log"],
    "server": ["server/base", "server/log", "server/serving", "server/image", "server/metrics", "server/device",
               "server/model", "server/rpc", "server/rpc/credentials", "server/jobs", "server/training", "server/option"],
    "client": ["server/base", "proto", "proto/spec"],
    "tests": ["server", "client", "proto", "proto/spec", "server/base", "server/kernels", "server/log", "server/serving",
              "server/image", "server/metrics", "server/model", "server/rpc", "server/rpc/credentials", "server/jobs",
              "server/data", "server/device", "server/train", "server/eval", "server/option"],
}

# Keys that are the start of the names of files, not folders.
FILE_GROUPS = ("server/eval_", "server/option", "server/trainer_", "server/training")

# Third-party headers by the start of their name, and the only places that may include them. "*.cc": not in headers.
LIBRARIES = {
    "LibTorch": (r"(torch|ATen|c10|caffe2)/", ["server/device/", "server/model/", "server/train/", "server/eval/", "tests/"]),
    "gRPC": (r"(grpc|grpcpp)/(?!health/)", ["server/rpc/", "server/server.cc", "client/", "tests/"]),
    "Protobuf": (r"google/(protobuf|rpc)/|ganserve/v1/|grpc/health/",
                 ["proto/spec/", "server/rpc/", "server/jobs/", "server/train/", "server/trainer_*", "client/", "tests/"]),
    "prometheus-cpp": (r"prometheus/", ["server/metrics/", "tests/unit/metrics/"]),
    "spdlog": (r"spdlog/", ["server/log/*.cc"]),
    "CLI11": (r"CLI/", ["server/option*.cc", "server/trainer_*", "server/eval_*", "client/ganctl/*.cc", "proto/spec/*.cc",
                         "tests/*.cc"]),
    "libpng": (r"png\.h$", ["server/image/*.cc", "server/data/*.cc", "client/ganctl/*.cc", "tests/*.cc"]),
    "FreeType": (r"ft2build\.h$", ["server/data/*.cc"]),
    "libjpeg": (r"jpeglib\.h$", ["server/data/*.cc", "tests/unit/data/*.cc"]),
    "cairo": (r"cairo(-svg)?\.h$", ["client/plot/*.cc"]),
    "libdeflate": (r"libdeflate\.h$", ["server/image/", "tests/"]),
    "zlib": (r"zlib\.h$", ["server/base/*.cc", "server/image/*.cc", "server/data/*.cc", "tests/*.cc"]),
    "OpenSSL": (r"openssl/", ["server/base/*.cc", "server/model/*.cc", "server/rpc/credentials/", "tests/"]),
    "nlohmann_json": (r"nlohmann/", ["server/model/*.cc", "server/train/*.cc", "server/eval/*.cc", "server/eval_*.cc",
                                     "client/bench/*.cc", "tests/*.cc"]),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
SOURCE_FOLDERS = ("proto", "server", "client", "tests")


def read_includes(root):
    """{file: [what it includes]}, names relative to the root."""
    includes = {}
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                includes[str(path.relative_to(root))] = INCLUDE.findall(path.read_text(encoding="utf-8"))
    return includes


def owner(name):
    """The key of ALLOWED_FOLDERS that `name` belongs to, "proto" for generated code, None for third-party headers."""
    if re.match(LIBRARIES["Protobuf"][0], name) and not name.startswith("google/protobuf/"):
        return "proto"
    matches = [key for key in ALLOWED_FOLDERS
               if name == key or name.startswith(key + "/") or (key in FILE_GROUPS and name.startswith(key))]
    return max(matches, key=len, default=None)


def stands_in(name, places):
    """Whether a file is in one of the places: "folder/", a file, or a pattern whose * also matches slashes."""
    return any(fnmatch.fnmatchcase(name, place + "*" if place.endswith("/") else place) for place in places)


def is_torch(header):
    return re.match(LIBRARIES["LibTorch"][0], header) is not None


def folder_breaches(includes):
    for name, targets in includes.items():
        source = owner(name)
        for target in targets:
            folder = owner(target)
            if folder not in (None, source, *ALLOWED_FOLDERS[source]):
                yield f"{name} includes {target}: {source} may not depend on {folder}"


def library_breaches(includes):
    for name, targets in includes.items():
        for library, (pattern, places) in LIBRARIES.items():
            if stands_in(name, places):
                continue
            for target in targets:
                if re.match(pattern, target):
                    yield f"{name} includes {target}: {library} stays in {', '.join(places)}"


def torch_breaches(includes):
    places = LIBRARIES["LibTorch"][1]
    includers = collections.defaultdict(list)
    for name, targets in includes.items():
        for target in targets:
            includers[target].append(name)
    tainted = [name for name, targets in includes.items() if any(is_torch(target) for target in targets)]
    seen = set(tainted)
    while tainted:
        header = tainted.pop()
        for name in includers[header]:
            if not stands_in(name, places):
                yield f"{name} includes {header}, which includes LibTorch"
            if name not in seen:
                seen.add(name)
                tainted.append(name)


def find_breaches(root):
    includes = read_includes(root)
    if not includes:
        return [f"no sources in {root}"]
    return [*folder_breaches(includes), *library_breaches(includes), *torch_breaches(includes)]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    breaches = find_breaches(root)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
