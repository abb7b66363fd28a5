#!/usr/bin/python3
"""Checks rendered manifests for what schemas and linters miss: that names, ports, options and times fit together.

    kubernetes_check.py --binaries DIR FILE...     DIR has ganserve, ganserve-trainer and ganctl; FILE: output of kubectl kustomize

Files are checked one by one; each must be complete, with the volumes and the namespace that it refers to. Exit code 1 and a
line each for faults.
"""
import argparse
import pathlib
import sys

import kubernetes_running_rules
import kubernetes_wiring_rules
from kubernetes_binaries import Binaries
from kubernetes_custom_kinds import FIELDS, custom_kind_faults
from kubernetes_objects import Manifests


def find_faults(text, binaries):
    manifests = Manifests(text)
    if not manifests.objects:
        return ["no objects"]
    faults = []
    for item in manifests.objects:
        if (item["apiVersion"], item["kind"]) in FIELDS:
            faults += custom_kind_faults(item)
    if faults:
        return faults  # the rules rely on the fields' types
    for rule in kubernetes_wiring_rules.RULES:
        faults += rule(manifests)
    for rule in kubernetes_running_rules.RULES:
        faults += rule(manifests, binaries)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--binaries", required=True, metavar="DIR")
    parser.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    binaries = Binaries(arguments.binaries)
    faults = 0
    for file in arguments.files:
        for fault in find_faults(file.read_text(encoding="utf-8"), binaries):
            print(f"{file.name}: {fault}")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
