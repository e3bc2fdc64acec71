"""What pyproject.toml cannot say: the extensions, which are built if they can be.

`WRITEHEAD_NATIVE=0` leaves them out; with `WRITEHEAD_NATIVE=1` it is an error if they cannot be built.
"""

import os

from setuptools import Extension, setup

WISH = os.environ.get("WRITEHEAD_NATIVE")
HERE = "src/writehead/_native"

setup(
    ext_modules=[
        Extension(
            f"writehead._native._{subject}",
            [f"{HERE}/{subject}.c"],
            depends=[f"{HERE}/{name}.h" for name in ("field_syntax", "chunks", "response_head")],
            extra_compile_args=["-O2"],
            optional=WISH != "1",  # without a compiler the twins in Python are used
        )
        for subject in ("heads", "fields")
        if WISH != "0"
    ]
)
