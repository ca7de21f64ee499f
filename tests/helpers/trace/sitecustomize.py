"""Python runs this file at its start where its folder is on PYTHONPATH: jobs write which functions of the package ran.

Only scripts of Snakemake are traced. Each writes one JSON file into the folder that NEURORULES_TRACE names: its script,
the hash of its code as its rule was given it, and the functions, as [file below the package, qualified name].
"""

import atexit
import json
import os
import sys
import uuid


def trace(folder: str) -> None:
    optimized = 1  # CO_OPTIMIZED: a function; bodies of modules and classes are without
    seen: dict[object, None] = {}

    def called(frame, event, argument):  # type: ignore[no-untyped-def]
        if event == "call":
            seen.setdefault(frame.f_code)

    def write() -> None:
        sys.setprofile(None)
        main = sys.modules["__main__"]
        job = getattr(main, "snakemake", None)
        if job is None:
            return
        inside = f"{os.sep}neurorules{os.sep}"
        functions = {
            (code.co_filename.rpartition(inside)[2], code.co_qualname)
            for code in seen
            if inside in code.co_filename and code.co_flags & optimized
        }
        content = {
            "rule": job.rule,
            "wildcards": dict(job.wildcards.items()),
            "code": job.params.get("code"),
            "functions": sorted(functions),
        }
        with open(os.path.join(folder, f"{uuid.uuid4()}.json"), "w") as file:
            json.dump(content, file)

    atexit.register(write)
    sys.setprofile(called)


if "NEURORULES_TRACE" in os.environ and any(".snakemake" in word and "scripts" in word for word in sys.orig_argv):
    trace(os.environ["NEURORULES_TRACE"])
