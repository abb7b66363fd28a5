#!/usr/bin/python3
"""Holds the list of parts (SBOM) of an image against the image's file system.

    check_sbom.py ROOT [--sbom LIST] [--tools FOLDER] [--loaded FILE]

ROOT: the mounted image. LIST: by default the one in it. FOLDER: where PyPI's fastjsonschema and cyclonedx-python-lib (for
its schemas) are installed; without it the form of the list is not checked. FILE: paths that a running server has mapped, one
a line. As root, for it runs the image's own loader in ROOT. Prints each fault and exits with 1, unless

- the list is valid by the schema,
- it names exactly the installed Debian packages, in their versions,
- it names exactly the files under /usr/local/bin and /usr/local/lib, with their SHA-256,
- every shared library that the executables load belongs to a package or a wheel of the list.
"""
import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

SBOM = "usr/local/share/ganserve/sbom.cdx.json"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def all_components(component):
    for part in component.get("components", []):
        yield part
        yield from all_components(part)


def use_of(component):
    return {item["name"]: item["value"] for item in component.get("properties", [])}.get("ganserve:use")


def schema_faults(sbom, tools):
    sys.path.insert(0, str(tools))
    import fastjsonschema  # pylint: disable=import-outside-toplevel  # only here is it needed

    def load(uri):
        return json.loads((tools / "cyclonedx/schema/_res" / uri.rsplit("/", 1)[-1]).read_text(encoding="utf-8"))

    # The schema names others by URIs; they all lie in one folder.
    validate = fastjsonschema.compile(load("bom-1.6.SNAPSHOT.schema.json"), handlers={"http": load})
    try:
        validate(sbom)
    except fastjsonschema.JsonSchemaException as error:
        yield f"schema: {error.message[:300]}"


def dpkg_versions(root):
    query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n"]
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    return dict(line.split()[1:] for line in lines if line.startswith("installed "))


def package_faults(components, installed):
    listed = {part["name"]: part["version"] for part in components
              if part.get("purl", "").startswith("pkg:deb/") and use_of(part) == "installed"}
    for name in sorted(listed.keys() | installed.keys()):
        if listed.get(name) != installed.get(name):
            yield f"package {name}: version {listed.get(name)} in the list, {installed.get(name)} in the image"


def file_faults(components, root):
    listed = {part["name"]: part["hashes"][0]["content"] for part in components if part["type"] == "file"}
    present = {f"/{path.relative_to(root)}": path for folder in ("bin", "lib")
               for path in (root / "usr/local" / folder).rglob("*") if path.is_file()}
    for name in sorted(listed.keys() ^ present.keys()):
        yield f"{name}: only in the {'list' if name in listed else 'image'}"
    for name in sorted(listed.keys() & present.keys()):
        if hashlib.sha256(present[name].read_bytes()).hexdigest() != listed[name]:
            yield f"{name}: another SHA-256 than in the list"


def linked_libraries(root):
    """The paths that the image's loader finds for the executables; None where it finds nothing."""
    for program in sorted((root / "usr/local/bin").iterdir()):
        command = ["chroot", root, LOADER, "--list", f"/usr/local/bin/{program.name}"]
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            words = line.split()
            if "=>" in words:
                yield program.name, words[0], words[2] if words[2].startswith("/") else None


def resolved(root, path):
    """Where a path of the image leads, within the image."""
    target = subprocess.run(["chroot", root, "/usr/bin/realpath", path], check=True, capture_output=True, text=True)
    return target.stdout.rstrip("\n")


def owned_paths(root, components):
    """Every path that a Debian package or a component of the list accounts for. Debian's /lib is /usr/lib."""
    paths = {part["name"] for part in components if part["type"] == "file"}
    for file in (root / "var/lib/dpkg/info").glob("*.list"):
        for path in file.read_text(encoding="utf-8").splitlines():
            paths.add(f"/usr{path}" if path.startswith(("/lib/", "/lib64/", "/bin/", "/sbin/")) else path)
    return paths


def library_faults(components, root, loaded):
    owned = owned_paths(root, components)
    for program, name, path in linked_libraries(root):
        if path is None:
            yield f"{program}: {name}: not in the image"
        else:
            loaded.add(path)
    for path in sorted(loaded):
        if resolved(root, path) not in owned:
            yield f"{path}: loaded, but neither of a package nor of a wheel in the list"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--sbom", type=pathlib.Path)
    parser.add_argument("--tools", type=pathlib.Path)
    parser.add_argument("--loaded", type=pathlib.Path)
    arguments = parser.parse_args()
    root = arguments.root
    sbom = json.loads((arguments.sbom or root / SBOM).read_text(encoding="utf-8"))
    components = [*all_components(sbom), *all_components(sbom["metadata"]["component"])]
    installed = dpkg_versions(root)
    loaded = set(arguments.loaded.read_text(encoding="utf-8").split()) if arguments.loaded else set()
    faults = [*(schema_faults(sbom, arguments.tools) if arguments.tools else []), *package_faults(components, installed),
              *file_faults(components, root), *library_faults(components, root, loaded)]
    for fault in faults:
        print(f"check_sbom: {fault}", file=sys.stderr)
    files = sum(part["type"] == "file" for part in components)
    print(f"check_sbom: {len(components) - files} components, {files} files, {len(installed)} packages, "
          f"{len(loaded)} loaded libraries: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
