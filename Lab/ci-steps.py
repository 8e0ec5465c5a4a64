#!/usr/bin/env python3
"""Prints the shell of a job of examples/ci, as its runner would run it.

    ci-steps.py FILE JOB
"""
import sys

import yaml


def main():
    path, job = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    job = document.get("jobs", document)[job]
    steps = [step["run"] for step in job.get("steps", []) if "run" in step]
    print("\n".join(steps or job["script"]))


main()
