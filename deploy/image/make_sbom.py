#!/usr/bin/python3
"""Writes the list of what an image of ganserve is made of: a CycloneDX 1.6 file in JSON.

    make_sbom.py IMAGE      in the build stage, in the folder of the sources, after collect-libraries and build-programs

IMAGE/libraries and IMAGE/programs: what the image gets under /usr/local. IMAGE/headers.txt: the headers that were compiled in.
IMAGE/debian: dpkg's folder and the copyright files of the image. The result is
IMAGE/programs/usr/local/share/ganserve/sbom.cdx.json. Listed are

- the Debian packages of the image, and those whose headers were compiled into the executables (`ganserve:use`),
- the PyPI wheels that libraries or protos were taken from, with each of their files in the image and its SHA-256,
- the executables and the models inside them.

Nothing depends on when or where it is made: the same input gives the same bytes.
"""
import email.parser
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

SBOM = "usr/local/share/ganserve/sbom.cdx.json"
LIBRARIES = "usr/local/lib/ganserve"
PROTO_WHEEL = "googleapis-common-protos"  # no file of it is in the image: its protos are compiled into the executables
INSTALLED, COMPILED_IN = "installed", "compiled in"


def sha256(path):
    with open(path, "rb") as file:
        return [{"alg": "SHA-256", "content": hashlib.file_digest(file, "sha256").hexdigest()}]


def file_components(root, folder):
    """All files of ROOT/FOLDER, by their path in the image."""
    paths = sorted(path for path in (root / folder).rglob("*") if path.is_file())
    return [{"type": "file", "bom-ref": f"file:/{path.relative_to(root)}", "name": f"/{path.relative_to(root)}",
             "hashes": sha256(path)} for path in paths]


def licence_names(root, package):
    """The short names of a machine-readable copyright file (Debian's DEP-5); of others none."""
    path = root / "usr/share/doc" / package / "copyright"
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return sorted(set(re.findall(r"^License: *(\S.*?) *$", text, re.MULTILINE)))


def debian_component(fields, root, use):
    name, version = fields["Package"], fields["Version"]
    purl = f"pkg:deb/debian/{name}@{version}?arch={fields['Architecture']}&distro=debian-12".replace("+", "%2B")
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
                 "properties": [{"name": "ganserve:use", "value": use}]}
    licences = licence_names(root, name)
    if licences:
        component["licenses"] = [{"license": {"name": licence}} for licence in licences]
    return component


def installed_packages(root):
    """The paragraphs of dpkg's status file, by name."""
    text = (root / "var/lib/dpkg/status").read_text(encoding="utf-8")
    paragraphs = [email.parser.HeaderParser().parsestr(part) for part in text.split("\n\n") if part.strip()]
    return {fields["Package"]: fields for fields in paragraphs if fields["Status"].endswith(" installed")}


def owners_of(headers):
    """The names of the Debian packages that these headers of the build stage belong to."""
    # dpkg's exit code is 1 where a header is nobody's: LibTorch's and our own.
    lines = subprocess.run(["dpkg", "--search", *headers], check=False, capture_output=True, text=True).stdout.splitlines()
    return sorted({line.split(":")[0] for line in lines})


def pinned_hashes(requirements):
    """SHA-256 of the wheels, by "name==version"."""
    text = requirements.read_text(encoding="utf-8").replace("\\\n", " ")
    return dict(re.findall(r"^(\S+==\S+)\s+--hash=sha256:([0-9a-f]{64})", text, re.MULTILINE))


def wheel_component(info, files, pinned):
    fields = email.parser.HeaderParser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    name, version = fields["Name"], fields["Version"]
    purl = f"pkg:pypi/{name}@{version}"
    component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
                 "properties": [{"name": "ganserve:use", "value": INSTALLED if files else COMPILED_IN}]}
    if fields["License-Expression"]:
        component["licenses"] = [{"expression": fields["License-Expression"]}]
    elif fields["License"]:
        component["licenses"] = [{"license": {"name": fields["License"]}}]
    if f"{name}=={version}" in pinned:
        component["hashes"] = [{"alg": "SHA-256", "content": pinned[f"{name}=={version}"]}]
    if files:
        component["components"] = files
    return component


def wheel_components(deps, libraries, pinned):
    files = {file["name"].removeprefix(f"/{LIBRARIES}/"): file for file in file_components(libraries, LIBRARIES)}
    for info in sorted(deps.glob("*.dist-info")):
        record = {line.split(",")[0] for line in (info / "RECORD").read_text(encoding="utf-8").splitlines()}
        own = [files[name] for name in sorted(record & files.keys())]
        component = wheel_component(info, own, pinned)
        if own or component["name"] == PROTO_WHEEL:
            yield component


def compiled_in_models():
    """The default model's archive, whose folder is its version, and the extractor's."""
    archives = [*pathlib.Path("models").glob("*/*/model.pt"), *pathlib.Path("extractors").glob("*/extractor.pt")]
    if len(archives) != 2:
        raise SystemExit(f"make_sbom: a model and an extractor are compiled in, but the sources have {archives}")
    return archives


def model_component(path, version):
    return {"type": "machine-learning-model", "bom-ref": f"model:{path.parent}", "name": str(path.parent),
            "version": version, "hashes": sha256(path), "properties": [{"name": "ganserve:use", "value": COMPILED_IN}]}


def main():
    image = pathlib.Path(sys.argv[1])
    version = re.search(r"project\(ganserve VERSION (\S+)", pathlib.Path("CMakeLists.txt").read_text(encoding="utf-8"))[1]
    installed = installed_packages(image / "debian")
    headers = [line for line in (image / "headers.txt").read_text(encoding="utf-8").splitlines()
               if line.startswith("/usr/")]
    here = installed_packages(pathlib.Path("/"))
    components = [debian_component(fields, image / "debian", INSTALLED) for fields in installed.values()]
    components += [debian_component(here[name], pathlib.Path("/"), COMPILED_IN) for name in owners_of(headers)
                   if name not in installed]
    components += wheel_components(pathlib.Path(".deps"), image / "libraries",
                                   pinned_hashes(pathlib.Path("scripts/requirements.txt")))
    components += [model_component(path, version) for path in compiled_in_models()]
    programs = file_components(image / "programs", "usr/local/bin")
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": {"component": {"type": "application", "bom-ref": "ganserve", "name": "ganserve", "version": version,
                                       "components": programs}},
            "components": sorted(components, key=lambda component: component["bom-ref"])}
    path = image / "programs" / SBOM
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sbom, indent=1) + "\n", encoding="utf-8")
    os.utime(path, (0, 0))
    print(f"make_sbom: {len(components)} components, {len(programs)} executables")


if __name__ == "__main__":
    main()
